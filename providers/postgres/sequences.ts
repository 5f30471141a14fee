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
 * Lets every sequence of the tables stand at or beyond the company's imported numbers, in the steps it counts in: locations
 * that share out ids by step and first number keep doing so. One that counts down goes down to the lowest number.
 */
export async function advanceSequences(
  client: ClientBase,
  tables: readonly Table[],
  company: string,
): Promise<void> {
  for (const table of tables) {
    for (const { name, sequences } of table.columns) {
      if (sequences.length === 0) continue;
      const column = escapeIdentifier(name);
      const { rows } = await client.query<{ lowest: string | null; highest: string | null }>(
        `SELECT min(${column})::text AS lowest, max(${column})::text AS highest
          FROM ${table.table} WHERE ${table.ofCompany}`,
        [company],
      );
      const { lowest, highest } = rows[0] ?? {};
      if (lowest == null || highest == null) continue;
      for (const sequence of sequences) await advance(client, sequence, lowest, highest);
    }
  }
}

async function advance(client: ClientBase, sequence: string, lowest: string, highest: string): Promise<void> {
  await client.query(
    `WITH state AS (
        SELECT s.last_value - CASE WHEN s.is_called THEN 0 ELSE d.seqincrement END AS drawn, d.seqincrement AS step,
          d.seqmin AS least, d.seqmax AS most,
          CASE WHEN d.seqincrement > 0 THEN $3::numeric ELSE $2::numeric END AS far
        FROM ${sequence} s, pg_sequence d WHERE d.seqrelid = $1::regclass),
      gap AS (SELECT greatest(0, ceil((far - drawn) / step)) AS calls, state.* FROM state)
    SELECT count(CASE WHEN gap.calls <= $4 THEN nextval($1::regclass)
        ELSE setval($1::regclass, greatest(gap.least, least(gap.drawn + gap.calls * gap.step, gap.most))::bigint) END)
    FROM gap, generate_series(1, CASE WHEN gap.calls <= $4 THEN gap.calls ELSE 1 END::bigint)`,
    [sequence, lowest, highest, NEXTVAL_LIMIT],
  );
}
