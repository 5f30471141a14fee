import { createHash } from 'node:crypto';
import { type Client, escapeIdentifier } from 'pg';
import { closedProviders, QUEUES, stagingLeftovers } from '../../demo/world/checks.ts';
import {
  type DocumentPrints,
  documentLeftovers,
  documentsClosed,
  filesOnDisk,
  readDocuments,
} from '../../demo/world/document-checks.ts';
import { DOCUMENTS } from '../../demo/world/schema.ts';

/** What lies of a company at one location, row by row, read by plain SQL and from the disk. */

export interface Row {
  /** MD5 of the row's text. */
  readonly print: string;
  /** Of the customer's write that made or changed it. */
  readonly writeId: string | null;
}

export interface CopyOfCompany {
  /** By `schema.table id`. */
  readonly rows: ReadonlyMap<string, Row>;
  readonly documents: DocumentPrints;
  /** Files on the disk, whoever knows them. */
  readonly files: number;
  /** Staging tables with rows of it, and files that are no documents. */
  readonly staging: readonly string[];
  /** Providers that are closed for it. */
  readonly closed: readonly string[];
}

/** A server as the checks look at it. */
export interface Place {
  readonly client: Client;
  readonly files: string;
}

const TABLES = `SELECT c.oid::text AS oid, n.nspname AS schema, c.relname AS name,
    bool_or(a.attname = 'write_id') AS written, bool_or(a.attname = 'company_id') AS owned
  FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace JOIN pg_attribute AS a ON a.attrelid = c.oid
  WHERE c.relkind IN ('r', 'p') AND n.nspname NOT LIKE 'tanker\\_%' AND n.nspname NOT LIKE 'pg\\_%'
  GROUP BY 1, 2, 3 ORDER BY 2, 3`;

interface Table {
  readonly schema: string;
  readonly name: string;
  readonly written: boolean;
  readonly owned: boolean;
}

const known = new WeakMap<Client, Promise<string>>();

/** One statement over every table that has a company: what the database's own catalogue says, read once. */
async function statementOf(client: Client): Promise<string> {
  const { rows } = await client.query<Table>(TABLES);
  return rows
    .filter(({ owned }) => owned)
    .map(({ schema, name, written }) => {
      const table = `${escapeIdentifier(schema)}.${escapeIdentifier(name)}`;
      const writeId = written ? 't.write_id' : 'NULL';
      return `SELECT '${schema}.${name} ' || t.id AS key, md5(t::text) AS print, ${writeId} AS write_id FROM ${table} AS t WHERE t.company_id = $1`;
    })
    .join(' UNION ALL ');
}

/** Every row of the company in every table of the product, in one snapshot. */
async function rowsAt(client: Client, company: string): Promise<Map<string, Row>> {
  if (!known.has(client)) known.set(client, statementOf(client));
  const statement = (await known.get(client)) as string;
  await client.query(`BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
    SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO'; SET LOCAL extra_float_digits = 1`);
  try {
    const { rows } = await client.query<{ key: string; print: string; write_id: string | null }>(statement, [
      company,
    ]);
    return new Map(rows.map(({ key, print, write_id }) => [key, { print, writeId: write_id }] as const));
  } finally {
    await client.query('ROLLBACK');
  }
}

export async function readCopy({ client, files }: Place, company: string): Promise<CopyOfCompany> {
  const rows = await rowsAt(client, company);
  const staging = [
    ...Object.keys(await stagingLeftovers(client, company)),
    ...documentLeftovers(files, company),
  ];
  const closed = [
    ...(await closedProviders(client, company)),
    ...(documentsClosed(files, company) ? [DOCUMENTS] : []),
  ];
  return {
    rows,
    documents: readDocuments(files, company),
    files: filesOnDisk(files, company).length,
    staging,
    closed,
  };
}

/** One print of everything that these companies have at a place. */
export async function printOf(place: Place, companies: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const company of companies) {
    const { rows, documents } = await readCopy(place, company);
    const lines = [...rows].map(([key, { print }]) => `${key} ${print}`);
    hash.update(JSON.stringify([company, lines.sort(), [...documents].sort()]));
  }
  return hash.digest('hex');
}

const tableOf = (key: string): string => key.slice(0, key.indexOf(' '));
export const isQueued = (key: string): boolean => QUEUES.includes(tableOf(key));

/** The tables to which the customers of the matrix write. */
const isWritten = (key: string): boolean => ['notes.notes', 'deals.deals'].includes(tableOf(key));

/** A copy without the queues, which stay behind when their company moves. */
export const withoutQueues = (copy: CopyOfCompany): CopyOfCompany => ({
  ...copy,
  rows: new Map([...copy.rows].filter(([key]) => !isQueued(key))),
});

/** What must be in a copy: everything of `before`, the writes of `must`, and nothing else but the writes of `may`. */
export interface Expectation {
  readonly before: CopyOfCompany;
  readonly must: ReadonlySet<string>;
  readonly may: ReadonlySet<string>;
}

const FIRST = 3;
/** The first of many, and how many. */
export const few = (what: readonly string[]): string =>
  what.length > FIRST ? `${what.slice(0, FIRST).join(', ')} … (${what.length})` : what.join(', ');

/** What of the copy is not as expected, in words; none when all is. */
export function differences({ before, must, may }: Expectation, now: CopyOfCompany): string[] {
  const lost: string[] = [];
  const changed: string[] = [];
  for (const [key, { print }] of before.rows) {
    const row = now.rows.get(key);
    if (!row) lost.push(key);
    // A message is marked when it is delivered.
    else if (row.print !== print && !isQueued(key)) changed.push(key);
  }
  const added = [...now.rows].filter(([key]) => !before.rows.has(key));
  const foreign = added.filter(([, { writeId }]) => writeId === null || !may.has(writeId));
  const written = new Set([...now.rows].flatMap(([key, { writeId }]) => (isWritten(key) ? [writeId] : [])));
  const missing = [...must].filter((id) => !written.has(id));
  const documents = [...new Set([...before.documents.keys(), ...now.documents.keys()])].filter(
    (path) => before.documents.get(path) !== now.documents.get(path),
  );
  return [
    ...(lost.length > 0 ? [`rows are gone: ${few(lost)}`] : []),
    ...(changed.length > 0 ? [`rows are changed: ${few(changed)}`] : []),
    ...(foreign.length > 0 ? [`rows that nobody wrote: ${few(foreign.map(([key]) => key))}`] : []),
    ...(missing.length > 0 ? [`acknowledged writes are gone: ${few(missing)}`] : []),
    ...(documents.length > 0 ? [`${documents.length} documents are not what they were`] : []),
  ];
}

/** Each acknowledged deal has sent one message, and it was delivered once. */
export function undelivered(copy: CopyOfCompany, deals: Iterable<string>): string[] {
  const delivered = [...copy.rows].flatMap(([key, { writeId }]) =>
    tableOf(key) === 'deals.notifications' && writeId ? [writeId] : [],
  );
  return [...deals].flatMap((id) => {
    const times = delivered.filter((one) => one === id).length;
    return times === 1 ? [] : [`the message of ${id} was delivered ${times} times`];
  });
}
