import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import type { FencedCall } from '@tanker/sdk/index.ts';
import { type PostgresServer, startPostgres } from '../../demo/postgres-server.ts';
import { collection, move, openTables, type Tables } from './fixtures/tables.ts';
import { SOURCE, TARGET } from './fixtures/world.ts';

/** What a provider's process does with its connections, and with what a server is set to. */

let server: PostgresServer;
let tables: Tables;

beforeAll(async () => {
  server = await startPostgres();
});
afterEach(() => tables.close());
afterAll(() => server.stop());

const open = async (ddl: string): Promise<void> => {
  tables = await openTables(
    server,
    `CREATE TABLE crm.a (id bigint PRIMARY KEY, company text NOT NULL, v text); ${ddl}`,
    {
      collections: [collection('a')],
      hooks: {
        'after-migrate': `INSERT INTO crm.seen SELECT name, current_setting(name)
        FROM unnest(ARRAY['synchronous_commit', 'lock_timeout', 'transaction_timeout']) name WHERE $1 <> ''`,
      },
    },
  );
};
const callOf = async (signal = new AbortController().signal): Promise<FencedCall> => {
  const { fence } = (await tables.caller(SOURCE, 'acme')).options;
  return { company: 'acme', location: { datacenter: 'eu', server: SOURCE }, signal, fence };
};

test('is durable and waits as long as it must, whatever the database sets', async () => {
  await open(`CREATE TABLE crm.seen (name text, value text);
    DO $$ BEGIN
      EXECUTE format('ALTER DATABASE %I SET synchronous_commit = off', current_database());
      EXECUTE format('ALTER DATABASE %I SET lock_timeout = 20', current_database());
      EXECUTE format('ALTER DATABASE %I SET transaction_timeout = 200', current_database());
    END $$`);
  const source = await tables.caller(SOURCE, 'acme');
  await source.hook('after-migrate', 'k');
  expect((await tables.source.query('SELECT * FROM crm.seen ORDER BY name')).rows).toEqual([
    { name: 'lock_timeout', value: '0' },
    { name: 'synchronous_commit', value: 'on' },
    { name: 'transaction_timeout', value: '0' },
  ]);
  const begun = await source.exportBegin();
  await new Promise((resolve) => setTimeout(resolve, 400));
  expect((await source.exportFinish(begun.export)).parts).toEqual([]);
});

const activity = async (condition: string): Promise<number> =>
  (
    await tables.source.query(
      `SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND ${condition}`,
    )
  ).rowCount ?? 0;
const until = async (condition: string, count: number): Promise<void> => {
  while ((await activity(condition)) !== count) await new Promise((resolve) => setImmediate(resolve));
};
const LOCKING = "wait_event_type = 'Lock' AND query LIKE 'LOCK TABLE%'";

test.each(['same process', 'another process'])(
  'a begin that another has replaced keeps no snapshot (%s)',
  async (where) => {
    await open(`INSERT INTO crm.a SELECT i, 'acme', 'v' FROM generate_series(1, 10) i`);
    const source = await tables.caller(SOURCE, 'acme');
    const other = where === 'another process' ? await tables.another() : undefined;
    const replacing = other ? source.as({}, other.url) : source;
    const holder = await tables.connect(SOURCE);
    // Both wait for this lock after they have closed the company.
    await holder.query('BEGIN; LOCK TABLE crm.a IN ACCESS EXCLUSIVE MODE');
    const first = source.exportBegin().then(
      () => 'answered',
      (error: Error) => error.name,
    );
    await until(LOCKING, 1);
    const second = replacing.exportBegin();
    if (other) await until(LOCKING, 2);
    else expect(await first).toBe('SessionUnknown');
    await holder.query('COMMIT');
    const begun = await second;
    expect(await first).toBe('SessionUnknown');
    await replacing.exportPart(begun.export, 0);
    await replacing.exportRelease(begun.export);
    await until('backend_xmin IS NOT NULL', 0);
    await Promise.all([holder.end(), other?.close()]);
  },
);

