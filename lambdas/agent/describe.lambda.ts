import { describe } from '../../core/agent/describe.ts';
import { agentHandler } from '../runtime/agent-handler.ts';

export const handler = agentHandler('describe', describe);
