import {
  formatLocation,
  type Location,
  type PlannedProvider,
  type SubtaskRecord,
  sourceOf,
  TankerError,
} from '@tanker/contract/index.ts';
import type { Actor, Log, Subtasks, Tasks } from '../ports.ts';
import { heldTask, resultOf } from './records.ts';

export interface VerifyPorts {
  readonly tasks: Tasks;
  readonly subtasks: Subtasks;
  readonly log: Log;
}

const SOURCE_AS_WAS = 'The source is locked and unchanged; recovery unlocks it.';

function checkExport(
  subtasks: readonly SubtaskRecord[],
  actor: Actor,
  planned: PlannedProvider,
  location: Location,
) {
  const from = formatLocation(location);
  const found = resultOf(subtasks, {
    epoch: actor.epoch,
    phase: 'export',
    action: 'export',
    provider: planned.name,
    location,
  });
  if (!found) {
    throw new TankerError('ExportIncomplete', {
      what: `${planned.name} at ${from} has no finished export on record.`,
      now: SOURCE_AS_WAS,
      next: "Look at the provider's export subtask and its log.",
    });
  }
  const { bytesProvider, bytesStreamed, bytesStored } = found;
  const digested = found.collections.reduce((total, { digest }) => total + digest.rows, 0);
  const sameFormat =
    found.format.name === planned.format?.name && found.format.version === planned.format.version;
  if (
    bytesProvider === bytesStreamed &&
    bytesStreamed === bytesStored &&
    digested === found.rows &&
    sameFormat
  ) {
    return found;
  }
  throw new TankerError('ExportMismatch', {
    what: `${planned.name} at ${from}: ${bytesProvider} bytes at the provider, ${bytesStreamed} streamed, ${bytesStored} in S3; ${found.rows} rows exported, ${digested} digested; format ${found.format.name} ${found.format.version}.`,
    now: SOURCE_AS_WAS,
    next: 'Do not retry before the difference is understood: something counts wrongly or loses bytes.',
  });
}

/** Every provider of the plan has an export whose counts agree. Throws ExportIncomplete or ExportMismatch. */
export async function verifyExports(ports: VerifyPorts, actor: Actor) {
  const { plan } = await heldTask(ports.tasks, actor);
  const subtasks = await ports.subtasks.list(actor.task);
  const exports = plan.providers.map((p) => checkExport(subtasks, actor, p, sourceOf(plan)));
  const rows = exports.reduce((total, { rows }) => total + rows, 0);
  const bytes = exports.reduce((total, { bytesStored }) => total + bytesStored, 0);
  await ports.log.write({
    task: actor.task,
    phase: 'verify-exports',
    by: actor.holder,
    epoch: actor.epoch,
    what: `exports of ${exports.length} providers are whole: ${rows} rows, ${bytes} bytes`,
  });
  return { providers: exports.length, rows, bytes };
}