test('a part whose connection breaks at its end gives its place to the next', async () => {
  // More than the streams of a part hold, and less than with the sockets: the store is done before its reader.
  await open(`INSERT INTO crm.a SELECT i, 'acme', repeat('v', 1000) FROM generate_series(1, 1500) i`);
  const { implementation } = tables.provider;
  const call = await callOf();
  const { export: id } = await implementation.exportBegin(call, { grant: 1 });
  // One more than there are places.
  for (let time = 0; time < 17; time += 1) {
    const part = await implementation.exportPart(call, { export: id, part: 0 });
    const ended = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND query LIKE 'COPY (%' AND state = 'idle in transaction'`;
    while ((await tables.source.query(ended)).rowCount === 0)
      await new Promise((resolve) => setImmediate(resolve));
    let rows = 0;
    for await (const chunk of part) rows += (chunk as Buffer).toString().split('\n').length - 1;
    expect(rows).toBe(1501);
  }
});

test('a call that is ended while every connection is taken waits no longer', async () => {
  await open('');
  const { implementation } = tables.provider;
  const call = await callOf();
  await implementation.fence(call);
  const holder = await tables.connect(SOURCE);
  await holder.query('BEGIN; SELECT FROM tanker_crm.fence FOR UPDATE');
  // As many as there are connections for calls.
  const waiting = Array.from({ length: 8 }, () => implementation.fence(call));
  const gone = new AbortController();
  const late = implementation.drain({ ...call, signal: gone.signal });
  await new Promise((resolve) => setTimeout(resolve, 50));
  gone.abort(new Error('The client went away.'));
  await expect(late).rejects.toThrow('The client went away.');
  await holder.query('COMMIT');
  await Promise.all(waiting);
  await implementation.drain(call);
  await holder.end();
});

test('an installation of an earlier version is brought up to this one, and moves', async () => {
  await open('');
  await tables.source.query(`INSERT INTO crm.a VALUES (1, 'acme', 'v')`);
  for (const pool of [tables.source, tables.target]) {
    await pool.query(`
      ALTER TABLE tanker_crm.fence DROP COLUMN ended_epoch, DROP COLUMN ended_grant;
      ALTER TABLE tanker_crm.imports DROP COLUMN epoch, DROP COLUMN holder;
      ALTER TABLE tanker_crm.import_parts DROP COLUMN columns; DROP TABLE tanker_crm.slices`);
  }
  for (const where of [SOURCE, TARGET]) await tables.provider.install(where);
  const { sealed, exported } = await move(tables, 'acme');
  expect(sealed).toEqual(exported);
});

test('a digest that fails is what the reader of a part and the finish hear, and what the log tells', async () => {
  await open(
    `ALTER TABLE crm.a ADD COLUMN day date; INSERT INTO crm.a VALUES (1, 'acme', 'v', '0044-03-15 BC')`,
  );
  const source = await tables.caller(SOURCE, 'acme');
  await tables.source.query('DROP FUNCTION tanker_crm.canonical_unusual');
  const { export: id } = await source.exportBegin();
  for (const call of [() => source.exportPart(id, 0), () => source.exportPart(id, 0)]) {
    await expect(call()).rejects.toMatchObject({ name: 'InternalFailure' });
  }
  expect(tables.causes).toEqual([
    expect.stringContaining('tanker_crm.canonical_unusual'),
    expect.stringContaining('tanker_crm.canonical_unusual'),
  ]);
});

test.each(['drain', 'closings'] as const)(
  'changes counted one by one become few when %s is asked, and are as many',
  async (asked) => {
    await open('');
    const writer = await tables.connect(SOURCE);
    const source = await tables.caller(SOURCE, 'acme');
    const rows = async () => (await tables.source.query('SELECT FROM tanker_crm.changes')).rowCount;
    const write = async (id: number) => {
      await writer.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
      await writer.query(`INSERT INTO crm.a VALUES ($1, 'acme')`, [id]);
      await writer.query('COMMIT');
    };
    for (let id = 0; id < 120; id += 1) await write(id);
    await writer.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    await writer.query(`INSERT INTO crm.a VALUES (500, 'acme')`);
    expect(await rows()).toBe(120);
    await source[asked]();
    expect(await rows()).toBe(1);
    expect((await source.drain()).watermark).toBe('120');
    await writer.query('COMMIT');
    expect((await source.drain()).watermark).toBe('121');
    await writer.end();
  },
);
