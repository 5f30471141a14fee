import { formatLocation, type TaskRecord } from '@tanker/contract/index.ts';
import { textTable } from '@tanker/sdk/text.ts';
import type { Command } from 'commander';
import { listAllTasks, listRecentTasks } from '../aws/list-tasks.ts';
import { type CommonOptions, type Context, commonOptions, runVerb } from '../context.ts';
import { EXIT, exitHelp } from '../exit-codes.ts';

/** What fits on a screen. */
const NEWEST = 20;

export function addTasks(program: Command, context: Context): void {
  const command = program
    .command('tasks')
    .summary('list tasks')
    .description(`Lists the open tasks and the newest ${NEWEST} of all, the newest first.`)
    .option('--all', 'every task on record; reads the whole table, which costs by its size');
  commonOptions(command)
    .addHelpText('after', exitHelp({ done: 'listed, also when there is none' }))
    .action((options: CommonOptions & { all?: true }) =>
      runVerb(context, options, async ({ clients, print }) => {
        const tasks = options.all ? await listAllTasks(clients) : await listRecentTasks(clients, NEWEST);
        print({ tasks: tasks.map(taskSummary) }, () => tasksText(tasks));
        return EXIT.done;
      }),
    );
}

/** A task in a list, for programs; `tanker show` has the rest. */
export const taskSummary = (task: TaskRecord): object => ({
  task: task.task,
  operation: task.operation,
  company: task.company,
  state: task.state,
  phase: task.phase,
  outcome: task.state === 'closed' ? task.outcome : null,
  error: task.failure?.error ?? null,
  debts: task.state === 'closed' ? task.debts.length : 0,
  from: task.plan ? formatLocation(task.plan.from) : null,
  to: task.plan ? formatLocation(task.plan.to) : null,
  createdAt: task.createdAt,
  closedAt: task.state === 'closed' ? task.closedAt : null,
  requestedBy: task.requestedBy,
});

export function tasksText(tasks: readonly TaskRecord[]): string {
  if (tasks.length === 0) return 'There are no tasks.';
  const rows = tasks.map((task) => [
    task.task,
    task.company,
    task.plan ? `${formatLocation(task.plan.from)} → ${formatLocation(task.plan.to)}` : '',
    task.state === 'closed' ? task.outcome : `open: ${task.phase}`,
    `${task.createdAt.slice(0, 16).replace('T', ' ')}`,
    task.failure?.error ?? '',
  ]);
  return textTable([['task', 'company', 'way', 'state', 'created (UTC)', ''], ...rows]);
}
