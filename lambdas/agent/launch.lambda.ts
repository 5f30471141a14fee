import { LaunchEnvironment, LaunchEvent, type TransferWork } from '@tanker/contract/index.ts';
import { launch } from '../../core/agent/launch.ts';
import { several } from '../../core/transfer/several.ts';
import { clock } from '../runtime/agent-worker.ts';
import { ecsClient } from '../runtime/clients/ecs.ts';
import { statesClient } from '../runtime/clients/step-functions.ts';
import { recordTable } from '../runtime/dynamo-record.ts';
import { dynamoWorkerRow } from '../runtime/dynamo-worker-row.ts';
import { runTransferTask } from '../runtime/ecs-transfer-tasks.ts';
import { readEnvironment } from '../runtime/environment.ts';
import { controlHandler } from '../runtime/middleware.ts';
import { stepFunctionsToken } from '../runtime/step-functions-token.ts';
import { datacenterOf, loadTopology } from '../runtime/topology.ts';

/** A start takes about 0.2 s: four side by side are RunTask's 20 a second. */
const STARTS_AT_ONCE = 4;

const run = (work: TransferWork): Promise<string> => {
  const environment = readEnvironment(LaunchEnvironment);
  const topology = loadTopology();
  const { region } = datacenterOf(topology, environment.DATACENTER);
  return runTransferTask(ecsClient(region), topology, environment, work);
};

/** Starts Fargate tasks: some ahead of their subtasks, or the one of a subtask that is dispatched. */
export const handler = controlHandler(LaunchEvent, async (event, { logger }) => {
  if ('works' in event) {
    logger.appendKeys({ task: event.works[0]?.task });
    const taskArns = await several(event.works, STARTS_AT_ONCE, new AbortController().signal, run);
    logger.info('Fargate tasks were started ahead of their subtasks.', { taskArns });
    return { taskArns };
  }
  const { work, token } = event;
  const { task, phase, epoch, action, provider, location } = work;
  logger.appendKeys({ task, phase, epoch, action, provider, location });
  const topology = loadTopology();
  const row = dynamoWorkerRow({
    table: recordTable(topology),
    work,
    recordDays: topology.retention.recordDays,
  });
  const held = stepFunctionsToken(statesClient(topology.controlRegion), token);
  const taskArn = await launch({ run, row, clock }, work, held);
  logger.info('The Fargate task was started.', { taskArn });
  return { taskArns: [taskArn] };
});
