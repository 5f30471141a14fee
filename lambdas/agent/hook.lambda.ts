import { hook } from '../../core/agent/hook.ts';
import { agentHandler } from '../runtime/agent-handler.ts';

export const handler = agentHandler('hook', hook);
