import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { type Client, escapeIdentifier } from 'pg';
import { PRODUCT_COLLECTIONS } from './collections.ts';
import { writtenInDocuments } from './document-checks.ts';
import { DOCUMENTS } from './schema.ts';
import type { AcknowledgedWrite } from './writer.ts';

/**
 * What the demo and the system tests believe: plain SQL on the databases, by code that shares nothing with export,
 * import and digest. Tables are found in the database's own catalogue, so that a table which a provider forgot counts.
 */

export interface TableSnapshot {
  readonly rows: number;
  /** Octets of the rows as text. */
  readonly bytes: number;
  /** MD5 over the MD5 of each row's text, in the order of ids. */
  readonly fingerprint: string;
}

/** By `schema.table`. */
export type CompanySnapshot = Readonly<Record<string, TableSnapshot>>;

/** Queues stay behind when a company moves, so two locations are not compared by them. */
export const QUEUES: readonly string[] = ['deals.outbox', 'mail.outbox'];

/** Runs reads in one snapshot in which values have one text form. */
async function reading<T>(client: Client, work: () => Promise<T>): Promise<T> {
  await client.query(`BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
    SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO'; SET LOCAL extra_float_digits = 1`);
  try {
    return await work();
  } finally {
    await client.query('ROLLBACK');
  }
}

const quoted = (table: string): string => table.split('.').map(escapeIdentifier).join('.');

