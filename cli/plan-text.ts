import { formatLocation, type Plan, type TaskOperation } from '@tanker/contract/index.ts';
import { wayText } from '@tanker/sdk/task-words.ts';
import { bytesText, countText, distanceText, minuteText, textTable, wholeNumber } from '@tanker/sdk/text.ts';

/** What a dry run did not do. */
const NOT_DONE = {
  migrate: 'nothing was claimed, locked or moved',
  backup: 'nothing was claimed, locked or copied',
  restore: 'nothing was claimed, locked or imported',
  remove: 'nothing was claimed, locked or erased',
  cleanup: 'nothing was claimed, given up or erased',
} as const satisfies Record<TaskOperation, string>;

/** The providers and what each holds; formats and waves only where something is transferred. */
function providersText({ providers, waves }: Plan): string {
  const rows = providers.map(({ name, rows, bytes, format }) => [
    name,
    wholeNumber(rows),
    bytesText(bytes),
    format ? `${format.name} ${format.version}` : '',
    waves.length > 0 ? String(waves.findIndex((wave) => wave.includes(name)) + 1) : '',
  ]);
  const head = ['provider', 'rows', 'bytes', 'format', 'wave'];
  const used = [true, true, true, rows.some((row) => row[3] !== ''), waves.length > 0];
  return textTable(
    [head, ...rows].map((row) => row.filter((_, column) => used[column])),
    [1, 2, 4],
  );
}

const untilText = (expiresAt: string, now: Date): string =>
  Date.parse(expiresAt) > now.getTime()
    ? `Its backup could be restored until ${minuteText(expiresAt)} UTC (${distanceText(expiresAt, now)}).`
    : 'Its backup could not be restored.';

/** What follows from the plan, apart from what moves where: one sentence a line. */
function consequences({ expiresAt, final, leftover, erases, backup }: Plan, now: Date): string[] {
  return [
    ...(backup ? [`From the backup of task ${backup}.`] : []),
    ...(leftover === 'fallback' ? ['The fallback copy of the last move away from there is given up.'] : []),
    ...(leftover === 'debts' ? ['What earlier tasks could not erase there is erased.'] : []),
    ...(erases.length > 0 ? [`Would be erased at ${erases.map(formatLocation).join(', ')}.`] : []),
    ...(final ? ['For good: no backup of the company, also no older one, could be restored.'] : []),
    ...(expiresAt && !final ? [untilText(expiresAt, now)] : []),
  ];
}

/** A plan as a person reads it. */
export function planText(
  operation: TaskOperation,
  { task, company, plan }: { task: string; company: string; plan: Plan },
  now: Date,
): string {
  const { providers, estimate, waves, leftover } = plan;
  const rows = providers.reduce((sum, one) => sum + one.rows, 0);
  const waits = leftover
    ? 'customers would not wait'
    : `customers would wait about ${Math.ceil(estimate.seconds)} s`;
  const figures = [
    countText(rows, 'row'),
    bytesText(estimate.bytes),
    ...(waves.length > 0 ? [countText(waves.length, 'import wave')] : []),
    operation === 'restore' ? `it would take about ${Math.ceil(estimate.seconds)} s` : waits,
  ];
  return [
    `Task ${task}: planned. ${company}, ${wayText(plan)}. A dry run: ${NOT_DONE[operation]}.`,
    ...consequences(plan, now).map((line) => `  ${line}`),
    '',
    providersText(plan),
    '',
    `  ${figures.join(', ')}`,
  ].join('\n');
}
