import { randomBytes } from 'node:crypto';
import { Logger } from '@aws-lambda-powertools/logger';
import {
  LEASE_MARGIN_SECONDS,
  MAX_LOCK_SECONDS,
  TRANSFER_WORK_VARIABLE,
  TransferTaskEnvironment,
  TransferWork,
  WORKER_START_SECONDS,
} from '@tanker/contract/index.ts';
import { awaitSubtask } from '../../core/agent/await-subtask.ts';
import type { EventOf, Procedure } from '../../core/agent/procedure.ts';
import { runWorker } from '../../core/agent/worker.ts';
import { agentPorts, agentWorker, clock } from './agent-worker.ts';
import { recordTable } from './dynamo-record.ts';
import { dynamoWorkerRow } from './dynamo-worker-row.ts';
import { readEnvironment } from './environment.ts';
import { errorFields } from './error-fields.ts';
import { parseEvent } from './parse-event.ts';
import { loadTopology } from './topology.ts';

export interface Transfers {
  readonly export: Procedure<'export'>;
  readonly import: Procedure<'import'>;
}

/** No state waits for a worker longer than the longest lock lasts; the lease ends the lock at the latest. */
const LONGEST_WORK_SECONDS = MAX_LOCK_SECONDS + LEASE_MARGIN_SECONDS;

/**
 * The longest wait that can make sense: the other workers of the task start, then the lock lasts at most its budget,
 * and an import may be the last thing in it.
 */
const LONGEST_WAIT_SECONDS = WORKER_START_SECONDS + LONGEST_WORK_SECONDS;

/**
 * What a Fargate task does, once: it waits for the subtask it was started for, works on it as a function would, and
 * settles it. Answers how it ended.
 *
 * @throws whatever keeps it from waiting or from settling; the task then ends with a failure, which is reported
 */
export async function runTransferWork(transfers: Transfers): Promise<string> {
  const logger = new Logger();
  try {
    readEnvironment(TransferTaskEnvironment);
    const work = parseEvent(TransferWork, JSON.parse(process.env[TRANSFER_WORK_VARIABLE] ?? 'null'));
    const worker = `${work.worker}-${randomBytes(4).toString('hex')}`;
    const { holder: _, worker: __, ...who } = work;
    logger.appendKeys({ ...who, worker });
    const end = await transfer(transfers, work, worker, logger);
    logger.info('The worker ended.', { end });
    return end;
  } catch (error) {
    logger.error('The task failed.', errorFields(error));
    throw error;
  }
}

async function transfer(
  transfers: Transfers,
  work: TransferWork,
  worker: string,
  logger: Logger,
): Promise<string> {
  const topology = loadTopology();
  const row = dynamoWorkerRow({
    table: recordTable(topology),
    work,
    recordDays: topology.retention.recordDays,
  });
  const event = await awaitSubtask({
    work,
    row,
    clock,
    longestSeconds: LONGEST_WAIT_SECONDS,
    // A network without a way to the provider, or a secret that is not there, shows before the lock and not in it.
    check: async () => void (await agentPorts(topology, work).provider.describe()),
    log: (message) => logger.info(message),
  });
  if (!event) return 'nothing to do';
  logger.appendKeys({ attempt: event.attempt });
  // Beside the work: whoever reads it only learns whom not to count on.
  const noted = row.taken().catch((error: unknown) => logger.error('Not noted.', errorFields(error)));
  const run = { worker, remainingMilliseconds: LONGEST_WORK_SECONDS * 1000, logger };
  const end =
    event.action === 'export'
      ? await runWorker(agentWorker(topology, event as EventOf<'export'>, run), transfers.export)
      : await runWorker(agentWorker(topology, event as EventOf<'import'>, run), transfers.import);
  await noted;
  return end;
}
