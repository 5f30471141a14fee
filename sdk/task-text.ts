import { formatLocation, type SubtaskRecord, type TaskRecord } from '@tanker/contract/index.ts';
import { lockWindowOf, phaseSeconds } from './lock-window.ts';
import type { TaskView } from './task-records.ts';
import { secondsText, textTable, wholeNumber } from './text.ts';

/** `2026-11-22 18:04:05`, in UTC as the records are. */
const clock = (instant: string): string => instant.slice(0, 19).replace('T', ' ');

function headText(task: TaskRecord): string {
  const way = task.plan ? `, ${formatLocation(task.plan.from)} to ${formatLocation(task.plan.to)}` : '';
  const now = task.state === 'closed' ? task.outcome : `open, in phase ${task.phase}`;
  return [
    `Task ${task.task}: ${task.operation} ${task.company}${way}: ${now}`,
    `  created ${clock(task.createdAt)} UTC by ${task.requestedBy || 'nobody named'}: ${task.reason || 'no reason given'}`,
    ...(task.state === 'closed' ? [`  closed  ${clock(task.closedAt)} UTC`] : []),
    ...(task.holder
      ? [`  epoch ${task.epoch}, held by ${task.holder}, ${task.recoveries} recovery start(s)`]
      : []),
    ...(task.failure ? [`  failed with ${task.failure.error}: ${task.failure.cause}`] : []),
    ...(task.state === 'closed'
      ? task.debts.map(({ provider, location }) => `  debt: ${provider} at ${formatLocation(location)}`)
      : []),
  ].join('\n');
}

function timelineText({ task, subtasks }: TaskView): string {
  const phases = phaseSeconds(task).map(({ name, seconds }) => [
    clock(task.phases[name] ?? '').slice(11),
    name,
    secondsText(seconds),
  ]);
  const window = lockWindowOf(task, subtasks);
  const locked = window
    ? `\n  customers waited ${secondsText(window.seconds)}: ${secondsText(window.movingSeconds)} moving data + ${secondsText(window.fixedSeconds)} fixed`
    : '';
  return `Timeline\n${textTable(phases, [2])}${locked}`;
}

function subtaskRow(subtask: SubtaskRecord): string[] {
  const { phase, action, provider, location, state, attempt } = subtask;
  const began = 'startedAt' in subtask ? subtask.startedAt : subtask.dispatchedAt;
  const seconds = 'endedAt' in subtask ? (Date.parse(subtask.endedAt) - Date.parse(began)) / 1000 : undefined;
  const rows = state === 'succeeded' && 'rows' in subtask.result ? wholeNumber(subtask.result.rows) : '';
  return [
    `${phase}/${action}`,
    provider,
    formatLocation(location),
    state,
    String(attempt),
    seconds === undefined ? '' : secondsText(seconds),
    rows,
    state === 'failed' ? subtask.error : '',
  ];
}

/** Everything on record about a task, as a person reads it. */
export function taskText(view: TaskView): string {
  const head = ['subtask', 'provider', 'location', 'state', 'attempt', 'time', 'rows', ''];
  const log = view.log.map(({ at, phase, what }) => `  ${at.slice(11, 23)}  ${phase.padEnd(14)} ${what}`);
  return [
    headText(view.task),
    timelineText(view),
    `Subtasks\n${textTable([head, ...view.subtasks.map(subtaskRow)], [4, 5, 6])}`,
    `Log\n${log.join('\n')}`,
  ].join('\n\n');
}

/** The same for programs: the records without the tokens by which a waiting state could be settled. */
export const taskDocument = ({ task, subtasks, log }: TaskView): object => ({
  task,
  subtasks: subtasks.map(({ token: _token, ...subtask }) => subtask),
  log,
});
