import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Client } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { Random } from './random.ts';
import { type Context, ROW_SHAPES } from './rows.ts';
import { ID_STEP, SERVICE_NAMES, SERVICES } from './schema.ts';

/** Of a thousand rows of a company, how many are in each table. Pipelines are a few; activities take what is left; an outbox begins empty. */
const SHARES: Readonly<Record<string, number>> = {
  'contacts.organizations': 60,
  'contacts.persons': 140,
  'contacts.changes': 10,
  'deals.deals': 100,
  'deals.deal_products': 120,
  'deals.notifications': 10,
  'deals.changes': 10,
  'activities.changes': 10,
  'mail.threads': 60,
  'mail.messages': 140,
  'mail.deliveries': 20,
  'mail.changes': 10,
  'notes.notes': 100,
  'notes.custom_fields': 40,
  'notes.changes': 10,
  'reminders.queue': 20,
  'reminders.deliveries': 10,
  'reminders.changes': 10,
};
const PIPELINES = 3;
/** Below this the shares of some tables would be no row at all. */
const LEAST_ROWS = 200;
/** COPY data goes out in pieces of about this size. */
const CHUNK_CHARACTERS = 64 * 1024;

export interface CompanySeed {
  readonly company: string;
  /** Rows in all tables together, 200 or more. */
  readonly rows: number;
  /** The same seed makes the same data. Default: the company. */
  readonly seed?: string;
}

/** The names of all tables as `service.table`. */
export const TABLE_NAMES: readonly string[] = SERVICE_NAMES.flatMap((service) =>
  SERVICES[service].map((table) => `${service}.${table}`),
);

/** How many rows each table gets; together exactly `rows`. Throws RangeError below 200. */
export function planRows(rows: number): ReadonlyMap<string, number> {
  if (rows < LEAST_ROWS)
    throw new RangeError(`A company has at least ${LEAST_ROWS} rows; ${rows} were asked for.`);
  const plan = new Map(TABLE_NAMES.map((table) => [table, Math.floor((rows * (SHARES[table] ?? 0)) / 1000)]));
  plan.set('deals.pipelines', PIPELINES);
  const planned = [...plan.values()].reduce((sum, count) => sum + count, 0);
  plan.set('activities.activities', rows - planned);
  return plan;
}

/** A table's rows as COPY text in chunks. `firstId` is the first id of the datacenter's sequences. */
export function* tableRows(table: string, seed: CompanySeed, firstId: number): Generator<string> {
  const plan = planRows(seed.rows);
  const shape = ROW_SHAPES[table];
  if (shape === undefined) throw new RangeError(`There are no rows for a table ${table}.`);
  const random = new Random(`${seed.seed ?? seed.company}/${table}`);
  const idOf = (index: number): string => String(firstId + index * ID_STEP);
  const ref = (other: string): string => idOf(random.below(plan.get(other) as number));
  let chunk = '';
  for (let index = 0; index < (plan.get(table) as number); index += 1) {
    const context: Context = { random, index, ref };
    chunk += `${seed.company}\t${idOf(index)}\t${shape.values(context).join('\t')}\n`;
    if (chunk.length < CHUNK_CHARACTERS) continue;
    yield chunk;
    chunk = '';
  }
  if (chunk !== '') yield chunk;
}

export interface Seeded {
  readonly company: string;
  readonly rows: number;
  /** Octets of the COPY text that made it. */
  readonly bytes: number;
}

/** Loads a company by COPY, all or nothing, and moves the sequences behind its ids. */
export async function seedCompany(client: Client, seed: CompanySeed): Promise<Seeded> {
  const plan = planRows(seed.rows);
  const { rows: first } = await client.query<{ id: string }>(
    `SELECT seqstart AS id FROM pg_sequence
     WHERE seqrelid = pg_get_serial_sequence('contacts.organizations', 'id')::regclass`,
  );
  const firstId = Number(first[0]?.id);
  let bytes = 0;
  await client.query('BEGIN');
  try {
    for (const [table, rows] of plan) {
      if (rows === 0) continue;
      const columns = ROW_SHAPES[table]?.columns;
      const counted = function* () {
        for (const chunk of tableRows(table, seed, firstId)) {
          const octets = Buffer.from(chunk);
          bytes += octets.length;
          yield octets;
        }
      };
      const sink = client.query(copyFrom(`COPY ${table} (company_id, id, ${columns}) FROM STDIN`));
      await pipeline(Readable.from(counted(), { objectMode: true }), sink);
      await advanceSequence(client, table, firstId + (rows - 1) * ID_STEP);
    }
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  }
  return { company: seed.company, rows: seed.rows, bytes };
}

/** Never backwards: the lock keeps companies that are loaded at once from overtaking each other. */
async function advanceSequence(client: Client, table: string, lastId: number): Promise<void> {
  await client.query(`SELECT pg_advisory_xact_lock(hashtext('northwind sequences'))`);
  await client.query(
    `SELECT setval(sequence, greatest($2::bigint, coalesce(pg_sequence_last_value(sequence::oid), 0)))
     FROM (SELECT pg_get_serial_sequence($1, 'id')::regclass AS sequence) AS s`,
    [table, lastId],
  );
}
