import {
  StoppedTaskEvent,
  TRANSFER_CONTAINER,
  TRANSFER_WORK_VARIABLE,
  TransferWork,
} from '@tanker/contract/index.ts';
import { howItStopped, reportStopped } from '../../core/agent/report-stopped.ts';
import { statesClient } from '../runtime/clients/step-functions.ts';
import { dynamoLostSubtask } from '../runtime/dynamo-lost-subtask.ts';
import { recordTable } from '../runtime/dynamo-record.ts';
import { dynamoWorkerRow } from '../runtime/dynamo-worker-row.ts';
import { errorFields } from '../runtime/error-fields.ts';
import { controlHandler } from '../runtime/middleware.ts';
import { parseEvent } from '../runtime/parse-event.ts';
import { stepFunctionsToken } from '../runtime/step-functions-token.ts';
import { loadTopology } from '../runtime/topology.ts';

/** The work that the task was started with, as its run's overrides say. */
function workOf({ detail }: StoppedTaskEvent): TransferWork {
  const container = detail.overrides.containerOverrides.find(({ name }) => name === TRANSFER_CONTAINER);
  const variable = container?.environment?.find(({ name }) => name === TRANSFER_WORK_VARIABLE);
  return parseEvent(TransferWork, JSON.parse(variable?.value ?? 'null'));
}

/** A Fargate task has stopped, in whatever way: a subtask that it left unsettled is failed. */
export const handler = controlHandler(StoppedTaskEvent, async (event, { logger }) => {
  const work = workOf(event);
  const { task, company, phase, epoch, action, provider, location } = work;
  logger.appendKeys({ task, company, phase, epoch, action, provider, location });
  const topology = loadTopology();
  const table = recordTable(topology);
  const { recordDays } = topology.retention;
  const how = howItStopped(event);
  const done = await reportStopped(
    {
      row: dynamoWorkerRow({ table, work, recordDays }),
      lost: (token) => ({
        subtask: dynamoLostSubtask({ table, subtask: work, token, recordDays }),
        token: stepFunctionsToken(statesClient(topology.controlRegion), token),
        logError: (message, error) => logger.error(message, errorFields(error)),
      }),
    },
    work,
    how,
  );
  logger.info('A transfer task has stopped.', { how, done, taskArn: event.detail.taskArn });
  return { done };
});
