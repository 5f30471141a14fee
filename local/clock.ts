/** Time as the embedded cloud sees it. Timers are real time unless the clock is a virtual one. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls `fire` once after `milliseconds`; the answer cancels it. */
  after(milliseconds: number, fire: () => void): () => void;
}

/** Longest delay that setTimeout takes; a longer one would fire at once. Source: Node's documentation of timers. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(milliseconds, fire) {
    const timer = setTimeout(fire, Math.min(Math.max(0, milliseconds), LONGEST_TIMER_MS));
    return () => clearTimeout(timer);
  },
};
/** A clock that can be set ahead of the one that it follows; it never goes back, and its timers stay the other's. */
export interface JumpingClock extends Clock {
  /** Only dates move; who waits for a timer waits as long as before. */
  advance(milliseconds: number): void;
}

export function createJumpingClock(base: Clock): JumpingClock {
  let offsetMs = 0;
  return {
    now: () => base.now() + offsetMs,
    after: base.after,
    advance(milliseconds) {
      offsetMs += milliseconds;
    },
  };
}
