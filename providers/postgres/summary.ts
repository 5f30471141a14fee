import type { Summary } from '@tanker/contract/index.ts';
import type { CompanyCall } from '@tanker/sdk/index.ts';
import { type ClientBase, escapeIdentifier } from 'pg';
import { readCollections } from './catalog.ts';
import { tableDigest } from './digest.ts';
import { readWatermark } from './outbox.ts';
import { tableSize } from './part-plan.ts';
import type { Site } from './site.ts';
import { stagingRows } from './staging.ts';
import { beginSnapshot, transaction } from './transaction.ts';

/** Everything at one instant: one snapshot for rows, digests, fence and watermark. */
export const summary = (
  site: Site,
  call: CompanyCall,
  { digest }: { readonly digest: boolean },
): Promise<Summary> =>
  transaction(site, beginSnapshot(), call.signal, async (client) => {
    const { company } = call;
    const from = site.now();
    const collections: Summary['collections'] = [];
    for (const table of await readCollections(client, site)) {
      const size = await tableSize(client, table, company);
      const sum = digest ? { digest: await tableDigest(client, site.schema, table, company) } : {};
      collections.push({ name: table.name, ...size, ...sum });
    }
    return {
      ...(await readFence(client, site, company)),
      collections,
      stagingRows: await stagingRows(client, site, company),
      unclaimed: await unclaimed(client, site, company),
      watermark: await readWatermark(client, site, company),
      work: digest ? [{ kind: 'digest', from, to: site.now() }] : [],
    };
  });

async function readFence(client: ClientBase, site: Site, company: string) {
  const { rows } = await client.query<{
    incarnation: string;
    epoch: number | null;
    holder: string | null;
    closed_epoch: number | null;
    closed_grant: number | null;
  }>(
    `SELECT ${site.schema}.incarnation(), f.epoch::float8, f.holder, f.closed_epoch::float8, f.closed_grant::float8
      FROM (SELECT) one LEFT JOIN ${site.schema}.fence f ON f.company = $1`,
    [company],
  );
  const [row] = rows;
  if (!row) throw new Error('a left join without a row');
  return {
    incarnation: row.incarnation,
    epoch: row.epoch ?? 0,
    holder: row.holder,
    closed: row.closed_epoch === null ? null : { epoch: row.closed_epoch, grant: row.closed_grant },
  };
}

/**
 * Tables of the configured schemas that have a company column by one of the configured names, hold rows of the
 * company and belong to no collection: data that a move would leave behind.
 */
export async function unclaimed(
  client: ClientBase,
  site: Site,
  company: string,
): Promise<Summary['unclaimed']> {
  const { collections, outbox } = site.config;
  const claimed = [...collections, ...(outbox ? [outbox] : [])];
  const { rows: tables } = await client.query<{ schema: string; name: string; column: string }>(
    `SELECT n.nspname AS schema, c.relname AS name, a.attname AS column
      FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped
        AND n.nspname = ANY($1) AND a.attname = ANY($2) AND n.nspname || '.' || c.relname <> ALL($3)
      ORDER BY 1, 2, 3`,
    [
      [...new Set(claimed.map((one) => one.table.split('.')[0]))],
      [...new Set(claimed.map((one) => one.companyColumn))],
      claimed.map((one) => one.table),
    ],
  );
  const found: Summary['unclaimed'] = [];
  for (const { schema, name, column } of tables) {
    const { rows } = await client.query<{ n: string }>(
      `SELECT count(*) AS n FROM ${escapeIdentifier(schema)}.${escapeIdentifier(name)} WHERE ${escapeIdentifier(column)}::text = $1`,
      [company],
    );
    const count = Number(rows[0]?.n ?? 0);
    if (count > 0) found.push({ place: `${schema}.${name}`, rows: count });
  }
  return found;
}
