import { open } from '../../core/agent/open.ts';
import { agentHandler } from '../runtime/agent-handler.ts';

export const handler = agentHandler('open', open);
