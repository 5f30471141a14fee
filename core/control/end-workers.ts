import type { SubtaskRecord } from '@tanker/contract/index.ts';
import type { Actor, Log, Subtasks } from '../ports.ts';

export interface EndWorkersPorts {
  readonly subtasks: Subtasks;
  readonly log: Log;
}

const isUnderWay = ({ state }: SubtaskRecord): boolean => state === 'dispatched' || state === 'running';

/**
 * Ends every subtask of the task's earlier epochs that is not settled. Its worker may still run, and asks its row right
 * before it makes an object visible in S3: from here on it is refused, so that what a recovery discards stays gone. Its
 * calls to a provider are fenced by the epoch. May be called twice.
 */
export async function endWorkers(ports: EndWorkersPorts, actor: Actor): Promise<void> {
  const { task } = actor;
  const subtasks = [...(await ports.subtasks.describes(task)), ...(await ports.subtasks.list(task))];
  const left = subtasks.filter((subtask) => subtask.epoch < actor.epoch && isUnderWay(subtask));
  if (left.length === 0) return;
  const cause = `A recovery has taken task "${task}" over under epoch ${actor.epoch}. Nobody waits for this worker any more, and its result is not used. Nothing has to be done: the recovery ends the task.`;
  await Promise.all(left.map((subtask) => ports.subtasks.end(subtask, 'TaskClosed', cause)));
  await ports.log.write({
    task,
    phase: 'decide',
    by: actor.holder,
    epoch: actor.epoch,
    what: `${left.length} worker(s) of earlier epochs have no subtask any more`,
  });
}
