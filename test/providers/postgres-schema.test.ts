import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { type PostgresServer, startPostgres } from '../../demo/postgres-server.ts';
import { collection, move, openTables, type Tables } from './fixtures/tables.ts';
import { SOURCE, TARGET } from './fixtures/world.ts';

/** Tables change between an export and what is done with it: days between a backup and its restore, a move and its cleanup. */

let server: PostgresServer;
let tables: Tables;

beforeAll(async () => {
  server = await startPostgres();
});
afterEach(() => tables.close());
afterAll(() => server.stop());

const A = 'CREATE TABLE crm.a (id bigint PRIMARY KEY, company text NOT NULL, v text);';
const open = async (ddl = A, there = ''): Promise<Tables> => {
  tables = await openTables(server, ddl, { collections: [collection('a')] }, there);
  await tables.source.query(
    `INSERT INTO crm.a (id, company, v) SELECT i, 'acme', 'v' || i FROM generate_series(1, 10) i`,
  );
  return tables;
};
const slice = async (epoch = 1) => (await tables.caller(SOURCE, 'acme', epoch)).export();
const unreadable = (...words: string[]) => ({
  name: 'FormatUnreadable',
  message: expect.stringMatching(words.map((word) => word.replaceAll('.', '\\.')).join('.*')),
});

describe('an export from before a column was added', () => {
  test.each([
    ['nullable', 'note text', null],
    ['not null with a default', `note text NOT NULL DEFAULT 'none'`, 'none'],
    ['an identity', 'note int GENERATED ALWAYS AS IDENTITY', expect.any(Number)],
    ['generated', 'note text GENERATED ALWAYS AS (upper(v)) STORED', expect.stringMatching(/^V/)],
    ['of a domain with a default', `note crm.filled`, 'full'],
  ])('is imported, published and sealed equal where the column is %s', async (_what, column, expected) => {
    await open(`CREATE DOMAIN crm.filled AS text NOT NULL DEFAULT 'full'; ${A}`);
    const backup = await slice();
    await tables.target.query(`ALTER TABLE crm.a ADD COLUMN ${column}`);
    const target = await tables.caller(TARGET, 'acme');
    await target.import(backup);
    expect((await target.seal()).collections).toEqual(backup.manifest.collections);
    const { rows } = await tables.target.query('SELECT note FROM crm.a WHERE id = 7');
    expect(rows).toEqual([{ note: expected }]);
  });

  test('is restored where the company was removed from meanwhile', async () => {
    await open();
    const backup = await slice();
    await (await tables.caller(SOURCE, 'acme', 2)).erase();
    await tables.source.query('ALTER TABLE crm.a ADD COLUMN note text');
    const home = await tables.caller(SOURCE, 'acme', 3);
    await home.import(backup);
    expect((await home.seal()).collections).toEqual(backup.manifest.collections);
  });

  test.each([
    [
      'must not be null and has no default',
      'ADD COLUMN note text NOT NULL',
      ['crm.a.note', "can't be without"],
    ],
    ['is missing', 'DROP COLUMN v', ['crm.a has no column v']],
    [
      'has another type',
      'ALTER COLUMN v TYPE varchar(5)',
      ['crm.a.v has type character varying\\(5\\) here', 'text'],
    ],
    [
      'is generated',
      'DROP COLUMN v, ADD COLUMN v text GENERATED ALWAYS AS (company) STORED',
      ['crm.a has no column v'],
    ],
    ['is called otherwise', 'RENAME COLUMN v TO w', ['crm.a has no column v']],
  ])('is refused by name where a column %s', async (_what, change, words) => {
    await open();
    const backup = await slice();
    await tables.target.query(`ALTER TABLE crm.a ${change}`);
    await expect((await tables.caller(TARGET, 'acme')).import(backup)).rejects.toMatchObject(
      unreadable(...words),
    );
    expect((await tables.target.query('SELECT FROM crm.a')).rowCount).toBe(0);
  });

  test('is refused at publish when the column went after the parts had come', async () => {
    await open();
    const backup = await slice();
    const target = await tables.caller(TARGET, 'acme');
    const session = await target.importBegin(backup.manifest);
    await target.importParts(session, backup.octets);
    await tables.target.query('ALTER TABLE crm.a DROP COLUMN v');
    await expect(target.publish(session)).rejects.toMatchObject(unreadable('crm.a has no column v'));
  });

  test('whose header names a type without the schema that the search path had is taken', async () => {
    await open(
      `CREATE TYPE crm.mood AS ENUM ('glad'); ${A.replace('v text', `v text, m crm.mood DEFAULT 'glad'`)}`,
    );
    const { manifest, octets } = await slice();
    const octetsThen = Buffer.from(
      Buffer.from(octets[0] as Uint8Array)
        .toString()
        .replace('"crm.mood"', '"mood"'),
    );
    const receipt = {
      ...(manifest.parts[0] as (typeof manifest.parts)[number]),
      bytes: octetsThen.length,
      sha256: createHash('sha256').update(octetsThen).digest('hex'),
    };
    const target = await tables.caller(TARGET, 'acme');
    await target.import({ manifest: { ...manifest, parts: [receipt] }, octets: [octetsThen], watermark: '' });
    expect((await target.seal()).collections).toEqual(manifest.collections);
  });
});