/** Tables with a company_id: the product's own, or those in the schemas of providers (`tanker_…`). */
async function companyTables(client: Client, whose: 'product' | 'tanker'): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT n.nspname || '.' || c.relname AS name
     FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
     WHERE a.attname = 'company_id' AND c.relkind IN ('r', 'p') AND NOT a.attisdropped
       AND (n.nspname LIKE 'tanker\\_%') = $1 ORDER BY 1`,
    [whose === 'tanker'],
  );
  return rows.map((row) => row.name);
}

/** Rows, octets and fingerprint of a company in each of the product's tables, in one snapshot. */
export function snapshotCompany(client: Client, company: string): Promise<CompanySnapshot> {
  return reading(client, async () => {
    const snapshot: Record<string, TableSnapshot> = {};
    for (const table of await companyTables(client, 'product')) {
      const { rows } = await client.query<{ rows: string; bytes: string; fingerprint: string }>(
        `SELECT count(*) AS rows, coalesce(sum(octet_length(t::text)), 0) AS bytes,
           md5(coalesce(string_agg(md5(t::text), '' ORDER BY t.id), '')) AS fingerprint
         FROM ${quoted(table)} AS t WHERE t.company_id = $1`,
        [company],
      );
      const [row] = rows;
      snapshot[table] = {
        rows: Number(row?.rows),
        bytes: Number(row?.bytes),
        fingerprint: String(row?.fingerprint),
      };
    }
    return snapshot;
  });
}

export const rowsOf = (snapshot: CompanySnapshot): number =>
  Object.values(snapshot).reduce((sum, table) => sum + table.rows, 0);

export interface Comparison {
  readonly equal: boolean;
  /** The tables that differ, or are only on one side. */
  readonly different: readonly string[];
}

/** Compares two snapshots table by table, except those named. */
export function compare(a: CompanySnapshot, b: CompanySnapshot, except: readonly string[] = []): Comparison {
  const tables = [...new Set([...Object.keys(a), ...Object.keys(b)])].filter(
    (table) => !except.includes(table),
  );
  const different = tables.filter((table) => {
    const [one, other] = [a[table], b[table]];
    return !one || !other || one.rows !== other.rows || one.fingerprint !== other.fingerprint;
  });
  return { equal: different.length === 0, different };
}

/** A fingerprint of everything of each company, except those named (the ones with traffic or on the move). */
export function neighbourFingerprints(
  client: Client,
  exceptCompanies: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  return reading(client, async () => {
    const found = new Map<string, string>();
    for (const table of await companyTables(client, 'product')) {
      const { rows } = await client.query<{ company_id: string; fingerprint: string }>(
        `SELECT company_id, count(*) || ':' || md5(string_agg(md5(t::text), '' ORDER BY t.id)) AS fingerprint
         FROM ${quoted(table)} AS t WHERE company_id <> ALL ($1) GROUP BY company_id ORDER BY company_id`,
        [exceptCompanies],
      );
      for (const row of rows) {
        found.set(row.company_id, `${found.get(row.company_id) ?? ''}${table}=${row.fingerprint};`);
      }
    }
    return found;
  });
}

/** The neighbours whose fingerprint is another now, also those that are new or gone. */
export function changedNeighbours(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): readonly string[] {
  return [...new Set([...before.keys(), ...after.keys()])].filter(
    (name) => before.get(name) !== after.get(name),
  );
}

/** PostgreSQL's SQLSTATE for a table that isn't there. */
const UNDEFINED_TABLE = '42P01';

/**
 * Rows of the company in the staging tables of providers, by table; none when everything was tidied up. A table that
 * another company's import drops during the look held nothing of this one.
 */
export async function stagingLeftovers(
  client: Client,
  company: string,
): Promise<Readonly<Record<string, number>>> {
  const left: Record<string, number> = {};
  for (const table of await companyTables(client, 'tanker')) {
    const sql = `SELECT count(*)::int AS rows FROM ${quoted(table)} WHERE company_id::text = $1`;
    try {
      const { rows } = await client.query<{ rows: number }>(sql, [company]);
      if (rows[0]?.rows) left[table] = rows[0].rows;
    } catch (error) {
      if ((error as { code?: string }).code !== UNDEFINED_TABLE) throw error;
    }
  }
  return left;
}

/** The providers that are closed for the company at this database, by their schema's name without `tanker_`. */
export function closedProviders(client: Client, company: string): Promise<readonly string[]> {
  return reading(client, async () => {
    const { rows: schemas } = await client.query<{ schema: string }>(
      `SELECT n.nspname AS schema FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
       WHERE c.relname = 'fence' AND n.nspname LIKE 'tanker\\_%' ORDER BY 1`,
    );
    const closed: string[] = [];
    for (const { schema } of schemas) {
      const { rows } = await client.query(
        `SELECT 1 FROM ${escapeIdentifier(schema)}.fence WHERE company = $1 AND closed_epoch IS NOT NULL`,
        [company],
      );
      if (rows.length > 0) closed.push(schema.replace(/^tanker_/, ''));
    }
    return closed;
  });
}

export interface AcknowledgedCheck {
  readonly acknowledged: number;
  readonly found: number;
  /** Write ids that were acknowledged and are nowhere in the home copy. */
  readonly lost: readonly string[];
}

/** Reads a journal of acknowledged writes. */
export async function readJournal(path: string): Promise<readonly AcknowledgedWrite[]> {
  const writes: AcknowledgedWrite[] = [];
  for await (const line of createInterface({ input: createReadStream(path) })) {
    if (line !== '') writes.push(JSON.parse(line) as AcknowledgedWrite);
  }
  return writes;
}

/**
 * Looks for every acknowledged write in the database that is the home of its company, and for those of documents in
 * the home's directory. A write is found when its
 * history is there and its effect too: a created row is there or its history says that it was deleted, and the message
 * that it sent is delivered or still pending.
 */
export async function findAcknowledged(
  clients: Readonly<Record<string, Client>>,
  journal: string,
  directories: Readonly<Record<string, string>> = {},
): Promise<AcknowledgedCheck> {
  const writes = await readJournal(journal);
  const groups = Map.groupBy(writes, ({ company, collection }) => `${company} ${collection}`);
  const lost: string[] = [];
  for (const group of groups.values()) {
    const { company, collection } = group[0] as AcknowledgedWrite;
    const ids = group.map((write) => write.writeId);
    if (collection === DOCUMENTS) {
      const directory = directories[company];
      if (directory === undefined) throw new Error(`No directory was named as the home of ${company}.`);
      const written = writtenInDocuments(directory, company);
      lost.push(...ids.filter((id) => !written.has(id)));
      continue;
    }
    const client = clients[company];
    if (client === undefined) throw new Error(`No database was named as the home of ${company}.`);
    const { rows } = await client.query<{ write_id: string }>(foundSql(collection), [company, ids]);
    const found = new Set(rows.map((row) => row.write_id));
    lost.push(...ids.filter((id) => !found.has(id)));
  }
  return { acknowledged: writes.length, found: writes.length - lost.length, lost };
}

function foundSql(collection: string): string {
  const target = PRODUCT_COLLECTIONS[collection];
  if (target === undefined) throw new Error(`The journal names a collection ${collection}, which is none.`);
  const { service, table } = target;
  const record = { deals: 'notifications', mail: 'deliveries' }[service as string];
  const message = record
    ? `AND (EXISTS (SELECT 1 FROM ${service}.${record} AS d WHERE d.company_id = $1 AND d.write_id = h.write_id)
         OR EXISTS (SELECT 1 FROM ${service}.outbox AS o WHERE o.company_id = $1 AND o.write_id = h.write_id
           AND o.delivered_at IS NULL))`
    : '';
  // A reminder leaves the queue when it is delivered.
  const delivered =
    service === 'reminders'
      ? `OR EXISTS (SELECT 1 FROM reminders.deliveries AS d WHERE d.company_id = $1 AND d.write_id = h.write_id)`
      : '';
  return `SELECT h.write_id FROM ${service}.changes AS h
    WHERE h.company_id = $1 AND h.write_id = ANY ($2) AND h.entity = '${table}' AND (h.kind <> 'create' OR (
      (EXISTS (SELECT 1 FROM ${service}.${table} AS t WHERE t.company_id = $1 AND t.id = h.entity_id
         AND t.write_id = h.write_id)
       OR EXISTS (SELECT 1 FROM ${service}.changes AS g WHERE g.company_id = $1 AND g.kind = 'delete'
         AND g.entity = h.entity AND g.entity_id = h.entity_id) ${delivered}) ${message}))`;
}
