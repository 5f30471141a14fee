import type { Erased } from '@tanker/contract/index.ts';
import type { FencedCall } from '@tanker/sdk/index.ts';
import type { ClientBase } from 'pg';
import { readCollections, readOutbox, type Table } from './catalog.ts';
import { fenced } from './fence.ts';
import { importCalls } from './imports.ts';
import type { Site } from './site.ts';
import { dropImports, stagingRows } from './staging.ts';

/**
 * Deletes the company's rows and staging, children before parents, and counts what is left before it commits. The
 * fence row and the change counts stay: they hold the company's id and numbers that must never go back.
 */
export function erase(site: Site, call: FencedCall): Promise<Erased> {
  const { company } = call;
  return fenced(site, call, { kind: 'other', lock: 'writers', ends: importCalls }, async (client) => {
    const outbox = await readOutbox(client, site);
    const tables = [...(await readCollections(client, site)), ...(outbox ? [outbox] : [])].reverse();
    const staging = await dropImports(client, site, company);
    let rows = 0;
    for (const table of tables) {
      const deleted = await client.query(`DELETE FROM ${table.table} WHERE ${table.ofCompany}`, [company]);
      rows += deleted.rowCount ?? 0;
    }
    await client.query(`SELECT ${site.schema}.fold_changes($1)`, [company]);
    await client.query(
      `UPDATE ${site.schema}.fence SET import_session = NULL, changes = changes + $2 WHERE company = $1`,
      [company, rows],
    );
    return {
      erased: { rows, staging },
      left: {
        rows: await countRows(client, tables, company),
        staging: await stagingRows(client, site, company),
      },
    };
  });
}

async function countRows(client: ClientBase, tables: readonly Table[], company: string): Promise<number> {
  let rows = 0;
  for (const table of tables) {
    const counted = await client.query<{ n: string }>(
      `SELECT count(*) AS n FROM ${table.table} WHERE ${table.ofCompany}`,
      [company],
    );
    rows += Number(counted.rows[0]?.n ?? 0);
  }
  return rows;
}
