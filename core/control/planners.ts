import type { AuthorityRecord, InputOf, TaskOperation } from '@tanker/contract/index.ts';
import { planBackup } from './plan-backup.ts';
import { planCleanup } from './plan-cleanup.ts';
import { planMigrate } from './plan-migrate.ts';
import { planRemove } from './plan-remove.ts';
import { planRestore } from './plan-restore.ts';
import type { Planner, Prospect, ProspectPorts } from './prospect.ts';

const PLANNERS: { readonly [O in TaskOperation]: Planner<O> } = {
  migrate: planMigrate,
  backup: planBackup,
  restore: planRestore,
  remove: planRemove,
  cleanup: planCleanup,
};

/** What the operation's input comes to. Throws the refusal. Reads only. */
export const prospectOf = <O extends TaskOperation>(
  operation: O,
  ports: ProspectPorts,
  input: InputOf<O>,
  authority: AuthorityRecord,
): Promise<Prospect> => PLANNERS[operation](ports, input, authority);
