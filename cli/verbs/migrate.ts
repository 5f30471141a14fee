import type { Command } from 'commander';
import { type Context, runVerb } from '../context.ts';
import { exitHelp } from '../exit-codes.ts';
import { asked, type StartOptions, startAsAsked, startOptions } from '../starting.ts';
import { checkTarget, companyArgument, type Target, targetArgument } from './arguments.ts';

export function addMigrate(program: Command, context: Context): void {
  const command = program
    .command('migrate')
    .summary('move a company to another location')
    .description(
      'Starts the migration of a company. The task goes on by itself; the same task id with the same words is the same task, started once.',
    )
    .argument('<company>', 'the company id', companyArgument)
    .requiredOption(
      '--to <location>',
      'DATACENTER, or DATACENTER/SERVER where it has several (required)',
      targetArgument,
    );
  startOptions(command, 'migrate')
    .addHelpText(
      'after',
      `${exitHelp({
        done: 'started; with --watch: migrated; with --dry-run: planned',
        failed: 'refused or undone, as far as it was waited for; or the task id is taken',
      })}

Examples:
  tanker migrate acme --to eu --dry-run
  tanker migrate acme --to eu/db2 --watch --reason "ticket 4711"`,
    )
    .action((company: string, options: StartOptions & { to: Target }) =>
      runVerb(context, options, (session) => {
        checkTarget(session.clients.topology, options.to);
        const input = { ...asked('migrate', company, options), to: options.to };
        return startAsAsked(session, 'migrate', input, options);
      }),
    );
}
