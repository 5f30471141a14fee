import {
  formatLocation,
  type Plan,
  TankerError,
  type TransferWork,
  WORKER_START_SECONDS,
  type WorkerRecord,
} from '@tanker/contract/index.ts';
import type { Actor, Functions, Workers } from '../ports.ts';
import { AHEAD, fargateSubtasks, isWaiting, sameSubtask, transferWork } from './transfer-work.ts';

export interface StartWorkersPorts {
  readonly workers: Workers;
  readonly functions: Functions;
  readonly now: () => Date;
}

/**
 * Starts the Fargate worker of each transfer that will need one, unless it was started before, and answers how many
 * don't wait for their subtask yet. To be called again until none is left. May be called twice.
 *
 * @throws WorkerNotStarted when a worker could not be started, has stopped, or does not come up in its time
 */
export async function startWorkers(ports: StartWorkersPorts, actor: Actor, plan: Plan): Promise<number> {
  const needed = fargateSubtasks(plan);
  if (needed.length === 0) return 0;
  const known = (await ports.workers.list(actor.task)).filter(({ epoch }) => epoch === actor.epoch);
  let starting = 0;
  const missing: TransferWork[] = [];
  for (const subtask of needed) {
    const work = transferWork(actor, subtask, AHEAD);
    const worker = known.find((one) => sameSubtask(one, subtask));
    if (!worker) missing.push(work);
    else expectComing(worker, ports.now());
    if (!isWaiting(worker, ports.now())) starting += 1;
  }
  if (missing.length > 0) {
    await ports.functions.startWorkers(missing);
    await Promise.all(missing.map((work) => ports.workers.launched(work)));
  }
  return starting;
}

function expectComing(worker: WorkerRecord, now: Date): void {
  const named = `The Fargate worker for the ${worker.action} of ${worker.provider} at ${formatLocation(worker.location)}`;
  if (worker.state === 'stopped')
    throw notStarted(`${named} stopped: ${worker.stopped ?? 'no reason given'}.`);
  const age = (now.getTime() - Date.parse(worker.launchedAt)) / 1000;
  if (isWaiting(worker, now) || age <= WORKER_START_SECONDS) return;
  throw notStarted(`${named} was started ${Math.floor(age)} s ago and does not wait for its work.`);
}

const notStarted = (what: string): TankerError =>
  new TankerError('WorkerNotStarted', {
    what,
    now: 'No traffic was locked.',
    next: "Look at the transfer task's log and its stopped tasks in ECS, then start the task again under a new id.",
  });
