import { discard } from '../../core/agent/discard.ts';
import { agentHandler } from '../runtime/agent-handler.ts';

export const handler = agentHandler('discard', discard);
