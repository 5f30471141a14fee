import type { AuthorityRecord, InputOf, TaskOperation } from '@tanker/contract/index.ts';
import { planBackup } from './plan-backup.ts';
import { planCleanup } from './plan-cleanup.ts';
import { planMigrate } from './plan-migrate.ts';
import { planRemove } from './plan-remove.ts';
import { planRestore } from './plan-restore.ts';
import type { Planner, Prospect, ProspectPorts } from './prospect.ts';
import { backupIdTaken } from './records.ts';

const PLANNERS: { readonly [O in TaskOperation]: Planner<O> } = {
  migrate: planMigrate,
  backup: planBackup,
  restore: planRestore,
  remove: planRemove,
  cleanup: planCleanup,
};

/**
 * Exports lie under the task's id, and what a backup or a removal leaves on record is found by it, longer than the record
 * of its task. Throws TaskIdTaken when an earlier task has left something there.
 */
async function checkUnused(
  { backups, ledger }: ProspectPorts,
  { company, task }: { company: string; task: string },
): Promise<void> {
  const left = (await backups.get(company, task)) ?? (await ledger.get(company, task));
  if (left) throw backupIdTaken(company, task);
}

/** What the operation's input comes to. Throws the refusal. Reads only. */
export async function prospectOf<O extends TaskOperation>(
  operation: O,
  ports: ProspectPorts,
  input: InputOf<O>,
  authority: AuthorityRecord,
): Promise<Prospect> {
  await checkUnused(ports, input);
  return PLANNERS[operation](ports, input, authority);
}
