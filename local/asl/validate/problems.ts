/** A definition that can't become a state machine. The message names every place. */
export class DefinitionInvalid extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`Invalid State Machine Definition: ${problems.join('; ')}`);
    this.name = 'DefinitionInvalid';
    this.problems = problems;
  }
}

/** Where one stands in a definition, and the list that problems are put on. */
export class Place {
  readonly path: string;
  readonly #problems: string[];

  constructor(path: string, problems: string[]) {
    this.path = path;
    this.#problems = problems;
  }

  /** The place of a member or, for a number, of an element. */
  at(key: string | number): Place {
    return new Place(
      typeof key === 'number' ? `${this.path}[${key}]` : `${this.path}/${key}`,
      this.#problems,
    );
  }

  problem(words: string): void {
    this.#problems.push(`${this.path || '/'}: ${words}`);
  }
}

/** The candidate that differs least from a word, if it is near enough to be meant. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
