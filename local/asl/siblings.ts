import { SiblingFailed } from './errors.ts';
import type { Thread } from './thread.ts';

/**
 * Runs lines of control side by side. The first failure stops the others, which record that they were aborted;
 * when all have ended, it is thrown.
 */
export async function together(
  thread: Thread,
  lines: readonly ((signal: AbortSignal) => Promise<void>)[],
): Promise<void> {
  const stop = new AbortController();
  const follow = (): void => stop.abort(thread.signal.reason);
  thread.signal.addEventListener('abort', follow);
  const failures: unknown[] = [];
  await Promise.all(
    lines.map((line) =>
      line(stop.signal).catch((error: unknown) => {
        failures.push(error);
        stop.abort(new SiblingFailed());
      }),
    ),
  );
  thread.signal.removeEventListener('abort', follow);
  thread.signal.throwIfAborted();
  if (failures.length > 0) throw failures[0];
}
