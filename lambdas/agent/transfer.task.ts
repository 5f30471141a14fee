import { exportCompany } from '../../core/agent/export.ts';
import { importCompany } from '../../core/agent/import.ts';
import { runTransferWork } from '../runtime/transfer-task.ts';

/** The entry of the Fargate task: one export or import, then the end. A failure is exit code 1, which is reported. */
await runTransferWork({ export: exportCompany, import: importCompany });
