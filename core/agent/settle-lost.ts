import type { TankerError } from '@tanker/contract/index.ts';
import type { LostSubtask, TaskToken } from '../ports.ts';

export interface LostPorts {
  readonly subtask: LostSubtask;
  readonly token: Pick<TaskToken, 'fail'>;
  /** Tells an error to the log, in whatever form keeps customer data out of it. */
  logError(message: string, error: unknown): void;
}

/**
 * A worker is gone without having settled its subtask: the row first, which people and reports read, then the token. A
 * row that can't be reached keeps nobody waiting. May be called twice.
 */
export async function settleLost(
  { subtask, token, logError }: LostPorts,
  failure: TankerError,
): Promise<void> {
  try {
    await subtask.fail(failure.name, failure.message);
  } catch (error) {
    logError('The failure was not recorded on the subtask.', error);
  }
  await token.fail(failure.name, failure.message);
}
