import { drain } from '../../core/agent/drain.ts';
import { agentHandler } from '../runtime/agent-handler.ts';

export const handler = agentHandler('drain', drain);
