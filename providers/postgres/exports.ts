import { randomUUID } from 'node:crypto';
import {
  type ExportBegun,
  type ExportFinished,
  formatLocation,
  MAX_PART_BYTES,
  TankerError,
} from '@tanker/contract/index.ts';
import type { FencedCall } from '@tanker/sdk/index.ts';
import type { Client } from 'pg';
import { finishCounted } from '../export-session.ts';
import type { OpenCall } from '../open-calls.ts';
import { sessionUnknown } from '../refusals.ts';
import { readCollections, readOutbox, type Table } from './catalog.ts';
import { FORMAT } from './config.ts';
import { collectionDigests } from './digest.ts';
import { ExportSession } from './export-session.ts';
import { fenced } from './fence.ts';
import { pendingMessages } from './outbox.ts';
import { planParts } from './part-plan.ts';
import { quoteTable, type Site } from './site.ts';
import { columnsOf, rememberSlice } from './slices.ts';
import { beginSnapshot, endBackend } from './transaction.ts';

const exportCalls = (open: OpenCall): boolean => open.kind === 'export';

/**
 * Closes the company, then waits out the writers in flight: in this order, because writers that come while others
 * are waited for would otherwise keep the waiting from its end. A writer in flight that changes something more is
 * refused and rolls back; what has been committed before is in the snapshot.
 */
export async function beginExport(
  site: Site,
  call: FencedCall,
  { grant }: { readonly grant: number },
): Promise<ExportBegun> {
  const id = randomUUID();
  const { schema } = site;
  const { company, fence } = call;
  await fenced(site, call, { kind: 'export', ends: exportCalls }, async (client) => {
    await client.query(
      `UPDATE ${schema}.fence SET closed_epoch = $2, closed_grant = $3, export_session = $4,
          ended_epoch = NULL, ended_grant = NULL
        WHERE company = $1`,
      [company, fence.epoch, grant, id],
    );
  });
  await site.exports.get(company)?.end();
  const open = site.calls.open({ company, epoch: fence.epoch, kind: 'export', session: id }, call.signal);
  try {
    const own = { ...call, signal: open.signal };
    await fenced(site, own, { kind: 'export', lock: 'writers' }, async (client, row) => {
      if (row.exportSession !== id) throw sessionUnknown(site, call.company);
      await client.query(`SELECT ${schema}.fold_changes($1)`, [company]);
    });
    const { session, tables } = await takeSnapshot(site, own, id);
    await keepSnapshot(site, own, session, tables);
    const parts = session.parts.map(({ part, estimatedBytes }) => ({ part, estimatedBytes }));
    return { export: id, format: FORMAT, parts };
  } finally {
    open.close();
  }
}

/**
 * Makes the snapshot the company's, unless a newer begin or an open has ended its session meanwhile. Both lock the row
 * that is locked here, so they come before this and it fails, or after it and they end the snapshot.
 */
async function keepSnapshot(
  site: Site,
  call: FencedCall,
  session: ExportSession,
  tables: readonly Table[],
): Promise<void> {
  try {
    await fenced(site, call, { kind: 'export' }, async (client, row) => {
      if (row.exportSession !== session.id) throw sessionUnknown(site, call.company);
      await rememberSlice(client, site, call.company, columnsOf(tables));
      const former = site.exports.get(call.company);
      site.exports.set(call.company, session);
      await former?.end();
    });
  } catch (error) {
    await session.end();
    throw error;
  }
}

async function takeSnapshot(
  site: Site,
  call: FencedCall,
  id: string,
): Promise<{ session: ExportSession; tables: Table[] }> {
  const pin = await site.connect();
  const gone = () =>
    void endBackend(site, pin)
      .then(() => pin.end())
      .catch(() => undefined);
  pin.on('error', () => undefined);
  call.signal.addEventListener('abort', gone, { once: true });
  try {
    call.signal.throwIfAborted();
    await pin.query(beginSnapshot());
    await lockTables(pin, site);
    const { rows } = await pin.query<{ snapshot: string; watermark: string }>(
      `SELECT pg_export_snapshot() AS snapshot, ${site.schema}.watermark($1) AS watermark`,
      [call.company],
    );
    const tables = await readCollections(pin, site);
    const outbox = await readOutbox(pin, site);
    if (outbox) await refusePending(pin, site, call, outbox);
    const maxBytes = site.config.maxPartBytes ?? MAX_PART_BYTES;
    const parts = await planParts(pin, tables, call.company, maxBytes);
    call.signal.throwIfAborted();
    const found = rows[0];
    if (!found) throw new Error('a select without a row');
    const session: ExportSession = new ExportSession({
      ...found,
      id,
      epoch: call.fence.epoch,
      parts,
      digests: digestSnapshot(pin, site, tables, call.company),
      onEnd: async () => {
        if (site.exports.get(call.company) === session) site.exports.delete(call.company);
        await endBackend(site, pin);
        await pin.end().catch(() => undefined);
      },
    });
    pin.on('error', () => void session.end());
    return { session, tables };
  } catch (error) {
    gone();
    throw call.signal.aborted ? call.signal.reason : error;
  } finally {
    call.signal.removeEventListener('abort', gone);
  }
}

