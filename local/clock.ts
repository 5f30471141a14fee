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
