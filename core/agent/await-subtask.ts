import {
  AgentEvent,
  type SubtaskRecord,
  type TransferWork,
  WORKER_BEAT_SECONDS,
} from '@tanker/contract/index.ts';
import type { WorkerRow } from '../ports.ts';
import type { Clock } from './clock.ts';

/** Half of it is what a look adds to the lock window on average; two reads a second for minutes cost next to nothing. */
export const POLL_MILLISECONDS = 500;

export interface Waiting {
  readonly work: TransferWork;
  readonly row: WorkerRow;
  readonly clock: Clock;
  /** After this long without a subtask the worker gives up. */
  readonly longestSeconds: number;
  /** Whatever would otherwise fail in the lock window only: asked once, before the worker says that it waits. */
  check(): Promise<void>;
  log(message: string): void;
}

/**
 * Waits until dispatch has written the subtask, and answers it as the event that a function would have got. Undefined:
 * there is nothing to do here, because another worker has the subtask, the task has ended or was taken over, or nobody
 * dispatched in time. Epoch and holder are those the worker was started with; the attempt is read here, once, and is the
 * worker's from then on.
 */
export async function awaitSubtask(waiting: Waiting): Promise<AgentEvent | undefined> {
  const { row, clock, work, log } = waiting;
  const began = clock.now().getTime();
  let beatAt = Number.NEGATIVE_INFINITY;
  for (;;) {
    const subtask = await row.subtask();
    if (subtask) return take(subtask, work, log);
    const now = clock.now().getTime();
    if (now - began > waiting.longestSeconds * 1000) {
      log('Nobody has dispatched the subtask in time; this worker gives up.');
      return undefined;
    }
    if (now - beatAt >= WORKER_BEAT_SECONDS * 1000) {
      if (!(await row.isTaskOpen())) {
        log('The task has ended or was taken over; this worker ends.');
        return undefined;
      }
      if (beatAt === Number.NEGATIVE_INFINITY) await waiting.check();
      await row.waiting();
      beatAt = now;
    }
    await clock.sleep(POLL_MILLISECONDS);
  }
}

function take(subtask: SubtaskRecord, work: TransferWork, log: Waiting['log']): AgentEvent | undefined {
  const { order, token, attempt } = subtask;
  const ours = order?.holder === work.holder && subtask.company === work.company;
  if (subtask.state !== 'dispatched' || !ours || token === undefined) {
    log('Another worker has the subtask; this one ends.');
    return undefined;
  }
  const { worker: _, ...who } = work;
  const { worker: __, ...what } = order;
  return AgentEvent.parse({ ...who, ...what, attempt, token });
}
