import type { Retrier } from './definition.ts';
import type { StateFailure } from './errors.ts';

/** Defaults of a Retry entry. Source: Amazon States Language, Retrying after error. */
const DEFAULTS = { IntervalSeconds: 1, MaxAttempts: 3, BackoffRate: 2 };

/**
 * Whether an ErrorEquals list takes the failure. `States.ALL` takes everything but `States.Runtime`; that it takes
 * `States.DataLimitExceeded` too is recorded against the documentation's word. `States.TaskFailed` takes
 * everything but a timeout.
 */
export function matches(errorEquals: readonly string[], failure: StateFailure): boolean {
  if (failure.error === 'States.Runtime') return false;
  return errorEquals.some(
    (name) =>
      name === 'States.ALL' ||
      name === failure.error ||
      (name === 'States.TaskFailed' && failure.error !== 'States.Timeout'),
  );
}

/** Counts the retries of one visit to a state: each retrier has a count of its own, the first that matches decides. */
export class RetryCounts {
  readonly #retriers: readonly Retrier[];
  readonly #random: () => number;
  readonly #used: number[];
  /** Retries so far, by all retriers: `$states.context.State.RetryCount`. */
  total = 0;

  constructor(retriers: readonly Retrier[], random: () => number) {
    this.#retriers = retriers;
    this.#random = random;
    this.#used = retriers.map(() => 0);
  }

  /** Milliseconds until the next attempt, or undefined when there is none left. */
  next(failure: StateFailure): number | undefined {
    const index = this.#retriers.findIndex((retrier) => matches(retrier.ErrorEquals, failure));
    const retrier = this.#retriers[index];
    const used = this.#used[index];
    if (retrier === undefined || used === undefined) return undefined;
    if (used >= (retrier.MaxAttempts ?? DEFAULTS.MaxAttempts)) return undefined;
    this.#used[index] = used + 1;
    this.total += 1;
    const delay = backoffSeconds(retrier, used) * 1000;
    return retrier.JitterStrategy === 'FULL' ? delay * this.#random() : delay;
  }
}

/** Seconds before the retry that `used` retries of this retrier came before, jitter apart. */
export function backoffSeconds(retrier: Retrier, used: number): number {
  const interval = retrier.IntervalSeconds ?? DEFAULTS.IntervalSeconds;
  const seconds = interval * (retrier.BackoffRate ?? DEFAULTS.BackoffRate) ** used;
  return Math.min(seconds, retrier.MaxDelaySeconds ?? Number.POSITIVE_INFINITY);
}
