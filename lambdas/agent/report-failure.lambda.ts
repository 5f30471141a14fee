import { AgentEvent } from '@tanker/contract/index.ts';
import { z } from 'zod';
import { invocationFailed } from '../../core/agent/worker-failures.ts';
import { statesClient } from '../runtime/clients/step-functions.ts';
import { controlHandler } from '../runtime/middleware.ts';
import { stepFunctionsToken } from '../runtime/step-functions-token.ts';
import { loadTopology } from '../runtime/topology.ts';

/** What Lambda sends to an on-failure destination, as far as it is used: the answer of the agent is not repeated. */
const FailureRecord = z.object({
  requestContext: z.object({ condition: z.string().regex(/^[A-Za-z]{1,64}$/, 'a word') }),
  requestPayload: AgentEvent,
});

/** An agent's invocation failed for good: the token is told, so that nobody waits for the heartbeat to be missed. */
export const handler = controlHandler(
  FailureRecord,
  async ({ requestContext, requestPayload: event }, { logger }) => {
    const { task, company, phase, epoch, attempt, action, provider } = event;
    logger.appendKeys({ task, company, phase, epoch, attempt, action, provider });
    const failure = invocationFailed(event, requestContext.condition);
    logger.error(failure.message);
    const token = stepFunctionsToken(statesClient(loadTopology().controlRegion), event.token);
    await token.fail(failure.name, failure.message);
  },
);