describe('a seal', () => {
  const sealAt = async (epoch: number) => (await tables.caller(SOURCE, 'acme', epoch)).seal();

  test('of a fallback copy equals its export after a column was added, also one with a default', async () => {
    await open();
    const { manifest, watermark } = await slice();
    await tables.source.query(`ALTER TABLE crm.a ADD COLUMN n int, ADD COLUMN w text NOT NULL DEFAULT 'w'`);
    expect(await sealAt(2)).toMatchObject({ collections: manifest.collections, watermark });
    await tables.source.query(`SET tanker.worker = 'on'; UPDATE crm.a SET v = 'late' WHERE id = 3`);
    expect((await sealAt(3)).collections).not.toEqual(manifest.collections);
  });

  test('tells a column that is gone, though it was null in every row', async () => {
    await open();
    await tables.source.query('UPDATE crm.a SET v = NULL');
    const { manifest } = await slice();
    await tables.source.query('ALTER TABLE crm.a DROP COLUMN v');
    expect((await sealAt(2)).collections).not.toEqual(manifest.collections);
  });

  test('is over the columns of the newest slice: of the next export, and of the next import', async () => {
    await open();
    const before = await slice();
    await (await tables.caller(SOURCE, 'acme')).open();
    await tables.source.query(`ALTER TABLE crm.a ADD COLUMN n int DEFAULT 5`);
    const after = await slice(2);
    expect(after.manifest.collections).not.toEqual(before.manifest.collections);
    expect((await sealAt(2)).collections).toEqual(after.manifest.collections);
    await (await tables.caller(SOURCE, 'acme', 3)).erase();
    await (await tables.caller(SOURCE, 'acme', 3)).import(before);
    expect((await sealAt(3)).collections).toEqual(before.manifest.collections);
  });
});

describe('describe', () => {
  const fieldsAt = async (where: typeof SOURCE | typeof TARGET) =>
    (await (await tables.caller(where, 'acme')).describe()).fields;

  test('tells names and types of the fields, and which of them a row must have', async () => {
    await open(
      `CREATE TABLE crm.a (id bigserial PRIMARY KEY, company text NOT NULL, v varchar(40), n numeric(14, 4) NOT NULL DEFAULT 0,
        g text GENERATED ALWAYS AS (v) STORED, ts timestamptz[])`,
    );
    expect(await fieldsAt(SOURCE)).toEqual({
      a: [
        { name: 'id', type: 'bigint', required: false },
        { name: 'company', type: 'text', required: true },
        { name: 'v', type: 'character varying(40)', required: false },
        { name: 'n', type: 'numeric(14,4)', required: false },
        { name: 'ts', type: 'timestamp with time zone[]', required: false },
      ],
    });
  });

  test('still answers when a table can’t be worked with, without fields', async () => {
    await open();
    await tables.source.query('DROP TABLE crm.a');
    expect(await fieldsAt(SOURCE)).toBeUndefined();
  });

  test('leaves the fields out where they are too many for a record', async () => {
    const columns = Array.from({ length: 1500 }, (_, index) => `${'c'.repeat(50)}_${index} int`);
    await open(
      `CREATE TABLE crm.a (id bigint PRIMARY KEY, company text NOT NULL, v text, ${columns.join(', ')})`,
    );
    expect(await fieldsAt(SOURCE)).toBeUndefined();
  });
});

describe('types', () => {
  test('of the product are called the same whatever search path a database sets', async () => {
    await open(
      `CREATE TYPE crm.mood AS ENUM ('glad'); CREATE DOMAIN crm.email AS text;
        CREATE TABLE crm.a (id bigint PRIMARY KEY, company text NOT NULL, v text, m crm.mood DEFAULT 'glad', ms crm.mood[], e crm.email)`,
      `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = crm, public', current_database()); END $$`,
    );
    const { sealed, exported } = await move(tables, 'acme');
    expect(sealed).toEqual(exported);
  });
});

test('a company column whose collation takes different texts for equal is refused by name', async () => {
  await open();
  await tables.source.query(`
    CREATE COLLATION crm.folded (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
    ALTER TABLE crm.a ALTER COLUMN company TYPE text COLLATE crm.folded`);
  await expect((await tables.caller(SOURCE, 'acme')).export()).rejects.toMatchObject(
    unreadable('crm.a.company', 'nondeterministic collation'),
  );
  await expect(tables.provider.install(SOURCE)).rejects.toThrow('nondeterministic collation');
});
