import type { TaskRecord } from '@tanker/contract/index.ts';
import { followTask } from '@tanker/sdk/follow-task.ts';
import { ProgressLines } from '@tanker/sdk/task-progress.ts';
import type { Stage } from '../stage.ts';

/** Ten looks a second; the table answers in a millisecond. */
const LOOK_EVERY_MS = 100;

/** The longest a task of the demo may take, recoveries and retries included; beyond it something hangs. */
const PATIENCE_MS = 300_000;

/**
 * Shows a task live until it is closed.
 *
 * @param onLook hears of the record at each look
 */
export async function watchTask(
  stage: Stage,
  id: string,
  onLook: (record: TaskRecord) => void | Promise<void> = () => {},
): Promise<TaskRecord> {
  const lines = new ProgressLines(process.stdout);
  const signal = AbortSignal.timeout(PATIENCE_MS);
  let last: TaskRecord | undefined;
  try {
    for await (const look of followTask(stage.rows, id, { everyMilliseconds: LOOK_EVERY_MS, signal })) {
      lines.show(look);
      await onLook(look.task);
      last = look.task;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  if (last?.state === 'closed') return last;
  throw new Error(
    `Task ${id} is still open after ${PATIENCE_MS / 1000} s. Its records and the functions' logs are in ${stage.directory}; nothing was cleaned up.`,
  );
}
