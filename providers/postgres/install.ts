import { createHash } from 'node:crypto';
import { type ClientBase, escapeIdentifier } from 'pg';
import { readTables } from './catalog.ts';
import { guardFunctionsSql, guardTriggers, schemaSql } from './schema.ts';
import { quoteTable, type Site } from './site.ts';
import { transaction } from './transaction.ts';

/** Any number that no other installer uses: installs of the same server run one after the other. */
const INSTALL_LOCK = 0x74616e6b;

/** What an operator should know of a server that is ready. */
export interface Installed {
  /** The product's own triggers that run for every row of an import, as `schema.table: trigger`. */
  readonly importTriggers: readonly string[];
}

/**
 * Creates Tanker's schema beside the provider's tables and guards them by triggers. May be called at every start: what
 * is there stays. Adding a trigger waits for the table's writers in flight. Throws when a table can't be worked with.
 */
export const install = (site: Site): Promise<Installed> =>
  transaction(site, 'BEGIN', new AbortController().signal, async (client) => {
    await client.query('SELECT pg_advisory_xact_lock($1)', [INSTALL_LOCK]);
    await checkServer(client);
    const { collections, outbox } = site.config;
    const guarded = [
      ...collections,
      ...(outbox && !collections.some((one) => one.table === outbox.table)
        ? [{ ...outbox, name: 'outbox' }]
        : []),
    ];
    const tables = await readTables(client, guarded, false);
    await client.query(schemaSql(site.schema));
    for (const { table, companyColumn } of guarded) {
      const column = escapeIdentifier(companyColumn);
      const guard = `guard_${createHash('sha256').update(table).digest('hex').slice(0, 16)}`;
      await client.query(guardFunctionsSql(site.schema, guard, column));
      await addTriggers(client, site, table, guard);
    }
    for (const { table, companyColumn } of guarded) {
      await client.query(
        `INSERT INTO ${site.schema}.fence (company)
          SELECT DISTINCT ${escapeIdentifier(companyColumn)}::text FROM ${quoteTable(table)}
          WHERE ${escapeIdentifier(companyColumn)} IS NOT NULL ON CONFLICT DO NOTHING`,
      );
    }
    if (tables.length === 0) throw new Error(`The provider ${site.config.name} has no collection.`);
    return { importTriggers: await importTriggers(client, site) };
  });

/** Constraints' own triggers are not among them, and Tanker's neither. Bit 2 of `tgtype` stands for INSERT. */
async function importTriggers(client: ClientBase, { config }: Site): Promise<string[]> {
  const { rows } = await client.query<{ text: string }>(
    `SELECT place || ': ' || tgname AS text
      FROM unnest($1::text[], $2::text[]) u(place, quoted) JOIN pg_trigger ON tgrelid = to_regclass(quoted)
      WHERE NOT tgisinternal AND tgenabled IN ('O', 'A') AND tgtype & 4 <> 0 AND NOT starts_with(tgname, 'tanker_')
      ORDER BY 1`,
    [config.collections.map(({ table }) => table), config.collections.map(({ table }) => quoteTable(table))],
  );
  return rows.map(({ text }) => text);
}

/** Lengths in the digest count octets of UTF-8, and the functions used here came with version 14. */
async function checkServer(client: ClientBase): Promise<void> {
  const { rows } = await client.query<{ encoding: string; version: number }>(
    `SELECT current_setting('server_encoding') AS encoding, current_setting('server_version_num')::int AS version`,
  );
  if (rows[0]?.encoding !== 'UTF8') throw new Error('The database is not encoded in UTF8.');
  if (rows[0].version < 140_000) throw new Error('PostgreSQL 14 or newer is needed.');
}

async function addTriggers(client: ClientBase, site: Site, place: string, guard: string): Promise<void> {
  const table = quoteTable(place);
  for (const [name, event, referencing, run] of guardTriggers(site.schema, guard)) {
    const trigger = escapeIdentifier(`${name}_${site.config.name}`);
    const { rows } = await client.query(
      `SELECT 1 FROM pg_trigger WHERE tgrelid = to_regclass($1) AND tgname = $2 AND tgenabled = 'A'`,
      [table, `${name}_${site.config.name}`],
    );
    if (rows.length > 0) continue;
    await client.query(
      `CREATE OR REPLACE TRIGGER ${trigger} ${event} ON ${table} ${referencing} FOR EACH STATEMENT EXECUTE FUNCTION ${run};
      ALTER TABLE ${table} ENABLE ALWAYS TRIGGER ${trigger}`,
    );
  }
}
