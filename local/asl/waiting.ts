import type { Clock } from '../clock.ts';

/**
 * Rings once after `delayMs`, however long that is (a clock's own timer may be shorter than asked for).
 * The answer cancels it.
 */
export function alarm(clock: Clock, delayMs: number, ring: () => void): () => void {
  const due = clock.now() + delayMs;
  const arm = (): void => {
    const rest = due - clock.now();
    if (rest <= 0) ring();
    else cancel = clock.after(rest, arm);
  };
  let cancel = clock.after(Math.max(0, delayMs), arm);
  return () => cancel();
}

/** Waits, and leaves no timer when the signal ends the wait. @throws the signal's reason */
export function sleep(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return orAborted((resolve) => alarm(clock, delayMs, resolve), signal);
}

/**
 * A promise that the signal can end. `begin` gets resolve and reject and answers how to clean up,
 * which happens exactly once, whichever way it ends. @throws the signal's reason
 */
export function orAborted<T>(
  begin: (resolve: (value: T) => void, reject: (error: unknown) => void) => () => void,
  signal: AbortSignal,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    let cleanUp = (): void => {};
    const end = (): void => {
      signal.removeEventListener('abort', onAbort);
      cleanUp();
    };
    const onAbort = (): void => {
      end();
      reject(signal.reason);
    };
    signal.addEventListener('abort', onAbort);
    cleanUp = begin(
      (value) => {
        end();
        resolve(value);
      },
      (error) => {
        end();
        reject(error);
      },
    );
  });
}
