import type { Clock } from '../../local/clock.ts';

/** A clock that stands still until a test moves it. */
export interface TestClock extends Clock {
  /** Moves on and fires what has become due, in order. */
  advance(milliseconds: number): void;
  /** Delays of the timers that wait. */
  waits(): readonly number[];
}

export function testClock(start = Date.UTC(2026, 0, 1)): TestClock {
  let now = start;
  const timers = new Set<{ due: number; fire: () => void }>();
  return {
    now: () => now,
    after(milliseconds, fire) {
      const timer = { due: now + milliseconds, fire };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    advance(milliseconds) {
      const end = now + milliseconds;
      for (;;) {
        const [next] = [...timers].filter((timer) => timer.due <= end).sort((a, b) => a.due - b.due);
        if (!next) break;
        timers.delete(next);
        now = next.due;
        next.fire();
      }
      now = end;
    },
    waits: () => [...timers].map((timer) => timer.due - now),
  };
}
