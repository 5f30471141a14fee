import { type ImportBeginRequest, ImportPublished, type TankerError } from '@tanker/contract/index.ts';
import type { FencedCall } from '@tanker/sdk/index.ts';
import type { ClientBase } from 'pg';
import { notEmptyAtPublish, sessionUnknown, stagingMismatch } from '../refusals.ts';
import { readCollections, type Table } from './catalog.ts';
import { fenced } from './fence.ts';
import { refuseRows } from './imports.ts';
import { insertStaged, type StagedPart, stagedTables } from './insert-staged.ts';
import { refuseMadeMessages } from './outbox.ts';
import { advanceSequences } from './sequences.ts';
import type { Site } from './site.ts';
import { columnsOf, rememberSlice } from './slices.ts';
import { checkImport } from './staging.ts';

/**
 * Makes the staged rows the company's, all or none, in the transaction of the fence check. Refused unless staging
 * equals the manifest: every part received whole (octets and SHA-256 were compared as they came), as many rows in its
 * staging table now, and all of them of this company. What COPY may have changed in a value shows in the seal's digest.
 */
export function publishImport(
  site: Site,
  call: FencedCall,
  { session }: { readonly session: string },
): Promise<ImportPublished> {
  const { schema } = site;
  return fenced(site, call, { kind: 'import', lock: 'writers' }, async (client, row) => {
    checkImport(site, call.company, row, session);
    const { rows: sessions } = await client.query<{ manifest: ImportBeginRequest; published: unknown }>(
      `SELECT manifest, published FROM ${schema}.imports WHERE session = $1 AND company = $2`,
      [session, call.company],
    );
    const [found] = sessions;
    if (!found) throw sessionUnknown(site, call.company);
    if (found.published !== null) return ImportPublished.parse(found.published);
    const from = site.now();
    await refuseRows(client, site, call.company, notEmptyAtPublish);
    const { rows: staged } = await client.query<StagedPart>(
      `SELECT part, collection, staging, columns, receipt FROM ${schema}.import_parts WHERE session = $1 ORDER BY part`,
      [session],
    );
    const tables = await readCollections(client, site);
    const differ = (what: string) => stagingMismatch(site, call.company, what);
    await checkStaging(client, { tables, staged, differ }, found.manifest, call.company);
    const slice = stagedTables(tables, staged, differ);
    const rows = await insertStaged(client, tables, slice);
    await refuseMadeMessages(client, site, call.company);
    await rememberSlice(
      client,
      site,
      call.company,
      columnsOf(slice.map(({ table, columns }) => ({ name: table.name, columns }))),
    );
    await advanceSequences(client, tables, call.company);
    const published = { rows, work: [{ kind: 'publish' as const, from, to: site.now() }] };
    await client.query(`UPDATE ${schema}.imports SET published = $2 WHERE session = $1`, [
      session,
      JSON.stringify(published),
    ]);
    await client.query(`UPDATE ${schema}.fence SET changes = changes + $2 WHERE company = $1`, [
      call.company,
      rows,
    ]);
    if (staged.length > 0) await client.query(`DROP TABLE ${staged.map((one) => one.staging).join(', ')}`);
    await client.query(`DELETE FROM ${schema}.import_parts WHERE session = $1`, [session]);
    return published;
  });
}

interface Staging {
  readonly tables: readonly Table[];
  readonly staged: readonly StagedPart[];
  differ(what: string): TankerError;
}

async function checkStaging(
  client: ClientBase,
  { tables, staged, differ }: Staging,
  manifest: ImportBeginRequest,
  company: string,
): Promise<void> {
  const perCollection = new Map<string, number>();
  for (const expected of manifest.parts) {
    const part = staged.find((one) => one.part === expected.part);
    if (!part?.receipt) throw differ(`part ${expected.part} has not arrived whole`);
    const table = tables.find((one) => one.name === part.collection);
    if (!table) throw differ(`part ${expected.part} holds a collection that is not here`);
    const { rows } = await client.query<{ all: string; own: string }>(
      `SELECT count(*) AS all, count(*) FILTER (WHERE ${table.ofCompany}) AS own FROM ${part.staging}`,
      [company],
    );
    const all = Number(rows[0]?.all);
    if (all !== expected.rows) {
      throw differ(`part ${expected.part} has ${all} rows in staging and ${expected.rows} in the manifest`);
    }
    if (Number(rows[0]?.own) !== all) {
      throw differ(`part ${expected.part} holds rows of another company`);
    }
    perCollection.set(part.collection, (perCollection.get(part.collection) ?? 0) + all);
  }
  for (const { name, digest } of manifest.collections) {
    if ((perCollection.get(name) ?? 0) !== digest.rows) {
      throw differ(
        `the parts of ${name} do not have the ${digest.rows} rows that the manifest's digest counts`,
      );
    }
  }
}
