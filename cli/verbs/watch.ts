import type { Command } from 'commander';
import { type CommonOptions, type Context, commonOptions, runVerb } from '../context.ts';
import { exitHelp } from '../exit-codes.ts';
import { watchToItsEnd } from '../watching.ts';
import { taskArgument } from './arguments.ts';

export function addWatch(program: Command, context: Context): void {
  const command = program
    .command('watch')
    .summary('show a task live until it is closed')
    .description(
      'Shows a task phase by phase, and in each phase every provider, until the task is closed. A removal that could not erase everything says INCOMPLETE and stays open until nothing is left. Ctrl-C ends the watching, never the task. With --json: one line of JSON a change, the last one with the outcome.',
    )
    .argument('<task>', 'the task id', taskArgument);
  commonOptions(command)
    .addHelpText(
      'after',
      exitHelp({
        done: 'the task is closed: migrated, backed-up, restored, removed, cleaned, or planned (a dry run)',
        failed: 'the task is closed: undone, refused, or cleaned with debts left',
        unknown: 'there is no such task',
      }),
    )
    .action((task: string, options: CommonOptions) =>
      runVerb(context, options, (session) => watchToItsEnd(session, task)),
    );
}
