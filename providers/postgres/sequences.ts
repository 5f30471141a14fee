import type { ClientBase } from 'pg';
import { escapeIdentifier } from 'pg';
import type { Table } from './catalog.ts';

/**
 * Up to here a sequence is advanced by nextval, which never goes back however many writers of other companies draw
 * numbers meanwhile. 100,000 calls take about 50 ms. Beyond it setval is used: to set it back, others would have to
 * draw more than 100,000 numbers between the reading and the setting inside one statement.
 */
const NEXTVAL_LIMIT = 100_000;

/**
 * Lets every sequence of the tables stand at or above the company's imported numbers, in the steps it counts in: locations
 * that share out ids by step and first number keep doing so. Sequences that count down stay.
 */
export async function advanceSequences(
  client: ClientBase,
  tables: readonly Table[],
  company: string,
): Promise<void> {
  for (const table of tables) {
    for (const { name, sequence } of table.columns) {
      if (sequence === null) continue;
      const { rows } = await client.query<{ highest: string | null }>(
        `SELECT max(${escapeIdentifier(name)})::text AS highest FROM ${table.table} WHERE ${table.ofCompany}`,
        [company],
      );
      const highest = rows[0]?.highest;
      if (highest != null) await advance(client, sequence, highest);
    }
  }
}

async function advance(client: ClientBase, sequence: string, highest: string): Promise<void> {
  await client.query(
    `WITH state AS (
        SELECT s.last_value - CASE WHEN s.is_called THEN 0 ELSE d.seqincrement END AS drawn, d.seqincrement AS step,
          d.seqmax AS most
        FROM ${sequence} s, pg_sequence d WHERE d.seqrelid = $1::regclass AND d.seqincrement > 0),
      gap AS (SELECT greatest(0, ceil(($2::numeric - drawn) / step)) AS calls, drawn, step, most FROM state)
    SELECT count(CASE WHEN gap.calls <= $3 THEN nextval($1::regclass)
        ELSE setval($1::regclass, least(gap.drawn + gap.calls * gap.step, gap.most)::bigint) END)
    FROM gap, generate_series(1, CASE WHEN gap.calls <= $3 THEN gap.calls ELSE 1 END::bigint)`,
    [sequence, highest, NEXTVAL_LIMIT],
  );
}
