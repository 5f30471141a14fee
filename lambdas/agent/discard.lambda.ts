import { discard } from '../../core/agent/discard.ts';
import { agentHandler } from '../runtime/agent-handler.ts';
import { discardDueHandler, isDue } from '../runtime/discard-handler.ts';
import type { ThinHandler } from '../runtime/middleware.ts';

const forTask = agentHandler('discard', discard);

/** For a task that waits with a token, and for a due date of a closed one, for which nobody waits. */
export const handler: ThinHandler<object> = (event, context) =>
  isDue(event) ? discardDueHandler(event, context) : forTask(event, context);
