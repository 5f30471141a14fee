import type { Clock } from '../../clock.ts';

interface Timer {
  readonly due: number;
  readonly fire: () => void;
}

/** Time that stands still until everything waits for it, and then jumps to the next timer. */
export class VirtualClock implements Clock {
  #now: number;
  readonly #timers = new Set<Timer>();

  constructor(startMs: number) {
    this.#now = startMs;
  }

  now(): number {
    return this.#now;
  }

  after(milliseconds: number, fire: () => void): () => void {
    const timer = { due: this.#now + milliseconds, fire };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Timers that would still fire. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Lets everything run that needs no time, jumping over the waits, until `finished` or until nothing is left to happen. */
  async runUntil(finished: () => boolean): Promise<void> {
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      if (finished() || !this.fireNext()) return;
    }
  }

  /** Jumps to the earliest timer and fires it; false without timers. */
  fireNext(): boolean {
    const [next] = [...this.#timers].sort((a, b) => a.due - b.due);
    if (next === undefined) return false;
    this.#timers.delete(next);
    this.#now = Math.max(this.#now, next.due);
    next.fire();
    return true;
  }
}
