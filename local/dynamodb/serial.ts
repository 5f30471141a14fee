/** Runs work in turns: what holds a name waits for everything that asked for that name before. */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Runs `work` once all names are free; asking for all at once keeps two callers from waiting for each other. */
  async take<Result>(names: readonly string[], work: () => Promise<Result>): Promise<Result> {
    const before = [...new Set(names)].map((name) => this.#last.get(name));
    const turn = Promise.all(before).then(work);
    // A failure belongs to the caller; the next in turn only waits for the end.
    const end = turn.catch(() => undefined);
    for (const name of names) this.#last.set(name, end);
    try {
      return await turn;
    } finally {
      for (const name of names) if (this.#last.get(name) === end) this.#last.delete(name);
    }
  }
}
