import {
  COMMIT_PHASE,
  type Debt,
  DONE,
  formatLocation,
  type Outcome,
  PHASES,
  type Plan,
  sentence,
  type TaskOperation,
  type TaskRecord,
} from '@tanker/contract/index.ts';
import { countText, minuteText } from './text.ts';

/** What a task is about, where it stands and how it ended, in words: the same wherever people read of it. */

export type ClosedTask = Extract<TaskRecord, { state: 'closed' }>;

/** Whether the operation was done, apart from undone, refused and planned. */
export const isDone = ({ operation, outcome }: { operation: TaskOperation; outcome: Outcome }): boolean =>
  outcome === DONE[operation];

/** Whether a recovery has taken the task over, or was started to. */
export const inRecovery = ({ recoveries, holder }: TaskRecord): boolean =>
  recoveries > 0 || holder?.includes('/recover-') === true;

/**
 * Whether the record says that the task can only go forward. False is no promise: the commit may be on its way, and
 * the authority alone decides.
 */
export function commitPassed(task: TaskRecord): boolean {
  if (task.committed) return true;
  if (task.state === 'closed') return isDone(task);
  if (task.plan?.leftover === 'debts') return true;
  if (task.direction) return isDone({ operation: task.operation, outcome: task.direction.outcome });
  const phases: readonly string[] = PHASES[task.operation];
  return phases.indexOf(task.phase) > phases.indexOf(COMMIT_PHASE[task.operation]);
}

/** `us/db1 to eu/db1`, `to eu/db1`, `us/db1`: as far as the operation has sides. Empty without a plan. */
export function wayText(plan: Plan | undefined): string {
  const from = plan?.from ?? (plan?.to ? undefined : plan?.erases[0]);
  return [from ? [formatLocation(from)] : [], plan?.to ? [`to ${formatLocation(plan.to)}`] : []]
    .flat()
    .join(' ');
}

/** Named in a line of text; the record has all of them. */
const MOST_NAMED = 5;

/** `files at eu/db1, deals at eu/db1 and 3 more`. */
export function debtsText(debts: readonly Debt[]): string {
  const named = debts
    .slice(0, MOST_NAMED)
    .map(({ provider, location }) => `${provider} at ${formatLocation(location)}`);
  const more = debts.length > MOST_NAMED ? ` and ${debts.length - MOST_NAMED} more` : '';
  return `${named.join(', ')}${more}`;
}

/** What an open removal could not erase yet; undefined for any other task, and once nothing is left. */
export const incompleteOf = (task: TaskRecord): TaskRecord['incomplete'] =>
  task.state === 'open' && task.incomplete?.left.length ? task.incomplete : undefined;

/** Of a removal that could not erase everything yet: what is left where. Undefined for any other task. */
export function incompleteText(task: TaskRecord): string | undefined {
  const incomplete = incompleteOf(task);
  if (!incomplete) return undefined;
  const { since, left } = incomplete;
  return `INCOMPLETE since ${minuteText(since)} UTC: ${countText(left.length, 'provider')} may still hold something: ${debtsText(left)}. It is tried again until nothing is left.`;
}

/** A closed task's outcome, or the phase of an open one: which of its operation's, and whether it goes on or back. */
export function stateText(task: TaskRecord): string {
  if (task.state === 'closed') return task.outcome;
  const incomplete = incompleteOf(task);
  if (incomplete) return `open: INCOMPLETE, ${incomplete.left.length} left`;
  if (inRecovery(task)) return `open: recover ${task.phase}`;
  const phases: readonly string[] = PHASES[task.operation];
  return `open: ${task.phase} (${phases.indexOf(task.phase) + 1} of ${phases.length})`;
}

/** What is true of the company after a task was undone. */
const UNDONE = {
  migrate: 'lives at its source, unlocked and unchanged',
  backup: 'lives where it was, unlocked and unchanged; no backup was made',
  restore: 'is removed as before',
  remove: 'lives where it was, unlocked and unchanged',
  cleanup: 'keeps its fallback copy',
} as const satisfies Record<TaskOperation, string>;

const undoneText = ({ operation, plan }: ClosedTask): string =>
  operation === 'remove' && plan && !plan.from ? 'is removed as before' : UNDONE[operation];

const atText = (location: Plan['from'], unknown: string): string =>
  location ? formatLocation(location) : unknown;

/** Until when the backup of a backup or a removal may be restored. */
function backupText({ task, company, plan, closedAt }: ClosedTask): string {
  const { expiresAt = closedAt } = plan ?? {};
  if (expiresAt <= closedAt) return "Its backup can't be restored and is deleted by the next sweep.";
  return `Its backup may be restored until ${minuteText(expiresAt)} UTC (tanker restore ${company} --backup ${task} --to DATACENTER).`;
}

function doneText(task: ClosedTask): string {
  const { company, operation, plan, debts } = task;
  switch (operation) {
    case 'migrate':
      return `${company} lives at ${atText(plan?.to, 'its target')}.`;
    case 'backup':
      return `${company} lives at ${atText(plan?.from, 'its home')}, unlocked. ${backupText(task)}`;
    case 'restore':
      return `${company} lives at ${atText(plan?.to, 'its target')}.`;
    case 'remove':
      return plan?.final
        ? `${company} is erased for good: every provider of the topology answered that nothing is left, and no backup of it can be restored.`
        : `${company} lives nowhere: every provider of the topology answered that nothing is left. ${backupText(task)}`;
    case 'cleanup':
      if (debts.length === 0) return `${wayText(plan)} holds nothing of ${company} any more.`;
      return plan?.leftover === 'debts'
        ? 'Debts are left.'
        : 'The fallback copy is given up, and not all of it is erased.';
  }
}

/** How a closed task ended: what is true of its company now. */
export function endText(task: ClosedTask): string {
  const { outcome, company, failure, debts } = task;
  const why = failure ? ` ${failure.error}: ${sentence(failure.cause)}` : '';
  const owed =
    debts.length > 0
      ? ` ${countText(debts.length, 'provider')} could not be cleaned: ${debtsText(debts)}. The sweeper has it cleaned up.`
      : '';
  const head = `Task ${task.task}: ${outcome}.`;
  switch (outcome) {
    case 'planned':
      return `${head} A dry run: nothing was claimed, locked or touched.`;
    case 'refused':
      return `${head}${why}`;
    case 'undone':
      return `${head} ${company} ${undoneText(task)}.${owed}${why}`;
    default:
      return `${head} ${doneText(task)}${owed}`;
  }
}
