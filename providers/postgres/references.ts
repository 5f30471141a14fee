import type { ClientBase } from 'pg';
import type { Table } from './catalog.ts';

/**
 * Tables in their order, and those together in one group that refer to each other in a circle or against that order.
 * What one statement does to a group is checked at the statement's end, whether or not its keys are deferrable.
 */
export async function referenceGroups(client: ClientBase, tables: readonly Table[]): Promise<Table[][]> {
  const { rows } = await client.query<{ from: number; to: number }>(
    `SELECT DISTINCT f.at::int - 1 AS from, t.at::int - 1 AS to
      FROM unnest($1::text[]) WITH ORDINALITY f(place, at), unnest($1::text[]) WITH ORDINALITY t(place, at), pg_constraint c
      WHERE c.contype = 'f' AND c.conrelid = to_regclass(f.place) AND c.confrelid = to_regclass(t.place) AND f.at < t.at`,
    [tables.map(({ table }) => table)],
  );
  const groups: Table[][] = [];
  let last = -1;
  for (const [index, table] of tables.entries()) {
    if (index > last) groups.push([]);
    groups.at(-1)?.push(table);
    last = Math.max(last, index, ...rows.filter(({ from }) => from === index).map(({ to }) => to));
  }
  return groups;
}

/** Runs one statement over all of a group, or two and more as one. Answers how many rows they changed. */
export async function runTogether(
  client: ClientBase,
  statements: readonly string[],
  values: readonly string[] = [],
): Promise<number> {
  const [only] = statements;
  if (only === undefined) return 0;
  if (statements.length === 1) return (await client.query(only, [...values])).rowCount ?? 0;
  const parts = statements.map((statement, index) => `s${index} AS (${statement} RETURNING 1)`);
  const counts = statements.map((_, index) => `(SELECT count(*) FROM s${index})`);
  const { rows } = await client.query<{ n: string }>(
    `WITH ${parts.join(', ')} SELECT ${counts.join(' + ')} AS n`,
    [...values],
  );
  return Number(rows[0]?.n ?? 0);
}
