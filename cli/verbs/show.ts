import { readTaskView } from '@tanker/sdk/task-records.ts';
import { taskDocument, taskText } from '@tanker/sdk/task-text.ts';
import type { Command } from 'commander';
import { type CommonOptions, type Context, commonOptions, runVerb } from '../context.ts';
import { EXIT, exitHelp } from '../exit-codes.ts';
import { taskArgument } from './arguments.ts';

export function addShow(program: Command, context: Context): void {
  const command = program
    .command('show')
    .summary('show what is on record about a task')
    .description(
      'Prints a task as it is now: where it stands, its timeline, its subtasks and its log, and what it left on the record of its company: a backup, a removal, a fallback copy, debts.',
    )
    .argument('<task>', 'the task id', taskArgument);
  commonOptions(command)
    .addHelpText(
      'after',
      exitHelp({ done: 'printed, however the task ended', unknown: 'there is no such task' }),
    )
    .action((task: string, options: CommonOptions) =>
      runVerb(context, options, async ({ clients, print }) => {
        const view = await readTaskView(clients.rows, task);
        print(taskDocument(view), () => taskText(view, new Date()));
        return EXIT.done;
      }),
    );
}