/** Before the snapshot is taken, which LOCK doesn't do: no table changes its shape or is truncated under it. */
async function lockTables(pin: Client, site: Site): Promise<void> {
  const { collections, outbox } = site.config;
  const places = [...collections.map((one) => one.table), ...(outbox ? [outbox.table] : [])];
  await pin.query(`LOCK TABLE ${places.map(quoteTable).join(', ')} IN ACCESS SHARE MODE`);
}

/** The outbox is not copied: a message that came between the drain and the closing would be lost. */
async function refusePending(pin: Client, site: Site, call: FencedCall, outbox: Table): Promise<void> {
  const pending = await pendingMessages(pin, site, outbox, call.company);
  if (pending === 0) return;
  throw new TankerError('DrainIncomplete', {
    what: `${pending} message(s) of the company are pending in ${outbox.place}.`,
    now: `The company is closed at ${formatLocation(site.location)} and nothing was exported.`,
    next: 'Open the company, let its consumers work the messages off, then begin anew.',
  });
}

async function digestSnapshot(pin: Client, site: Site, tables: readonly Table[], company: string) {
  const from = site.now();
  const collections = await collectionDigests(pin, site.schema, tables, company);
  return { collections, work: { kind: 'digest' as const, from, to: site.now() } };
}

/** The session if it is the company's current one, here and in the store. */
export async function currentExport(site: Site, call: FencedCall, id: string): Promise<ExportSession> {
  await fenced(site, call, { kind: 'export' }, async (_client, row) => {
    if (row.exportSession !== id) throw sessionUnknown(site, call.company);
  });
  const session = site.exports.get(call.company);
  if (session?.id !== id) throw sessionUnknown(site, call.company);
  session.touch();
  return session;
}

export const finishExport = async (
  site: Site,
  call: FencedCall,
  at: { readonly export: string },
): Promise<ExportFinished> => finishCounted(await currentExport(site, call, at.export));

export async function releaseExport(
  site: Site,
  call: FencedCall,
  { export: id }: { readonly export: string },
): Promise<void> {
  await fenced(
    site,
    call,
    { kind: 'other', ends: (open) => exportCalls(open) && open.session === id },
    async (client) => {
      await client.query(
        `UPDATE ${site.schema}.fence SET export_session = NULL WHERE company = $1 AND export_session = $2`,
        [call.company, id],
      );
    },
  );
  const session = site.exports.get(call.company);
  if (session?.id === id) await session.end();
}

/**
 * Ends the closing, and every export of it: what is written from now on is in none of them. With a grant, only the
 * closing under that grant: one that a newer task has made meanwhile stays, with its export.
 */
export async function openCompany(
  site: Site,
  call: FencedCall,
  { grant }: { readonly grant?: number },
): Promise<void> {
  if (grant !== undefined) return openGrant(site, call, grant);
  await fenced(site, call, { kind: 'other', ends: exportCalls }, async (client) => {
    await client.query(
      `UPDATE ${site.schema}.fence SET closed_epoch = NULL, closed_grant = NULL, export_session = NULL,
          ended_epoch = NULL, ended_grant = NULL
        WHERE company = $1`,
      [call.company],
    );
  });
  await site.exports.get(call.company)?.end();
}

async function openGrant(site: Site, call: FencedCall, grant: number): Promise<void> {
  const ended = await fenced(site, call, { kind: 'other' }, async (client, row) => {
    const opened = await client.query(
      `UPDATE ${site.schema}.fence SET closed_epoch = NULL, closed_grant = NULL, export_session = NULL,
          ended_epoch = NULL, ended_grant = NULL
        WHERE company = $1 AND closed_grant = $2`,
      [call.company, grant],
    );
    return opened.rowCount ? row.exportSession : null;
  });
  const session = site.exports.get(call.company);
  if (session && session.id === ended) await session.end();
}
