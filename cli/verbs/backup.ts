import type { Command } from 'commander';
import { type Context, runVerb } from '../context.ts';
import { exitHelp } from '../exit-codes.ts';
import { asked, type StartOptions, startAsAsked, startOptions } from '../starting.ts';
import { checkKeepDays, companyArgument, daysArgument } from './arguments.ts';

export function addBackup(program: Command, context: Context): void {
  const command = program
    .command('backup')
    .summary('make a backup of a company')
    .description(
      'Starts the backup of a company: one consistent slice of all its providers, kept encrypted where the company lives. Its customers wait meanwhile. The task goes on by itself; the same task id with the same words is the same task, started once.',
    )
    .argument('<company>', 'the company id', companyArgument)
    .option(
      '--keep-days <days>',
      'for how long it may be restored (default and most: retention.backupDays of the topology)',
      daysArgument,
    );
  startOptions(command, 'backup')
    .addHelpText(
      'after',
      `${exitHelp({
        done: 'started; with --watch: backed up; with --dry-run: planned',
        failed: 'refused or undone, as far as it was waited for; or the task id is taken',
      })}

Examples:
  tanker backup acme --watch
  tanker backup acme --keep-days 7 --reason "before the import of ticket 4711"`,
    )
    .action((company: string, options: StartOptions & { keepDays?: number }) =>
      runVerb(context, options, (session) => {
        const keepDays = checkKeepDays(session.clients.topology, options.keepDays);
        return startAsAsked(
          session,
          'backup',
          { ...asked('backup', company, options), ...keepDays },
          options,
        );
      }),
    );
}
