import {
  formatLocation,
  INPUTS,
  type Location,
  type Plan,
  type SubtaskRecord,
  type SubtaskResult,
  TankerError,
  type TaskRecord,
} from '@tanker/contract/index.ts';
import type { Actor, OpenTaskRecord, Tasks } from '../ports.ts';

type ResultOf<A extends SubtaskResult['action']> = Extract<SubtaskResult, { action: A }>;

/** A task that has its plan and is held by the one who asks. */
export type HeldRecord = OpenTaskRecord & { readonly plan: Plan };

export const taskClosed = (task: string): TankerError =>
  new TankerError('TaskClosed', {
    what: `Task "${task}" has ended, or another execution has taken it over.`,
    now: 'This execution may change nothing any more.',
    next: "Look at the task's record and log; the execution that holds it is named there.",
  });

/** Task records are forgotten after some time, what a task has left of a company only later, or never. */
export const backupIdTaken = (company: string, task: string): TankerError =>
  new TankerError('TaskIdTaken', {
    what: `An earlier task "${task}" has left a backup or a removal of company "${company}" on record.`,
    now: 'Nothing was committed, and what that task left is as it was.',
    next: 'Start again under a task id that was never used.',
  });

/** Whether people have said of a cleanup that what was written since the move goes with the copy. */
export const acceptsChanges = ({ operation, input }: Pick<TaskRecord, 'operation' | 'input'>): boolean =>
  operation === 'cleanup' && INPUTS.cleanup.parse(input).acceptChanges === true;

/** The task's record while this actor holds it. Throws TaskClosed. */
export async function heldTask(tasks: Tasks, actor: Actor): Promise<HeldRecord> {
  const record = await tasks.get(actor.task);
  if (
    record?.state !== 'open' ||
    record.epoch !== actor.epoch ||
    record.holder !== actor.holder ||
    !record.plan
  ) {
    throw taskClosed(actor.task);
  }
  return record as HeldRecord;
}

/** The result of one succeeded subtask, or undefined. */
export function resultOf<A extends SubtaskResult['action']>(
  subtasks: readonly SubtaskRecord[],
  at: { epoch: number; phase: string; action: A; provider: string; location: Location },
): ResultOf<A> | undefined {
  const record = subtasks.find(
    (candidate) =>
      candidate.epoch === at.epoch &&
      candidate.phase === at.phase &&
      candidate.action === at.action &&
      candidate.provider === at.provider &&
      formatLocation(candidate.location) === formatLocation(at.location),
  );
  return record?.state === 'succeeded' ? (record.result as ResultOf<A>) : undefined;
}
