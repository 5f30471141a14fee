import { type Child, type ChildOptions, startChild } from './child.ts';

/** The processes of one world, which all follow one clock. */
export class Processes {
  readonly #children: Pick<Child<unknown>, 'followClock'>[] = [];
  #clockOffsetMs = 0;

  async start<Ready>(options: Omit<ChildOptions, 'clockOffsetMs'>): Promise<Child<Ready>> {
    const child = await startChild<Ready>({ ...options, clockOffsetMs: this.#clockOffsetMs });
    this.#children.push(child);
    return child;
  }

  /** Lets the dates of all of them, and of those that start later, be so far ahead of the machine's. */
  async followClock(offsetMs: number): Promise<void> {
    this.#clockOffsetMs = offsetMs;
    await Promise.all(this.#children.map((child) => child.followClock(offsetMs)));
  }
}
