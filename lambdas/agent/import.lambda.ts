import { importCompany } from '../../core/agent/import.ts';
import { agentHandler } from '../runtime/agent-handler.ts';

export const handler = agentHandler('import', importCompany);
