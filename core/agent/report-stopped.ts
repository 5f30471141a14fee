import type { StoppedTaskEvent, SubtaskRecord, TransferWork } from '@tanker/contract/index.ts';
import type { WorkerRow } from '../ports.ts';
import { type LostPorts, settleLost } from './settle-lost.ts';
import { taskStopped } from './worker-failures.ts';

export interface ReportPorts {
  readonly row: Pick<WorkerRow, 'subtask' | 'stopped'>;
  /** Of the subtask that has this token. */
  lost(token: string): LostPorts;
}

/**
 * A Fargate task has stopped: nobody may count on it, and if the subtask was its to settle and is not settled, row and
 * token are failed, so that nobody waits for the heartbeat to be missed. Tells too when no code of ours ran: an image that can't
 * be pulled, no capacity. May be called twice.
 */
export async function reportStopped(
  ports: ReportPorts,
  work: TransferWork,
  how: string,
): Promise<'failed' | 'nothing to settle'> {
  await ports.row.stopped(how);
  const subtask = await ports.row.subtask();
  if (!subtask?.token || !isOf(work, subtask)) return 'nothing to settle';
  await settleLost(ports.lost(subtask.token), taskStopped(work, how));
  return 'failed';
}

/** Whether this worker had the subtask, or is the one that was expected to take it. */
function isOf(work: TransferWork, subtask: SubtaskRecord): boolean {
  if (subtask.state === 'dispatched') return subtask.order?.worker === work.worker;
  return subtask.state === 'running' && subtask.worker.startsWith(work.worker);
}

/** Longest text of ECS that is passed on: causes are cut at 400 characters anyway. */
const LONGEST_REASON = 200;

/** Why a task stopped, in ECS's words: of the task, and of its container where that says more. */
export function howItStopped({ detail }: StoppedTaskEvent): string {
  const [container] = detail.containers;
  const words = [
    detail.stopCode,
    detail.stoppedReason,
    container?.reason,
    container?.exitCode === undefined ? undefined : `exit code ${container.exitCode}`,
  ];
  return words
    .filter((word) => word !== undefined && word !== '')
    .join(', ')
    .slice(0, LONGEST_REASON);
}
