import type { Drain } from '@tanker/contract/index.ts';
import type { CompanyCall } from '@tanker/sdk/index.ts';
import type { ClientBase } from 'pg';
import { readTables, type Table } from './catalog.ts';
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

/** What is pending and the watermark, at one instant. */
export const drain = (site: Site, call: CompanyCall): Promise<Drain> =>
  transaction(site, beginSnapshot(), call.signal, async (client) => {
    const { outbox } = site.config;
    const [table] = outbox ? await readTables(client, [{ ...outbox, name: 'outbox' }]) : [];
    const pending = table ? await pendingMessages(client, site, table, call.company) : 0;
    return { pending, watermark: await readWatermark(client, site, call.company) };
  });

export async function readWatermark(client: ClientBase, site: Site, company: string): Promise<string> {
  const { rows } = await client.query<{ watermark: string }>(
    `SELECT ${site.schema}.watermark($1) AS watermark`,
    [company],
  );
  return rows[0]?.watermark ?? '0';
}
