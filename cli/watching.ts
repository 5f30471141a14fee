import {
  type Debt,
  formatLocation,
  type SubtaskRecord,
  sentence,
  TankerError,
  type TaskOperation,
  type TaskRecord,
} from '@tanker/contract/index.ts';
import { followTask, type TaskLook } from '@tanker/sdk/follow-task.ts';
import { taskIdTaken } from '@tanker/sdk/start-task.ts';
import { belongsToPhase, ProgressLines } from '@tanker/sdk/task-progress.ts';
import { taskUnknown } from '@tanker/sdk/task-records.ts';
import { type ClosedTask, endText, incompleteOf, isDone } from '@tanker/sdk/task-words.ts';
import type { Clients } from './aws/clients.ts';
import { type ExecutionState, findExecution } from './aws/executions.ts';
import type { Session } from './context.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';

/** Two looks a second; each is two reads of the table, well below what a person's account is billed for. */
const LOOK_EVERY_MS = 500;
const LOOK_EVERY_MS_IN_DEMO = 100;

const isClosed = (task: TaskRecord): task is ClosedTask => task.state === 'closed';

const placesOf = (debts: readonly Debt[]): object[] =>
  debts.map(({ provider, location }) => ({ provider, location: formatLocation(location) }));

/** A look as one line of JSON: the phase now under way and each provider's part in it. */
export function lookLine({ task, subtasks }: TaskLook): string {
  const incomplete = incompleteOf(task);
  return JSON.stringify({
    task: task.task,
    operation: task.operation,
    company: task.company,
    state: task.state,
    phase: task.phase,
    epoch: task.epoch,
    recoveries: task.recoveries,
    committed: task.committed !== undefined,
    providers: subtasks
      .filter((subtask) => belongsToPhase(task, subtask))
      .map(({ provider, action, location, state, ...rest }) => ({
        provider,
        action,
        location: formatLocation(location),
        state,
        ...progressOf(rest as Partial<SubtaskRecord>),
      })),
    ...(incomplete ? { incomplete: { since: incomplete.since, left: placesOf(incomplete.left) } } : {}),
    ...(isClosed(task)
      ? { outcome: task.outcome, closedAt: task.closedAt, debts: task.debts, failure: task.failure ?? null }
      : {}),
  });
}

const progressOf = (subtask: Partial<SubtaskRecord>): object =>
  'progress' in subtask && subtask.progress ? { progress: subtask.progress } : {};

/** A task that was just started has no record for a moment; one that never gets one must not be waited for. */
async function whyAbsent(clients: Clients, id: string): Promise<void> {
  const execution = await findExecution(clients.states, clients.topology, id);
  if (execution === undefined) throw taskUnknown(id);
  if (execution.status === 'RUNNING') return;
  throw new TankerError('PhaseFailed', {
    what: `The execution of task "${id}" ended as ${execution.status} without a record: ${saidBy(execution)}`,
    now: 'It touched nothing, unless there was a record that has expired.',
    next: 'Look at the execution in the Step Functions console, then start again under a new task id.',
  });
}

/** The cause of a nested execution is a document; its error says enough. */
function saidBy({ error = 'no error given', cause = '' }: ExecutionState): string {
  return sentence(cause === '' || cause.startsWith('{') ? error : `${error}: ${cause}`);
}

const lookEvery = ({ demo }: Clients): number => (demo ? LOOK_EVERY_MS_IN_DEMO : LOOK_EVERY_MS);

/**
 * A task as it is now; one that was just started is waited for until it has a record.
 *
 * @throws TaskUnknown
 */
export async function firstLook({ clients }: Session, id: string): Promise<TaskRecord> {
  const options = { everyMilliseconds: lookEvery(clients), absent: () => whyAbsent(clients, id) };
  for await (const { task } of followTask(clients.rows, id, options)) return task;
  throw taskUnknown(id);
}

/**
 * Waits until a task is closed and shows it meanwhile: lines of progress, or JSON lines, one a change. A removal that
 * is incomplete stays open and is waited for.
 *
 * @param operation what was started under this id; any, if absent
 * @param silent shows nothing
 * @throws TaskUnknown; TaskIdTaken when the id is another operation's
 */
export async function watchUntilClosed(
  { clients, context, json }: Session,
  id: string,
  { operation, silent = false }: { operation?: TaskOperation; silent?: boolean } = {},
): Promise<ClosedTask> {
  const lines = new ProgressLines(context.out);
  const options = { everyMilliseconds: lookEvery(clients), absent: () => whyAbsent(clients, id) };
  let before = '';
  for await (const look of followTask(clients.rows, id, options)) {
    if (operation && look.task.operation !== operation) throw taskIdTaken(id);
    if (json && !silent) {
      const line = lookLine(look);
      if (line !== before) context.out.write(`${line}\n`);
      before = line;
    } else if (!silent) {
      lines.show(look);
    }
    if (isClosed(look.task)) return look.task;
  }
  throw taskUnknown(id);
}

/** 0 for a task that did all it was asked for; a cleanup that left debts did not. */
export const outcomeExit = (task: ClosedTask): ExitCode =>
  (isDone(task) && task.debts.length === 0) || task.outcome === 'planned' ? EXIT.done : EXIT.failed;

/** Shows a task until it is closed and says how it ended. */
export async function watchToItsEnd(
  session: Session,
  id: string,
  operation?: TaskOperation,
): Promise<ExitCode> {
  const closed = await watchUntilClosed(session, id, operation ? { operation } : {});
  if (!session.json) session.context.out.write(`${endText(closed)}\n`);
  return outcomeExit(closed);
}
