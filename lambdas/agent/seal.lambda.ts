import { seal } from '../../core/agent/seal.ts';
import { agentHandler } from '../runtime/agent-handler.ts';

export const handler = agentHandler('seal', seal);
