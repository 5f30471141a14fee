import {
  HEARTBEAT_INTERVAL_SECONDS,
  type TransferWork,
  WORKER_START_SECONDS,
} from '@tanker/contract/index.ts';
import type { TaskToken, WorkerRow } from '../ports.ts';
import type { Clock } from './clock.ts';

export interface LaunchPorts {
  /** Starts the Fargate task and answers its ARN. The same work twice starts one. @throws WorkerNotStarted */
  run(work: TransferWork): Promise<string>;
  readonly row: Pick<WorkerRow, 'subtask'>;
  readonly clock: Clock;
}

/**
 * Starts the Fargate worker of a dispatched subtask. The state machine waits for a heartbeat that a starting task can't
 * give: it is given here, until the worker has the subtask, somebody else has it, the token is settled, or the start has
 * taken too long.
 */
export async function launch(ports: LaunchPorts, work: TransferWork, token: TaskToken): Promise<string> {
  const { row, clock } = ports;
  const arn = await ports.run(work);
  const until = clock.now().getTime() + WORKER_START_SECONDS * 1000;
  while (clock.now().getTime() < until) {
    const subtask = await row.subtask();
    if (subtask?.state !== 'dispatched' || subtask.order?.worker !== work.worker) break;
    if ((await token.heartbeat()) === 'settled') break;
    await clock.sleep(HEARTBEAT_INTERVAL_SECONDS * 1000);
  }
  return arn;
}
