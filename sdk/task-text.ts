import {
  type BackupRecord,
  type FallbackRecord,
  formatLocation,
  type LedgerRecord,
  type SubtaskRecord,
  type SubtaskResult,
  type TaskRecord,
} from '@tanker/contract/index.ts';
import { lockWindowOf, phaseSeconds } from './lock-window.ts';
import type { TaskView } from './task-records.ts';
import { incompleteOf, incompleteText, stateText, wayText } from './task-words.ts';
import {
  bytesText,
  countText,
  distanceText,
  minuteText,
  secondsText,
  secondText,
  textTable,
  wholeNumber,
} from './text.ts';

function headText(task: TaskRecord): string {
  const way = task.plan ? `, ${wayText(task.plan)}` : '';
  const incomplete = incompleteText(task);
  const { committed } = task;
  return [
    `Task ${task.task}: ${task.operation} ${task.company}${way}: ${stateText(task)}`,
    `  created ${secondText(task.createdAt)} UTC by ${task.requestedBy || 'nobody named'}: ${task.reason || 'no reason given'}`,
    ...(committed
      ? [`  commit point passed ${secondText(committed.at)} UTC, placement version ${committed.version}`]
      : []),
    ...(task.state === 'closed' ? [`  closed  ${secondText(task.closedAt)} UTC`] : []),
    ...(task.holder
      ? [`  epoch ${task.epoch}, held by ${task.holder}, ${task.recoveries} recovery start(s)`]
      : []),
    ...(task.failure ? [`  failed with ${task.failure.error}: ${task.failure.cause}`] : []),
    ...(incomplete ? [`  ${incomplete}`] : []),
    ...(incompleteOf(task)?.left ?? []).map(
      ({ provider, location }) => `  left: ${provider} at ${formatLocation(location)}`,
    ),
    ...(task.state === 'closed'
      ? task.debts.map(
          ({ provider, location }) => `  closed with a debt: ${provider} at ${formatLocation(location)}`,
        )
      : []),
  ].join('\n');
}

function timelineText({ task, subtasks }: TaskView): string {
  const phases = phaseSeconds(task).map(({ name, seconds }) => [
    secondText(task.phases[name] ?? '').slice(11),
    name,
    secondsText(seconds),
  ]);
  const window = lockWindowOf(task, subtasks);
  // A company that is restored has no customers yet.
  const waited = task.operation === 'restore' ? 'locked for' : 'customers waited';
  const locked = window
    ? `\n  ${waited} ${secondsText(window.seconds)}: ${secondsText(window.movingSeconds)} moving data + ${secondsText(window.fixedSeconds)} fixed`
    : '';
  return `Timeline\n${textTable(phases, [2])}${locked}`;
}

/** Rows that were moved, or erased and left. */
function rowsText(result: SubtaskResult): string {
  if (result.action === 'erase') {
    const { erased, left } = result;
    return left.rows > 0
      ? `${wholeNumber(erased.rows)}, ${wholeNumber(left.rows)} left`
      : wholeNumber(erased.rows);
  }
  return 'rows' in result ? wholeNumber(result.rows) : '';
}

function subtaskRow(subtask: SubtaskRecord): string[] {
  const { phase, action, provider, location, state, attempt } = subtask;
  const began = 'startedAt' in subtask ? subtask.startedAt : subtask.dispatchedAt;
  const seconds = 'endedAt' in subtask ? (Date.parse(subtask.endedAt) - Date.parse(began)) / 1000 : undefined;
  return [
    `${phase}/${action}`,
    provider,
    formatLocation(location),
    state,
    String(attempt),
    seconds === undefined ? '' : secondsText(seconds),
    state === 'succeeded' ? rowsText(subtask.result) : '',
    state === 'failed' ? subtask.error : '',
  ];
}

function backupLine(backup: BackupRecord, now: Date): string {
  const { task, state, providers, rows, bytes, location, expiresAt } = backup;
  const end =
    'goneAt' in backup && backup.goneAt
      ? `gone since ${minuteText(backup.goneAt)} UTC, ${countText(backup.objects, 'object')} deleted`
      : state === 'discarded'
        ? 'being deleted'
        : `expires ${minuteText(expiresAt)} UTC (${distanceText(expiresAt, now)})`;
  return `backup ${task} of ${formatLocation(location)}: ${state}, ${countText(Object.keys(providers).length, 'provider')}, ${countText(rows, 'row')}, ${bytesText(bytes)}, ${end}`;
}

function ledgerLine(
  { home, erasedRows, locations, completedAt, lastCopyUntil, beyond }: LedgerRecord,
  now: Date,
): string {
  const left = beyond.map(({ provider, location }) => `${provider} at ${formatLocation(location)}`);
  const more =
    left.length > 0 ? `; not reached, since the topology no longer has it: ${left.join(', ')}` : '';
  return `ledger: ${home}; ${countText(erasedRows, 'row')} erased at ${locations.map(formatLocation).join(', ')}, complete ${minuteText(completedAt)} UTC; last copy until ${minuteText(lastCopyUntil)} UTC (${distanceText(lastCopyUntil, now)})${more}`;
}

function fallbackLine(fallback: FallbackRecord, now: Date): string {
  const { location, version, cleanupAt } = fallback;
  const end =
    fallback.state === 'kept'
      ? `kept until ${minuteText(cleanupAt)} UTC (${distanceText(cleanupAt, now)})`
      : `given up by ${fallback.givenUpBy} ${minuteText(fallback.givenUpAt)} UTC`;
  return `fallback copy at ${formatLocation(location)}, of placement version ${version}: ${end}`;
}

/** What the task left on its company's record; empty for nothing. */
function evidenceLines({ evidence: { backup, ledger, fallbacks, debts } }: TaskView, now: Date): string[] {
  return [
    ...(backup ? [backupLine(backup, now)] : []),
    ...(ledger ? [ledgerLine(ledger, now)] : []),
    ...fallbacks.map((fallback) => fallbackLine(fallback, now)),
    ...debts.map(
      ({ provider, location, error, since, settledAt }) =>
        `debt: ${provider} at ${formatLocation(location)}, ${error}, since ${minuteText(since)} UTC${settledAt ? `, settled ${minuteText(settledAt)} UTC` : ''}`,
    ),
  ];
}

/** Everything on record about a task, as a person reads it. */
export function taskText(view: TaskView, now: Date): string {
  const head = ['subtask', 'provider', 'location', 'state', 'attempt', 'time', 'rows', ''];
  const log = view.log.map(({ at, phase, what }) => `  ${at.slice(11, 23)}  ${phase.padEnd(14)} ${what}`);
  const evidence = evidenceLines(view, now).map((line) => `  ${line}`);
  return [
    headText(view.task),
    ...(evidence.length > 0 ? [`On record of ${view.task.company}\n${evidence.join('\n')}`] : []),
    timelineText(view),
    `Subtasks\n${textTable([head, ...view.subtasks.map(subtaskRow)], [4, 5, 6])}`,
    `Log\n${log.join('\n')}`,
  ].join('\n\n');
}

/** The same for programs: the records without the tokens by which a waiting state could be settled. */
export const taskDocument = ({ task, subtasks, log, evidence }: TaskView): object => ({
  task,
  subtasks: subtasks.map(({ token: _token, ...subtask }) => subtask),
  log,
  evidence: { backup: null, ledger: null, ...evidence },
});
