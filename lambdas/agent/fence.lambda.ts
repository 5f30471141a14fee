import { fence } from '../../core/agent/fence.ts';
import { agentHandler } from '../runtime/agent-handler.ts';

export const handler = agentHandler('fence', fence);
