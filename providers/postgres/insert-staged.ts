import { type PartReceipt, TankerError } from '@tanker/contract/index.ts';
import type { ClientBase } from 'pg';
import { columnList, type Table } from './catalog.ts';
import { type PartColumns, tableOfPart } from './part-columns.ts';
import { referenceGroups, runTogether } from './references.ts';
import { sqlState } from './transaction.ts';

/** SQLSTATE class 23: unique, foreign key, check, exclusion and not-null violations. */
const INTEGRITY_CLASS = '23';

export interface StagedPart {
  readonly part: number;
  readonly collection: string;
  readonly staging: string;
  readonly columns: PartColumns | null;
  readonly receipt: PartReceipt | null;
}

/** What goes into a table: the parts of its collection, which all have the same columns. */
export interface Staged {
  readonly table: Table;
  readonly columns: PartColumns;
  readonly stagings: readonly string[];
}

const namesOf = (columns: PartColumns): string => JSON.stringify(columns.map(({ name }) => name).sort());

/** By collection. The tables may have changed since a part came, so their columns are compared again. */
export function stagedTables(
  tables: readonly Table[],
  parts: readonly StagedPart[],
  differ: (what: string) => TankerError,
): Staged[] {
  return [...Map.groupBy(parts, ({ collection }) => collection)].map(([collection, own]) => {
    const columns = own[0]?.columns ?? [];
    if (own.some((one) => one.columns === null || namesOf(one.columns) !== namesOf(columns))) {
      throw differ(`the parts of ${collection} do not have the same columns`);
    }
    const table = tableOfPart(tables, collection, columns);
    return { table, columns, stagings: own.map(({ staging }) => staging) };
  });
}

/**
 * One statement for all parts of a table, so that rows may refer to rows of other parts, and one for all tables that
 * refer to each other. Columns that no part has get their defaults. Plain inserts: nothing is replaced.
 */
export async function insertStaged(
  client: ClientBase,
  tables: readonly Table[],
  staged: readonly Staged[],
): Promise<number> {
  let inserted = 0;
  try {
    for (const group of await referenceGroups(client, tables)) {
      const own = staged.filter(({ table }) => group.includes(table));
      inserted += await runTogether(client, own.map(insertSql));
    }
    // What is deferred to the commit is checked now, while its failure has a name.
    await client.query('SET CONSTRAINTS ALL IMMEDIATE');
  } catch (error) {
    throw sqlState(error)?.startsWith(INTEGRITY_CLASS) ? keyConflict(error) : error;
  }
  return inserted;
}

function insertSql({ table, columns, stagings }: Staged): string {
  const list = columnList(columns);
  const rows = stagings.map((staging) => `SELECT ${list} FROM ${staging}`).join(' UNION ALL ');
  return `INSERT INTO ${table.table} (${list}) OVERRIDING SYSTEM VALUE ${rows}`;
}

const SAME_KEYS =
  'Find which rows of other companies use the same keys; keys must be unique across locations.';
const SAME_RULES =
  "Bring the tables of both locations to the same constraints, or correct the company's rows at home, then start again under a new task id.";

/** What to do about a broken constraint, by SQLSTATE; unique and exclusion constraints are keys. */
const ABOUT: Readonly<Record<string, string>> = {
  '23502': SAME_RULES,
  '23503':
    'Find what these rows refer to: it has to be at this location before them. What another provider holds comes first by importAfter.',
  '23514': SAME_RULES,
};

function keyConflict(cause: unknown): TankerError {
  const { schema, table, constraint, column, code = '' } = cause as Partial<Record<string, string>>;
  const place = table ? `${schema}.${table}` : 'a table or domain';
  const what = column
    ? `Imported rows have no value in ${place}.${column}, which demands one.`
    : `Imported rows break ${constraint ? `the constraint ${constraint}` : 'a constraint'} of ${place}.`;
  return new TankerError(
    'KeyConflict',
    {
      what,
      now: 'Nothing was imported; rows that were there are unchanged.',
      next: ABOUT[code] ?? SAME_KEYS,
    },
    { cause },
  );
}
