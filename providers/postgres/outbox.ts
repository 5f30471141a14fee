import { type Drain, TankerError } from '@tanker/contract/index.ts';
import type { CompanyCall } from '@tanker/sdk/index.ts';
import type { ClientBase } from 'pg';
import { placeOf } from '../refusals.ts';
import { readOutbox, readTables, type Table } from './catalog.ts';
import { joinChanges } from './changes.ts';
import type { Site } from './site.ts';
import { beginSnapshot, transaction } from './transaction.ts';

export async function pendingMessages(
  client: ClientBase,
  site: Site,
  outbox: Table,
  company: string,
): Promise<number> {
  const { rows } = await client.query<{ n: string }>(
    `SELECT count(*) AS n FROM ${outbox.table} WHERE ${outbox.ofCompany} AND (${site.config.outbox?.pending})`,
    [company],
  );
  return Number(rows[0]?.n ?? 0);
}

/**
 * Refuses an import whose own inserts have made messages, by a trigger: nobody sent them, and a consumer would deliver
 * them. The outbox held none of the company before.
 */
export async function refuseMadeMessages(client: ClientBase, site: Site, company: string): Promise<void> {
  const outbox = await readOutbox(client, site);
  if (!outbox) return;
  const { rows } = await client.query<{ n: string }>(
    `SELECT count(*) AS n FROM ${outbox.table} WHERE ${outbox.ofCompany}`,
    [company],
  );
  if (Number(rows[0]?.n) === 0) return;
  throw new TankerError('StagingMismatch', {
    what: `The import's own rows of company ${company} made ${rows[0]?.n} message(s) in ${outbox.place} of ${placeOf(site)} that no part holds: a trigger of the tables writes them.`,
    now: 'Nothing is visible.',
    next: "Let that trigger do nothing while current_setting('tanker.worker', true) is 'on', then begin the import anew.",
  });
}

/** What is pending and the watermark, at one instant. */
export async function drain(site: Site, call: CompanyCall): Promise<Drain> {
  await joinChanges(site, call.signal, call.company);
  return transaction(site, beginSnapshot(), call.signal, async (client) => {
    const { outbox } = site.config;
    const [table] = outbox ? await readTables(client, [{ ...outbox, name: 'outbox' }]) : [];
    const waits = table !== undefined && !(await isCopied(client, site, call.company));
    return {
      pending: waits ? await pendingMessages(client, site, table, call.company) : 0,
      watermark: await readWatermark(client, site, call.company),
    };
  });
}

/**
 * Whether the messages here are a copy: a collection is in the export of the company that is closed here, so that nobody
 * works its messages off here any more, however many become due meanwhile.
 */
async function isCopied(client: ClientBase, site: Site, company: string): Promise<boolean> {
  const { outbox, collections } = site.config;
  if (!collections.some((one) => one.table === outbox?.table)) return false;
  const { rowCount } = await client.query(
    `SELECT 1 FROM ${site.schema}.fence WHERE company = $1 AND closed_epoch IS NOT NULL`,
    [company],
  );
  return rowCount === 1;
}

export async function readWatermark(client: ClientBase, site: Site, company: string): Promise<string> {
  const { rows } = await client.query<{ watermark: string }>(
    `SELECT ${site.schema}.watermark($1) AS watermark`,
    [company],
  );
  return rows[0]?.watermark ?? '0';
}
