import { AgentEvent, DiscardDueEvent, LaunchWorkerEvent } from '@tanker/contract/index.ts';
import { z } from 'zod';
import { invocationFailed } from '../../core/agent/worker-failures.ts';
import { statesClient } from '../runtime/clients/step-functions.ts';
import { controlHandler } from '../runtime/middleware.ts';
import { stepFunctionsToken } from '../runtime/step-functions-token.ts';
import { loadTopology } from '../runtime/topology.ts';

/** What Lambda sends to an on-failure destination, as far as it is used: the answer of the agent is not repeated. */
const FailureRecord = z.object({
  requestContext: z.object({ condition: z.string().regex(/^[A-Za-z]{1,64}$/, 'a word') }),
  requestPayload: z.union([AgentEvent, DiscardDueEvent, LaunchWorkerEvent]),
});

/**
 * An agent's invocation failed for good: the token is told, so that nobody waits for the heartbeat to be missed. Of a
 * due date the log alone is told, since the next sweep asks again.
 */
export const handler = controlHandler(
  FailureRecord,
  async ({ requestContext, requestPayload: event }, { logger }) => {
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
    const token = stepFunctionsToken(statesClient(loadTopology().controlRegion), event.token);
    await token.fail(failure.name, failure.message);
  },
);
