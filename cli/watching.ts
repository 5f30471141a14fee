import { formatLocation, type SubtaskRecord, TankerError, type TaskRecord } from '@tanker/contract/index.ts';
import { followTask, type TaskLook } from '@tanker/sdk/follow-task.ts';
import { belongsToPhase, ProgressLines } from '@tanker/sdk/task-progress.ts';
import { taskUnknown } from '@tanker/sdk/task-records.ts';
import type { Clients } from './aws/clients.ts';
import { describeMigration } from './aws/executions.ts';
import type { Session } from './context.ts';

/** Two looks a second; each is two reads of the table, well below what a person's account is billed for. */
const LOOK_EVERY_MS = 500;
const LOOK_EVERY_MS_IN_DEMO = 100;

const isClosed = (task: TaskRecord): task is Extract<TaskRecord, { state: 'closed' }> =>
  task.state === 'closed';

/** A look as one line of JSON: the phase now under way and each provider's part in it. */
export const lookLine = ({ task, subtasks }: TaskLook): string =>
  JSON.stringify({
    task: task.task,
    company: task.company,
    state: task.state,
    phase: task.phase,
    epoch: task.epoch,
    recoveries: task.recoveries,
    providers: subtasks
      .filter((subtask) => belongsToPhase(task, subtask))
      .map(({ provider, action, location, state, ...rest }) => ({
        provider,
        action,
        location: formatLocation(location),
        state,
        ...progressOf(rest as Partial<SubtaskRecord>),
      })),
    ...(isClosed(task)
      ? { outcome: task.outcome, closedAt: task.closedAt, debts: task.debts, failure: task.failure ?? null }
      : {}),
  });

const progressOf = (subtask: Partial<SubtaskRecord>): object =>
  'progress' in subtask && subtask.progress ? { progress: subtask.progress } : {};

/** A task that was just started has no record for a moment; one that never gets one must not be waited for. */
async function whyAbsent(clients: Clients, id: string): Promise<void> {
  const execution = await describeMigration(clients.states, clients.topology, id);
  if (execution === undefined) throw taskUnknown(id);
  if (execution.status === 'RUNNING') return;
  throw new TankerError('PhaseFailed', {
    what: `The execution of task "${id}" ended as ${execution.status} without a record: ${execution.error ?? 'no error given'}.`,
    now: execution.cause ?? 'The company was not touched.',
    next: 'Look at the execution in the Step Functions console, then start again under a new task id.',
  });
}

/**
 * Shows a task until it is closed: lines of progress, or JSON lines, one a change.
 *
 * @throws TaskUnknown
 */
export async function watchUntilClosed(
  { clients, context, json }: Session,
  id: string,
): Promise<Extract<TaskRecord, { state: 'closed' }>> {
  const lines = new ProgressLines(context.out);
  const everyMilliseconds = clients.demo ? LOOK_EVERY_MS_IN_DEMO : LOOK_EVERY_MS;
  const absent = () => whyAbsent(clients, id);
  let before = '';
  for await (const look of followTask(clients.rows, id, { everyMilliseconds, absent })) {
    if (json) {
      const line = lookLine(look);
      if (line !== before) context.out.write(`${line}\n`);
      before = line;
    } else {
      lines.show(look);
    }
    if (isClosed(look.task)) return look.task;
  }
  throw taskUnknown(id);
}

/** How a closed task ended, in a sentence or two. */
export function endText(task: Extract<TaskRecord, { state: 'closed' }>): string {
  const { plan, failure, debts } = task;
  const why = failure ? ` ${failure.error}: ${failure.cause}` : '';
  const owed =
    debts.length > 0 ? ` ${debts.length} provider(s) could not be cleaned (tanker show ${task.task}).` : '';
  switch (task.outcome) {
    case 'migrated':
      return `Task ${task.task}: migrated. ${task.company} lives at ${plan ? formatLocation(plan.to) : 'its target'}.${owed}`;
    case 'planned':
      return `Task ${task.task}: planned. A dry run: nothing was claimed, locked or moved.`;
    case 'undone':
      return `Task ${task.task}: undone. ${task.company} lives at its source, unlocked and unchanged.${owed}${why}`;
    case 'refused':
      return `Task ${task.task}: refused.${why}`;
  }
}
