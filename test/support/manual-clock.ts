import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../core/agent/clock.ts';

interface Sleeper {
  readonly until: number;
  wake(): void;
}

/** A clock that stands still until it is advanced. */
export class ManualClock implements Clock {
  #now = Date.parse('2026-03-10T09:30:00.000Z');
  #sleepers: Sleeper[] = [];
  /** Every time that was slept for, in milliseconds. */
  readonly slept: number[] = [];

  now(): Date {
    return new Date(this.#now);
  }

  sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    this.slept.push(milliseconds);
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const sleeper = { until: this.#now + milliseconds, wake: resolve };
      this.#sleepers.push(sleeper);
      signal?.addEventListener('abort', () => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
        reject(signal.reason);
      });
    });
  }

  /** Wakes who is due, after everything that is under way has come to rest. */
  async advance(milliseconds: number): Promise<void> {
    await rest();
    this.#now += milliseconds;
    const due = this.#sleepers.filter(({ until }) => until <= this.#now);
    this.#sleepers = this.#sleepers.filter(({ until }) => until > this.#now);
    for (const { wake } of due) wake();
    await rest();
  }
}

/** Wakes sleepers at once, when their time has passed: for procedures that poll. */
export class HastyClock extends ManualClock {
  #passed = 0;

  override now(): Date {
    return new Date(super.now().getTime() + this.#passed);
  }

  override sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    this.slept.push(milliseconds);
    this.#passed += milliseconds;
    return signal?.aborted ? Promise.reject(signal.reason) : Promise.resolve();
  }
}

/** Turns of the event loop in which pending promises and streams go on. */
export async function rest(turns = 20): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await setImmediate();
}
