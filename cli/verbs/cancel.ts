import {
  type ErrorName,
  type Refusal,
  sentence,
  TankerError,
  type TaskOperation,
  type TaskRecord,
} from '@tanker/contract/index.ts';
import { type ClosedTask, commitPassed, endText, inRecovery, isDone } from '@tanker/sdk/task-words.ts';
import { minuteText } from '@tanker/sdk/text.ts';
import type { Command } from 'commander';
import { stopExecution } from '../aws/executions.ts';
import { type CommonOptions, type Context, commonOptions, runVerb, type Session } from '../context.ts';
import { EXIT, type ExitCode, exitHelp } from '../exit-codes.ts';
import { requestedByOption } from '../starting.ts';
import { firstLook, watchUntilClosed } from '../watching.ts';
import { taskArgument, textArgument } from './arguments.ts';

interface CancelOptions extends CommonOptions {
  readonly reason: string;
  readonly requestedBy: string;
}

export function addCancel(program: Command, context: Context): void {
  const command = program
    .command('cancel')
    .summary('stop a task before its commit point, and have it undone')
    .description(
      'Stops the execution of a task; its recovery undoes what it did. Waits until the task is closed and says what became of it: a commit that was on its way may have won. Refused once the commit point is passed. Ctrl-C ends the waiting; the recovery goes on by itself.',
    )
    .argument('<task>', 'the task id', taskArgument)
    .requiredOption('--reason <text>', 'why; it stands on the record (required)', textArgument(200));
  commonOptions(requestedByOption(command))
    .addHelpText(
      'after',
      `${exitHelp({
        done: 'cancelled: the task is undone, or refused before it touched anything',
        failed:
          'not cancelled: the commit point was passed, before this call or meanwhile, or the task had ended',
        unknown: 'there is no such task',
      })}

Example:
  tanker cancel migrate-acme-20261122-ab12 --reason "customer called, ticket 4711"`,
    )
    .action((task: string, options: CancelOptions) =>
      runVerb(context, options, (session) => cancel(session, task, options)),
    );
}

async function cancel(session: Session, id: string, options: CancelOptions): Promise<ExitCode> {
  const { clients, context, json, print } = session;
  const task = await firstLook(session, id);
  if (task.state === 'closed') throw alreadyClosed(task);
  if (commitPassed(task)) throw passed(task);
  // A recovery decides for itself, and stopping the execution that waits for it would only stop it too.
  const stopped =
    !inRecovery(task) && (await stopExecution(clients.states, task.executionArn, whoAndWhy(options)));
  if (!json) {
    context.out.write(
      stopped
        ? `Task ${id} is stopped; its recovery undoes it.\n`
        : `Task ${id} is in recovery already; nothing was stopped.\n`,
    );
  }
  const closed = await watchUntilClosed(session, id, { silent: json });
  const cancelled = closed.outcome === 'undone' || closed.outcome === 'refused';
  const { company, operation, outcome, closedAt, failure = null, debts } = closed;
  print({ task: id, operation, company, stopped, cancelled, outcome, closedAt, failure, debts }, () =>
    cancelled ? endText(closed) : `${tooLate(closed)} ${endText(closed)}`,
  );
  return cancelled ? EXIT.done : EXIT.failed;
}

/** What the execution ends with, and then the task's record. */
const whoAndWhy = ({ requestedBy, reason }: CancelOptions): Refusal => ({
  error: 'TaskCancelled' satisfies ErrorName,
  cause: `${sentence(`Cancelled by ${requestedBy}: ${reason}`)} The recovery undoes what the task did. Start it again under a new task id, if it is wanted after all.`,
});

/** A task that ended otherwise although it was stopped. */
const tooLate = (task: ClosedTask): string =>
  isDone(task) ? 'Not cancelled: the commit had won the race.' : 'Not cancelled: the task had ended.';

/** A closed task can't be cancelled; the sentences say what became of it. */
const alreadyClosed = (task: ClosedTask): TankerError =>
  new TankerError(isDone(task) ? 'CommitPassed' : 'TaskClosed', {
    what: `Task "${task.task}" was closed ${minuteText(task.closedAt)} UTC, before it could be cancelled.`,
    now: endText(task),
    next: isDone(task) ? BACK[task.operation](task) : 'Nothing is left to cancel.',
  });

const passed = (task: TaskRecord): TankerError =>
  new TankerError('CommitPassed', {
    what: task.committed
      ? `Task "${task.task}" passed its commit point ${minuteText(task.committed.at)} UTC.`
      : `Task "${task.task}" can't be undone any more (phase ${task.phase}).`,
    now: 'It was not stopped and goes on to its end by itself.',
    next: `Watch it: tanker watch ${task.task}. ${BACK[task.operation](task)}`,
  });

/** How an operation that was done is taken back by another one. */
const BACK = {
  migrate: ({ company }) =>
    `To go back, give the fallback copy up and move the company again (tanker cleanup ${company}, tanker migrate ${company}).`,
  backup: () => 'Nothing has to be taken back: a backup changes nothing and dies by itself.',
  restore: ({ company }) => `To go back, remove the company again (tanker remove ${company}).`,
  remove: ({ company, task, plan }) =>
    plan?.final || Date.parse(plan?.expiresAt ?? '') <= Date.now()
      ? 'Nothing brings the company back: its backup can not be restored.'
      : `To bring the company back, restore it from its backup (tanker restore ${company} --backup ${task}).`,
  cleanup: () => 'Nothing brings back what was given up.',
} as const satisfies Record<TaskOperation, (task: TaskRecord) => string>;
