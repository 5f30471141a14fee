import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import type { Pool } from 'pg';
import { type PostgresServer, startPostgres } from '../../demo/postgres-server.ts';
import { collection, move, openTables, type Tables } from './fixtures/tables.ts';

let server: PostgresServer;
let tables: Tables | undefined;

beforeAll(async () => {
  server = await startPostgres();
});
afterEach(async () => {
  await tables?.close();
  tables = undefined;
});
afterAll(() => server.stop());

const open = async (ddl: string, ...names: string[]): Promise<Tables> => {
  tables = await openTables(server, ddl, { collections: names.map(collection) });
  return tables;
};
const drawn = async (pool: Pool, sequence: string): Promise<number> =>
  Number((await pool.query(`SELECT last_value FROM ${sequence}`)).rows[0].last_value);

test('a sequence that a default draws from is moved on, though no column owns it', async () => {
  const { source, target } = await open(
    `CREATE SEQUENCE crm.ids; CREATE TABLE crm.a (id bigint PRIMARY KEY DEFAULT nextval('crm.ids'), company text NOT NULL);
      CREATE TABLE crm.b (id bigint PRIMARY KEY DEFAULT nextval('crm.ids') + 0, company text NOT NULL)`,
    'a',
    'b',
  );
  await source.query(`INSERT INTO crm.a (company) SELECT 'acme' FROM generate_series(1, 10)`);
  await source.query(`INSERT INTO crm.b (company) SELECT 'acme' FROM generate_series(1, 10)`);
  await move(tables as Tables, 'acme');
  expect(await drawn(target, 'crm.ids')).toBe(20);
  await target.query(`INSERT INTO crm.a (company) VALUES ('acme')`);
});

test.each([
  ['by nextval', 500],
  ['by setval', 200_000],
])('a sequence that counts down goes down to the lowest number in its own steps (%s)', async (_how, far) => {
  const { source, target } = await open(
    `CREATE SEQUENCE crm.ids INCREMENT BY -2 START WITH -1 MAXVALUE -1;
      CREATE TABLE crm.a (id bigint PRIMARY KEY DEFAULT nextval('crm.ids'), company text NOT NULL)`,
    'a',
  );
  await source.query(`INSERT INTO crm.a VALUES (-1, 'acme'), ($1, 'acme')`, [-2 * far]);
  await target.query(`SELECT nextval('crm.ids')`);
  await move(tables as Tables, 'acme');
  expect(await drawn(target, 'crm.ids')).toBe(-2 * far - 1);
});

test('a sequence that makes only part of a text stays as it is', async () => {
  const { source, target } = await open(
    `CREATE SEQUENCE crm.ids; CREATE TABLE crm.a (id text PRIMARY KEY DEFAULT 'a' || nextval('crm.ids'), company text NOT NULL)`,
    'a',
  );
  await source.query(`INSERT INTO crm.a (company) VALUES ('acme')`);
  const { sealed, exported } = await move(tables as Tables, 'acme');
  expect(sealed).toEqual(exported);
  expect(await drawn(target, 'crm.ids')).toBe(1);
});
