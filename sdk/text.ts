/** How numbers and tables look to people, everywhere the same. */

export const wholeNumber = (value: number): string => value.toLocaleString('en-US');
export const bytesText = (bytes: number): string =>
  bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
export const secondsText = (value: number): string => `${value.toFixed(2)} s`;

/** Rows of equal columns, two blanks in front; the first row is the head. Columns in `right` end flush. */
export function textTable(rows: readonly (readonly string[])[], right: readonly number[] = []): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) =>
        right.includes(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd();
  return rows.map((row) => `  ${line(row)}`).join('\n');
}

/** `2026-11-22 18:04:05`, in UTC as the records are. */
export const secondText = (instant: string): string => instant.slice(0, 19).replace('T', ' ');
/** `2026-11-22 18:04`, in UTC. */
export const minuteText = (instant: string): string => instant.slice(0, 16).replace('T', ' ');

const RELATIVE = new Intl.RelativeTimeFormat('en', { numeric: 'always' });
const UNITS = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
] as const;

/** `in 29 days`, `36 hours ago`: whole units, the largest of which there are at least two. */
export function distanceText(instant: string, now: Date): string {
  const seconds = (Date.parse(instant) - now.getTime()) / 1000;
  const [unit, length] = UNITS.find(([, length]) => Math.abs(seconds) >= 2 * length) ?? ['second', 1];
  return RELATIVE.format(Math.trunc(seconds / length), unit);
}

/** `2 providers`, `1 provider`. */
export const countText = (count: number, noun: string): string =>
  `${wholeNumber(count)} ${noun}${count === 1 ? '' : 's'}`;
