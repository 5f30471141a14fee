import { AgentEvent, DiscardDueEvent, LaunchWorkerEvent, WarmEvent } from '@tanker/contract/index.ts';
import { z } from 'zod';
import { settleLost } from '../../core/agent/settle-lost.ts';
import { invocationFailed } from '../../core/agent/worker-failures.ts';
import { statesClient } from '../runtime/clients/step-functions.ts';
import { dynamoLostSubtask } from '../runtime/dynamo-lost-subtask.ts';
import { recordTable } from '../runtime/dynamo-record.ts';
import { errorFields } from '../runtime/error-fields.ts';
import { controlHandler } from '../runtime/middleware.ts';
import { stepFunctionsToken } from '../runtime/step-functions-token.ts';
import { loadTopology } from '../runtime/topology.ts';

/** What Lambda sends to an on-failure destination, as far as it is used: the answer of the agent is not repeated. */
const FailureRecord = z.object({
  requestContext: z.object({ condition: z.string().regex(/^[A-Za-z]{1,64}$/, 'a word') }),
  requestPayload: z.union([AgentEvent, DiscardDueEvent, LaunchWorkerEvent, WarmEvent]),
});

/**
 * An agent's invocation failed for good: the row and the token are told, so that nobody waits for the heartbeat to be missed. Of a
 * due date and of a daily call the log alone is told, since the next one asks again.
 */
export const handler = controlHandler(
  FailureRecord,
  async ({ requestContext, requestPayload: event }, { logger }) => {
    if ('warm' in event) {
      logger.error(`The daily call of an agent failed (${requestContext.condition}).`);
      return;
    }
    if ('due' in event) {
      logger.appendKeys({ task: event.task, company: event.company });
      logger.error(`What was due to be discarded was not (${requestContext.condition}).`);
      return;
    }
    const subtask = 'work' in event ? event.work : event;
    const { task, company, phase, epoch, action, provider } = subtask;
    logger.appendKeys({ task, company, phase, epoch, action, provider });
    const failure = invocationFailed(subtask, requestContext.condition);
    logger.error(failure.message);
    const topology = loadTopology();
    const { recordDays } = topology.retention;
    await settleLost(
      {
        subtask: dynamoLostSubtask({ table: recordTable(topology), subtask, token: event.token, recordDays }),
        token: stepFunctionsToken(statesClient(topology.controlRegion), event.token),
        logError: (message, error) => logger.error(message, errorFields(error)),
      },
      failure,
    );
  },
);
