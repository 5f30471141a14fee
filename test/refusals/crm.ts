import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { startPostgres } from '../../demo/postgres-server.ts';
import { FORMAT } from '../../providers/postgres/config.ts';
import { collection, openTables } from '../providers/fixtures/tables.ts';
import { TARGET } from '../providers/fixtures/world.ts';
import { SUM } from '../support/memory-provider.ts';
import { callAt } from './provider-calls.ts';
import type { Worlds } from './worlds.ts';

/** Tables of both locations, and some that no provider can work with. */
const TABLES = `
  CREATE TABLE crm.contacts (id bigint PRIMARY KEY, company text NOT NULL, name text, age integer, chief bigint);
  CREATE TABLE crm.notes (
    id bigint PRIMARY KEY, company text NOT NULL, contact bigint CONSTRAINT noted REFERENCES crm.contacts);
  CREATE TABLE crm.outbox (
    id bigserial PRIMARY KEY, company text NOT NULL, topic text, payload jsonb, deliver_at timestamptz,
    done boolean NOT NULL DEFAULT false);
  CREATE TABLE crm.odd (company text NOT NULL, place point);
  CREATE VIEW crm.seen AS SELECT company FROM crm.odd;
  CREATE TABLE crm.elder (company text NOT NULL);
  CREATE TABLE crm.younger () INHERITS (crm.elder);
  CREATE COLLATION crm.folded (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
  CREATE TABLE crm.folding (company text COLLATE crm.folded NOT NULL)`;

/** Rules of the target that the source does not have, and a trigger that tells of one company's rows. */
const RULES = `
  CREATE TABLE crm.chiefs (id bigint PRIMARY KEY);
  ALTER TABLE crm.contacts ALTER name SET NOT NULL, ADD CONSTRAINT grown CHECK (age >= 18),
    ADD CONSTRAINT led FOREIGN KEY (chief) REFERENCES crm.chiefs;
  CREATE FUNCTION crm.tell() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO crm.outbox (company, topic) VALUES (NEW.company, 'canary'); RETURN NULL; END $$;
  CREATE TRIGGER tell AFTER INSERT ON crm.contacts FOR EACH ROW WHEN (NEW.company = 'telling')
    EXECUTE FUNCTION crm.tell()`;

/** Hooks that the store refuses: one writes where the company is closed, one takes its id for a number. */
const HOOKS = {
  'after-migrate': "INSERT INTO crm.contacts (id, company, name) VALUES (1000, $1, 'canary')",
  'after-undo': 'SELECT $1::text::bigint',
};

/** A part holds rows of half a MiB: a longer one fits none. */
export const LONG = 300_000;

/** Two PostgreSQL databases behind a provider. */
export async function openCrm() {
  const server = await startPostgres();
  const tables = await openTables(
    server,
    TABLES,
    {
      collections: [collection('contacts'), collection('notes')],
      outbox: { ...collection('outbox'), pending: 'NOT done' },
      hooks: HOOKS,
      maxPartBytes: 2 ** 20,
    },
    RULES,
  );
  return {
    ...tables,
    async close() {
      await tables.close();
      await server.stop();
    },
  };
}

export type Columns = Readonly<Record<string, string>>;
export const CONTACT: Columns = {
  id: 'bigint',
  company: 'text',
  name: 'text',
  age: 'integer',
  chief: 'bigint',
};

/** A part of a slice, as another location has exported it. */
interface Slice {
  readonly columns?: Columns;
  readonly collection?: string;
  /** Each in COPY's text form; `@` stands for the company's id. */
  readonly rows: readonly string[];
}

const linesOf = (
  company: string,
  { columns = CONTACT, collection: name = 'contacts', rows }: Slice,
): Buffer =>
  Buffer.from(
    [
      JSON.stringify({
        format: FORMAT.name,
        version: FORMAT.version,
        collection: name,
        columns: Object.entries(columns).map(([column, type]) => ({ name: column, type })),
      }),
      ...rows.map((row) => row.replace('@', company)),
      '',
    ].join('\n'),
  );

/** An import of these parts into the target, up to its publish. `counted`: rows that the manifest names beyond them. */
export async function staged({ crm }: Worlds, company: string, slices: readonly Slice[], counted = 0) {
  const { implementation } = (await crm()).provider;
  const call = await callAt(implementation, company, { server: TARGET });
  const octets = slices.map((slice) => linesOf(company, slice));
  const parts = octets.map((body, part) => ({
    part,
    bytes: body.length,
    rows: (slices[part]?.rows.length ?? 0) + counted,
    sha256: createHash('sha256').update(body).digest('hex'),
  }));
  const rows = parts.reduce((sum, part) => sum + part.rows, 0);
  const collections = [{ name: 'contacts', digest: { rows, sum: SUM } }];
  const { session } = await implementation.importBegin(call, { format: FORMAT, parts, collections });
  for (const [part, body] of octets.entries()) {
    await implementation.importPart(call, { session, part }, Readable.from([body]));
  }
  return { implementation, call, session };
}

/** The same, published. */
export const publishing =
  (company: string, ...slices: readonly Slice[]) =>
  async (worlds: Worlds): Promise<unknown> => {
    const { implementation, call, session } = await staged(worlds, company, slices);
    return implementation.importPublish(call, { session });
  };
