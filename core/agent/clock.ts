/** The worker's time, so that tests need none. */
export interface Clock {
  now(): Date;
  /** Resolves after the time; rejects with the signal's reason when it is aborted first. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}
