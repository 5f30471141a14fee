import {
  formatLocation,
  TASK_OPERATIONS,
  type TaskOperation,
  type TaskRecord,
} from '@tanker/contract/index.ts';
import { incompleteOf, isDone, stateText, wayText } from '@tanker/sdk/task-words.ts';
import { countText, minuteText, textTable } from '@tanker/sdk/text.ts';
import { type Command, Option } from 'commander';
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
    .addOption(new Option('--operation <operation>', 'only these').choices(TASK_OPERATIONS))
    .option('--all', 'every task on record; reads the whole table, which costs by its size');
  commonOptions(command)
    .addHelpText('after', exitHelp({ done: 'listed, also when there is none' }))
    .action((options: CommonOptions & { all?: true; operation?: TaskOperation }) =>
      runVerb(context, options, async ({ clients, print }) => {
        const { all, operation } = options;
        const tasks = all
          ? await listAllTasks(clients, operation)
          : await listRecentTasks(clients, NEWEST, operation);
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
  incomplete: incompleteOf(task)?.left.length ?? 0,
  from: task.plan?.from ? formatLocation(task.plan.from) : null,
  to: task.plan?.to ? formatLocation(task.plan.to) : null,
  erases: task.plan?.erases.map(formatLocation) ?? [],
  createdAt: task.createdAt,
  closedAt: task.state === 'closed' ? task.closedAt : null,
  requestedBy: task.requestedBy,
});

export function tasksText(tasks: readonly TaskRecord[]): string {
  if (tasks.length === 0) return 'There are no tasks.';
  const rows = tasks.map((task) => [
    task.task,
    task.operation,
    task.company,
    wayText(task.plan),
    stateText(task),
    minuteText(task.createdAt),
    noteText(task),
  ]);
  return textTable([['task', 'operation', 'company', 'where', 'state', 'created (UTC)', ''], ...rows]);
}

/** What is, or was, wrong with it. */
function noteText(task: TaskRecord): string {
  const debts = task.state === 'closed' ? task.debts.length : 0;
  // A task that is done had a recovery which went forward.
  const done = task.state === 'closed' && isDone(task) ? 'after ' : '';
  const failed = task.failure ? `${done}${task.failure.error}` : undefined;
  return [failed, debts > 0 ? countText(debts, 'debt') : undefined].filter(Boolean).join(', ');
}
