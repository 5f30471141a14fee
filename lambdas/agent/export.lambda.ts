import { exportCompany } from '../../core/agent/export.ts';
import { agentHandler } from '../runtime/agent-handler.ts';

export const handler = agentHandler('export', exportCompany);
