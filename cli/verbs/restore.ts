import {
  LEASE_MARGIN_SECONDS,
  TankerError,
  type Topology,
  WORKER_START_SECONDS,
} from '@tanker/contract/index.ts';
import { isRestorable, readBackups } from '@tanker/sdk/company-records.ts';
import type { TaskRows } from '@tanker/sdk/task-records.ts';
import type { Command } from 'commander';
import { type Context, runVerb } from '../context.ts';
import { exitHelp } from '../exit-codes.ts';
import { asked, type StartOptions, startAsAsked, startOptions } from '../starting.ts';
import {
  checkTarget,
  companyArgument,
  LATEST,
  type Target,
  targetArgument,
  taskArgument,
} from './arguments.ts';

interface RestoreOptions extends StartOptions {
  readonly backup: string;
  readonly to: Target;
}

export function addRestore(program: Command, context: Context): void {
  const command = program
    .command('restore')
    .summary('bring a removed company back from a backup')
    .description(
      'Starts the restore of a company that was removed. Nothing is replaced: a company that lives somewhere is refused, and so is a target that holds anything of it. The task goes on by itself; the same task id with the same words is the same task, started once.',
    )
    .argument('<company>', 'the company id', companyArgument)
    .requiredOption(
      '--backup <task>',
      `the task that made the backup, or "${LATEST}": the newest that can be restored now (required)`,
      taskArgument,
    )
    .requiredOption(
      '--to <location>',
      'DATACENTER, or DATACENTER/SERVER where it has several (required)',
      targetArgument,
    );
  startOptions(command, 'restore')
    .addHelpText(
      'after',
      `${exitHelp({
        done: 'started; with --watch: restored; with --dry-run: planned',
        failed:
          'refused or undone, as far as it was waited for; or there is no backup, or the task id is taken',
      })}

Examples:
  tanker backups acme
  tanker restore acme --backup latest --to eu --dry-run
  tanker restore acme --backup remove-acme-20261122-ab12 --to eu/db2 --watch`,
    )
    .action((company: string, options: RestoreOptions) =>
      runVerb(context, options, async (session) => {
        const { rows, topology } = session.clients;
        checkTarget(topology, options.to);
        const backup =
          options.backup === LATEST ? await latestBackup(rows, company, topology) : options.backup;
        const input = { ...asked('restore', company, options), backup, to: options.to };
        return startAsAsked(session, 'restore', input, options);
      }),
    );
}

/** The task of the newest backup that a restore which starts now can read to its end. @throws BackupUnknown */
async function latestBackup(
  rows: TaskRows,
  company: string,
  { lockBudgetSeconds }: Topology,
): Promise<string> {
  const longestMs = (WORKER_START_SECONDS + lockBudgetSeconds + LEASE_MARGIN_SECONDS) * 1000;
  const until = new Date(Date.now() + longestMs);
  const newest = (await readBackups(rows, company)).find((backup) => isRestorable(backup, until));
  if (newest) return newest.task;
  throw new TankerError('BackupUnknown', {
    what: `No backup of "${company}" can be restored, or none for long enough.`,
    now: 'Nothing was touched.',
    next: `Look which there are and were (tanker backups ${company}).`,
  });
}
