import type { FencedCall } from '@tanker/sdk/index.ts';
import type { ClientBase, PoolClient } from 'pg';
import type { OpenCall } from '../open-calls.ts';
import { otherHolder, otherIncarnation, sessionUnknown, staleEpoch } from '../refusals.ts';
import type { Site } from './site.ts';
import { BEGIN_WORK, transaction } from './transaction.ts';

/** What the provider knows of a company's epochs, read under the row's lock. */
export interface FenceRow {
  readonly epoch: number;
  readonly holder: string | null;
  readonly sealedEpoch: number | null;
  readonly exportSession: string | null;
  readonly importSession: string | null;
}

/**
 * How the row is locked. Both keep Tanker's calls apart. `calls` (FOR NO KEY UPDATE) lets the company's writers go
 * on; `writers` (FOR UPDATE) waits for those in flight and holds new ones until the transaction ends.
 */
export type FenceLock = 'calls' | 'writers';

const COLUMNS = 'epoch::float8, holder, sealed_epoch::float8, export_session, import_session';

interface Row {
  epoch: number;
  holder: string | null;
  sealed_epoch: number | null;
  export_session: string | null;
  import_session: string | null;
  incarnation: string;
}

function checkRow(site: Site, row: Row, call: FencedCall): void {
  const { company, fence } = call;
  const { epoch, holder } = fence;
  if (row.incarnation !== fence.incarnation) throw otherIncarnation(site, company);
  if (epoch < row.epoch) throw staleEpoch(site, { company, epoch }, row);
  if (epoch === row.epoch && row.holder !== null && row.holder !== holder) {
    throw otherHolder(site, call, row.holder);
  }
}

/**
 * Locks the company's fence row, checks the call's incarnation, epoch and holder, and raises the row to them. A
 * raised epoch ends the sessions of the epochs before. Called first in the transaction of every effect.
 */
export async function enterFence(
  client: ClientBase,
  site: Site,
  call: FencedCall,
  lock: FenceLock,
): Promise<FenceRow> {
  const select = `SELECT ${COLUMNS}, ${site.schema}.incarnation() FROM ${site.schema}.fence
    WHERE company = $1 FOR ${lock === 'writers' ? 'UPDATE' : 'NO KEY UPDATE'}`;
  let [row] = (await client.query<Row>(select, [call.company])).rows;
  if (!row) {
    const insert = `INSERT INTO ${site.schema}.fence (company) VALUES ($1) ON CONFLICT DO NOTHING`;
    await client.query(insert, [call.company]);
    [row] = (await client.query<Row>(select, [call.company])).rows;
  }
  if (!row) throw new Error('the fence row is missing');
  checkRow(site, row, call);
  const raised = call.fence.epoch > row.epoch;
  if (raised || row.holder === null) {
    await client.query(
      `UPDATE ${site.schema}.fence SET epoch = $2, holder = $3, export_session = NULL, import_session = NULL
        WHERE company = $1`,
      [call.company, call.fence.epoch, call.fence.holder],
    );
  }
  return {
    epoch: call.fence.epoch,
    holder: call.fence.holder,
    sealedEpoch: row.sealed_epoch,
    exportSession: raised ? null : row.export_session,
    importSession: raised ? null : row.import_session,
  };
}

/** Checks without a lock and without raising, before calls of other epochs are ended on the word of this one. */
async function precheck(site: Site, call: FencedCall): Promise<void> {
  const sql = `SELECT ${COLUMNS}, ${site.schema}.incarnation() FROM ${site.schema}.fence WHERE company = $1`;
  const [row] = (await site.pool.query<Row>(sql, [call.company])).rows;
  if (row) checkRow(site, row, call);
}

export interface FencedOptions {
  readonly kind: OpenCall['kind'];
  readonly lock?: FenceLock;
  readonly begin?: string;
  /** Calls of the same epoch that end too; those of lower epochs always do. */
  readonly ends?: (open: OpenCall) => boolean;
}

/** Ends what the call supersedes, then does its work in one transaction with the fence check. */
export async function fenced<T>(
  site: Site,
  call: FencedCall,
  options: FencedOptions,
  work: (client: PoolClient, row: FenceRow, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  await endSuperseded(site, call, options.ends);
  const open = site.calls.open(
    { company: call.company, epoch: call.fence.epoch, kind: options.kind },
    call.signal,
  );
  try {
    const result = await transaction(site, options.begin ?? BEGIN_WORK, open.signal, async (client) => {
      const row = await enterFence(client, site, call, options.lock ?? 'calls');
      return work(client, row, open.signal);
    });
    const snapshot = site.exports.get(call.company);
    if (snapshot && snapshot.epoch < call.fence.epoch) await snapshot.end();
    return result;
  } finally {
    open.close();
  }
}

/** Ends open calls of lower epochs, and those of this epoch that the call replaces. */
export async function endSuperseded(
  site: Site,
  call: FencedCall,
  ends: (open: OpenCall) => boolean = () => false,
): Promise<void> {
  const { epoch } = call.fence;
  const lower = (open: OpenCall) => open.company === call.company && open.epoch < epoch;
  const same = (open: OpenCall) => open.company === call.company && open.epoch === epoch && ends(open);
  if (!site.calls.has(lower) && !site.calls.has(same)) return;
  await precheck(site, call);
  await site.calls.end(lower, (open) => staleEpoch(site, open, call.fence));
  await site.calls.end(same, ({ company }) => sessionUnknown(site, company));
}
