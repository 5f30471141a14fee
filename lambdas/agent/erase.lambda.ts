import { erase } from '../../core/agent/erase.ts';
import { agentHandler } from '../runtime/agent-handler.ts';

export const handler = agentHandler('erase', erase);
