import { TankerError } from '@tanker/contract/index.ts';
import type { Column, Table } from './catalog.ts';
import type { PartHeader } from './part-header.ts';

export type PartColumns = PartHeader['columns'];

/** So many differences are named; a table of another meaning has hundreds. */
const NAMED = 5;

export const unfitPart = (what: string): TankerError =>
  new TankerError('FormatUnreadable', {
    what,
    now: 'The part was not taken, and nothing of it is visible.',
    next: 'Bring the tables here to columns that take what was exported, then begin the import anew.',
  });

/**
 * The collection that a part's rows go into: each of the part's columns is here with the same type, and whatever the
 * table has beyond them fills itself in. Their order is free. Throws FormatUnreadable that names table and columns.
 */
export function tableOfPart(tables: readonly Table[], collection: string, columns: PartColumns): Table {
  const table = tables.find((one) => one.name === collection);
  if (!table)
    throw unfitPart(`A part holds the collection ${collection}, which this provider does not have.`);
  const problems = [
    ...columns.flatMap((column) => problemOf(table, column)),
    ...table.columns
      .filter((column) => isMissed(table, column, columns))
      .map(({ name }) => `${table.place}.${name} is not in the part, and a row can't be without it`),
  ];
  if (problems.length === 0) return table;
  const more = problems.length > NAMED ? [`${problems.length - NAMED} more`] : [];
  throw unfitPart(`The part does not fit the table: ${[...problems.slice(0, NAMED), ...more].join('; ')}.`);
}

function problemOf(table: Table, { name, type }: PartColumns[number]): string[] {
  const here = table.columns.find((column) => column.name === name);
  if (!here) return [`${table.place} has no column ${name} that could be written`];
  if (isSameType(here.type, type)) return [];
  return [`${table.place}.${name} has type ${here.type} here and ${type} in the part`];
}

const isMissed = (table: Table, { name, required }: Column, columns: PartColumns): boolean =>
  (required || name === table.companyColumn) && !columns.some((column) => column.name === name);

/** A part may name a type without its schema, when the search path that it was exported under had that. */
function isSameType(here: string, there: string): boolean {
  if (here === there) return true;
  const [bareHere, bareThere] = [here, there].map((type) => type.replace(/^(?:"(?:[^"]|"")+"|[^".]+)\./, ''));
  return bareHere === bareThere && (bareHere === here || bareThere === there);
}
