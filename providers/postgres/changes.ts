import type { Site } from './site.ts';
import { BEGIN_WORK, transaction } from './transaction.ts';

/** Rows of one company that are summed quickly. Writers under read committed share as many as write at once. */
const MOST_ROWS = 100;
/** Companies whose rows one call joins; the next call goes on. */
const MOST_COMPANIES = 20;

/** Every write under repeatable read adds a row of its own: where they are many, they become one. */
export async function joinChanges(site: Site, signal: AbortSignal, company?: string): Promise<void> {
  const { rows } = await site.pool.query<{ company: string }>(
    `SELECT company FROM ${site.schema}.changes WHERE $1::text IS NULL OR company = $1
      GROUP BY company HAVING count(*) > $2 LIMIT $3`,
    [company ?? null, MOST_ROWS, MOST_COMPANIES],
  );
  for (const found of rows) {
    await transaction(site, BEGIN_WORK, signal, (client) =>
      client.query(`SELECT ${site.schema}.join_changes($1)`, [found.company]),
    );
  }
}
