import {
  formatLocation,
  type Plan,
  STARTS_A_CALL,
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
 * No round of starts begins after this time: it may last 10 s (INVOKE_TIMEOUT_MS), and the function has 27
 * (CONTROL_FUNCTION_SECONDS). A hundred workers in each datacenter are ten rounds of about a second.
 */
const BEGIN_SECONDS = 12;

/**
 * Starts the Fargate worker of each transfer that will need one, unless it was started before, and answers how many
 * don't wait for their subtask yet. To be called again until none is left: what was started is noted after each round, and
 * what the time did not suffice for is started by the next call. May be called twice.
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
  await startInRounds(ports, missing);
  return starting;
}

async function startInRounds(
  { functions, workers, now }: StartWorkersPorts,
  missing: readonly TransferWork[],
) {
  const end = now().getTime() + BEGIN_SECONDS * 1000;
  for (const round of rounds(missing)) {
    if (now().getTime() >= end) return;
    await functions.startWorkers(round);
    await Promise.all(round.map((work) => workers.launched(work)));
  }
}

/** At most STARTS_A_CALL of each datacenter at a time: datacenters start side by side, one of them has one rate. */
function rounds(works: readonly TransferWork[]): TransferWork[][] {
  const datacenters = [...Map.groupBy(works, ({ location }) => location.datacenter).values()];
  const count = Math.ceil(Math.max(0, ...datacenters.map(({ length }) => length)) / STARTS_A_CALL);
  return Array.from({ length: count }, (_, index) =>
    datacenters.flatMap((own) => own.slice(index * STARTS_A_CALL, (index + 1) * STARTS_A_CALL)),
  );
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
