import type { Erased } from '@tanker/contract/index.ts';
import type { FencedCall } from '@tanker/sdk/index.ts';
import type { ClientBase } from 'pg';
import { readCollections, readOutbox, type Table } from './catalog.ts';
import { fenced } from './fence.ts';
import { refuseForeign } from './foreign-rows.ts';
import { importCalls } from './imports.ts';
import { referenceGroups, runTogether } from './references.ts';
import type { Site } from './site.ts';
import { forgetSlice } from './slices.ts';
import { dropImports, stagingRows } from './staging.ts';
import { unclaimed } from './summary.ts';

/**
 * Deletes the company's rows and staging, children before parents, and counts what is left before it commits. Rows that
 * no collection claims are not deleted but counted as left, so that a person looks at them; where rows of others hang on
 * the company's, nothing is deleted. The outbox is emptied twice, for what triggers write there. What stays holds the
 * company's id and no data of it: the fence row, whose epochs and change counts must never go back; a closing, which an
 * import ends and until then refuses whoever is late, and which is there again when that import is undone; the keys of
 * hooks, which must not run again. Sequences stay too: numbers that were given out are not given out again.
 */
export function erase(site: Site, call: FencedCall): Promise<Erased> {
  const { company } = call;
  return fenced(site, call, { kind: 'other', lock: 'writers', ends: importCalls }, async (client) => {
    const outbox = await readOutbox(client, site);
    const messages = outbox ? [outbox] : [];
    const tables = [...(await readCollections(client, site)), ...messages];
    await refuseForeign(client, tables, company);
    const staging = await dropImports(client, site, company);
    await forgetSlice(client, site, company);
    let rows = 0;
    for (const group of [messages, ...(await referenceGroups(client, tables))].reverse()) {
      rows += await runTogether(client, group.map(deleteSql), [company]);
    }
    await client.query(`SELECT ${site.schema}.fold_changes($1)`, [company]);
    await client.query(
      `UPDATE ${site.schema}.fence SET import_session = NULL, changes = changes + $2,
          closed_epoch = coalesce(closed_epoch, ended_epoch), closed_grant = coalesce(closed_grant, ended_grant),
          ended_epoch = NULL, ended_grant = NULL
        WHERE company = $1`,
      [company, rows],
    );
    const strangers = (await unclaimed(client, site, company)).reduce((sum, place) => sum + place.rows, 0);
    return {
      erased: { rows, staging },
      left: {
        rows: strangers + (await countRows(client, tables, company)),
        staging: await stagingRows(client, site, company),
      },
    };
  });
}

const deleteSql = ({ table, ofCompany }: Table): string => `DELETE FROM ${table} WHERE ${ofCompany}`;

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
