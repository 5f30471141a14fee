import { randomUUID } from 'node:crypto';
import type { ImportBeginRequest, ImportBegun, Sealed } from '@tanker/contract/index.ts';
import type { FencedCall } from '@tanker/sdk/index.ts';
import type { ClientBase } from 'pg';
import type { OpenCall } from '../open-calls.ts';
import { formatUnreadable, notEmptyAtBegin } from '../refusals.ts';
import { readCollections, readOutbox } from './catalog.ts';
import { FORMAT } from './config.ts';
import { collectionDigests } from './digest.ts';
import { type FenceRow, fenced } from './fence.ts';
import { readWatermark } from './outbox.ts';
import type { Site } from './site.ts';
import { forgetSlice, slicedTables } from './slices.ts';
import { checkUnsealed, dropImports } from './staging.ts';
import { beginSnapshot, transaction } from './transaction.ts';

export const importCalls = (open: OpenCall): boolean => open.kind === 'import';

/** Refuses while a row of the company is visible: an import adds to nothing and replaces nothing. */
export async function refuseRows(
  client: ClientBase,
  site: Site,
  company: string,
  notEmpty: typeof notEmptyAtBegin,
): Promise<void> {
  const outbox = await readOutbox(client, site);
  for (const table of [...(await readCollections(client, site)), ...(outbox ? [outbox] : [])]) {
    const { rows } = await client.query(`SELECT 1 FROM ${table.table} WHERE ${table.ofCompany} LIMIT 1`, [
      company,
    ]);
    if (rows.length === 0) continue;
    throw notEmpty(site, company, `rows in ${table.place}`);
  }
}

/**
 * A session that kills older ones with their staging and open streams, and ends a closing that a move away left. What this
 * very import has published already is answered as it is.
 */
export async function beginImport(
  site: Site,
  call: FencedCall,
  manifest: ImportBeginRequest,
): Promise<ImportBegun> {
  if (manifest.format.name !== FORMAT.name || manifest.format.version !== FORMAT.version) {
    throw formatUnreadable(site, manifest.format, FORMAT);
  }
  return fenced(site, call, { kind: 'import', lock: 'writers', ends: importCalls }, async (client, row) => {
    checkUnsealed(site, call.company, row);
    const published = await publishedSession(client, site, call, row, manifest);
    if (published !== null) return { session: published, published: true };
    const session = randomUUID();
    await refuseRows(client, site, call.company, notEmptyAtBegin);
    await dropImports(client, site, call.company);
    await forgetSlice(client, site, call.company);
    await client.query(
      `INSERT INTO ${site.schema}.imports (session, company, manifest, epoch, holder) VALUES ($1, $2, $3, $4, $5)`,
      [session, call.company, JSON.stringify(manifest), call.fence.epoch, call.fence.holder],
    );
    await client.query(
      `UPDATE ${site.schema}.fence SET import_session = $2, closed_epoch = NULL, closed_grant = NULL,
          ended_epoch = coalesce(closed_epoch, ended_epoch), ended_grant = coalesce(closed_grant, ended_grant)
        WHERE company = $1`,
      [call.company, session],
    );
    return { session };
  });
}

/** The current session if it was published under this epoch and holder from an equal manifest. */
async function publishedSession(
  client: ClientBase,
  site: Site,
  { company, fence }: FencedCall,
  { importSession }: FenceRow,
  manifest: ImportBeginRequest,
): Promise<string | null> {
  const { rowCount } = await client.query(
    `SELECT FROM ${site.schema}.imports WHERE session = $1 AND company = $2 AND published IS NOT NULL
      AND epoch = $3 AND holder = $4 AND manifest = $5::jsonb`,
    [importSession, company, fence.epoch, fence.holder, JSON.stringify(manifest)],
  );
  return rowCount === 1 ? importSession : null;
}

/** What is published is no staging any more: such a session stays, so that its import can still be found. */
export async function abortImport(
  site: Site,
  call: FencedCall,
  { session }: { readonly session: string },
): Promise<void> {
  const ends = (open: OpenCall) => importCalls(open) && open.session === session;
  await fenced(site, call, { kind: 'other', ends }, async (client) => {
    const published = await client.query(
      `SELECT FROM ${site.schema}.imports WHERE session = $1 AND company = $2 AND published IS NOT NULL`,
      [session, call.company],
    );
    if (published.rowCount !== 0) return;
    await dropImports(client, site, call.company, session);
    await client.query(
      `UPDATE ${site.schema}.fence SET import_session = NULL WHERE company = $1 AND import_session = $2`,
      [call.company, session],
    );
  });
}

/**
 * The digests are computed after the seal is committed: no import can change what they say. They are over the columns
 * that the company's last slice had: rows of an export from before a column was added equal what was exported.
 */
export async function seal(site: Site, call: FencedCall): Promise<Sealed> {
  await fenced(site, call, { kind: 'other', lock: 'writers', ends: importCalls }, async (client) => {
    await dropImports(client, site, call.company);
    await client.query(
      `UPDATE ${site.schema}.fence SET import_session = NULL, sealed_epoch = greatest(sealed_epoch, $2)
        WHERE company = $1`,
      [call.company, call.fence.epoch],
    );
  });
  const from = site.now();
  return transaction(site, beginSnapshot(), call.signal, async (client) => {
    const tables = await slicedTables(client, site, call.company, await readCollections(client, site));
    const collections = await collectionDigests(client, site.schema, tables, call.company);
    const watermark = await readWatermark(client, site, call.company);
    return { collections, watermark, work: [{ kind: 'digest' as const, from, to: site.now() }] };
  });
}
