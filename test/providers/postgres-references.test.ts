import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { type PostgresServer, startPostgres } from '../../demo/postgres-server.ts';
import { collection, move, openTables, type Tables } from './fixtures/tables.ts';
import { SOURCE, TARGET } from './fixtures/world.ts';

let server: PostgresServer;
let tables: Tables;

beforeAll(async () => {
  server = await startPostgres();
});
afterEach(() => tables.close());
afterAll(() => server.stop());

const open = async (ddl: string, ...names: string[]): Promise<Tables> => {
  tables = await openTables(server, ddl, { collections: names.map(collection), maxPartBytes: 2 ** 20 });
  return tables;
};
const erased = async (where: typeof SOURCE | typeof TARGET, company = 'acme') =>
  (await tables.caller(where, company, 2)).erase();
const NOTHING = { rows: 0, staging: 0 };

describe('an import', () => {
  test('takes rows that refer to rows of a later part of their own table', async () => {
    const { source } = await open(
      `CREATE TABLE crm.a (id bigint PRIMARY KEY, company text NOT NULL, parent bigint REFERENCES crm.a, pad text)`,
      'a',
    );
    await source.query(
      `INSERT INTO crm.a SELECT i, 'acme', CASE WHEN i < 2000 THEN 2000 END, repeat('x', 1000) FROM generate_series(1, 2000) i`,
    );
    const { slice, sealed, exported } = await move(tables, 'acme');
    expect(slice.octets.length).toBeGreaterThan(2);
    expect(sealed).toEqual(exported);
    expect(await erased(TARGET)).toEqual({ erased: { rows: 2000, staging: 0 }, left: NOTHING });
  });

  test.each([
    ['in a circle', ['a', 'b', 'c']],
    ['against the order of the collections', ['b', 'c', 'a']],
  ])('takes tables that refer to each other %s, and so does an erase', async (_how, names) => {
    const circle = names[0] === 'a' ? 'ALTER TABLE crm.a ADD FOREIGN KEY (b) REFERENCES crm.b' : '';
    const { source } = await open(
      `CREATE TABLE crm.a (id bigint PRIMARY KEY, company text NOT NULL, b bigint);
        CREATE TABLE crm.b (id bigint PRIMARY KEY, company text NOT NULL, a bigint REFERENCES crm.a);
        CREATE TABLE crm.c (id bigint PRIMARY KEY, company text NOT NULL, b bigint REFERENCES crm.b); ${circle}`,
      ...names,
    );
    await source.query(
      `INSERT INTO crm.a VALUES (1, 'acme', NULL); INSERT INTO crm.b VALUES (1, 'acme', 1), (2, 'acme', 1);
        INSERT INTO crm.c VALUES (1, 'acme', 2); UPDATE crm.a SET b = 2`,
    );
    const { sealed, exported } = await move(tables, 'acme');
    expect(sealed).toEqual(exported);
    for (const where of [SOURCE, TARGET] as const) {
      expect(await erased(where)).toEqual({ erased: { rows: 4, staging: 0 }, left: NOTHING });
    }
  });

  test.each(['', 'DEFERRABLE INITIALLY DEFERRED'])(
    'that refers to what is nowhere is refused by the name of the constraint (%s)',
    async (deferred) => {
      const { source, target } = await open(
        `CREATE TABLE crm.others (id bigint PRIMARY KEY);
          CREATE TABLE crm.a (id bigint PRIMARY KEY, company text NOT NULL, o bigint CONSTRAINT known REFERENCES crm.others ${deferred})`,
        'a',
      );
      await source.query(`INSERT INTO crm.others VALUES (7); INSERT INTO crm.a VALUES (1, 'acme', 7)`);
      await expect(move(tables, 'acme')).rejects.toMatchObject({
        name: 'KeyConflict',
        message: expect.stringContaining('the constraint known of crm.a'),
      });
      expect((await target.query('SELECT FROM crm.a')).rowCount).toBe(0);
    },
  );
});

describe('an erase', () => {
  test.each(['ON DELETE CASCADE', 'ON DELETE SET NULL', ''])(
    'is refused while rows of a neighbour hang on the company’s (%s)',
    async (action) => {
      const { source } = await open(
        `CREATE TABLE crm.a (id bigint PRIMARY KEY, company text NOT NULL);
          CREATE TABLE crm.b (id bigint PRIMARY KEY, company text, a bigint CONSTRAINT owner REFERENCES crm.a ${action})`,
        'a',
        'b',
      );
      await source.query(
        `INSERT INTO crm.a VALUES (1, 'acme'); INSERT INTO crm.b VALUES (1, 'acme', 1), (2, 'beta', 1)`,
      );
      await expect(erased(SOURCE)).rejects.toMatchObject({
        name: 'KeyConflict',
        message: expect.stringMatching(/crm\.b refer.*crm\.a \(owner\)/),
      });
      expect((await source.query('SELECT FROM crm.b')).rowCount).toBe(2);
      await source.query('UPDATE crm.b SET a = NULL WHERE id = 2');
      expect((await erased(SOURCE)).left).toEqual(NOTHING);
      expect((await source.query('SELECT company FROM crm.b')).rows).toEqual([{ company: 'beta' }]);
    },
  );

  test('asks nothing of a key that holds the company itself', async () => {
    const { source } = await open(
      `CREATE TABLE crm.a (id bigint, company text NOT NULL, PRIMARY KEY (company, id));
        CREATE TABLE crm.b (id bigint PRIMARY KEY, company text NOT NULL, a bigint,
          FOREIGN KEY (company, a) REFERENCES crm.a ON DELETE CASCADE)`,
      'a',
      'b',
    );
    await source.query(
      `INSERT INTO crm.a VALUES (1, 'acme'), (1, 'beta'); INSERT INTO crm.b VALUES (1, 'acme', 1), (2, 'beta', 1)`,
    );
    expect((await erased(SOURCE)).left).toEqual(NOTHING);
    expect((await source.query('SELECT FROM crm.b')).rowCount).toBe(1);
  });
});

describe('a trigger that writes messages', () => {
  const DDL = (quiet: string) => `
    CREATE TABLE crm.a (id bigint PRIMARY KEY, company text NOT NULL);
    CREATE TABLE crm.outbox (id bigserial PRIMARY KEY, company text NOT NULL, done boolean NOT NULL DEFAULT false);
    CREATE FUNCTION crm.tell() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      ${quiet}
      INSERT INTO crm.outbox (company) VALUES (coalesce(NEW.company, OLD.company)); RETURN NULL; END $$;
    CREATE TRIGGER tell AFTER INSERT OR DELETE ON crm.a FOR EACH ROW EXECUTE FUNCTION crm.tell();
    CREATE TRIGGER aside AFTER UPDATE ON crm.a FOR EACH ROW EXECUTE FUNCTION crm.tell()`;
  const openTelling = async (quiet = '') => {
    tables = await openTables(server, DDL(quiet), {
      collections: [collection('a')],
      outbox: { ...collection('outbox'), pending: 'NOT done' },
    });
    await tables.source.query(`INSERT INTO crm.a SELECT i, 'acme' FROM generate_series(1, 10) i`);
    await tables.source.query('UPDATE crm.outbox SET done = true');
  };

  test('is named by install, and an import that it answers with messages is refused', async () => {
    await openTelling();
    expect(await tables.provider.install(TARGET)).toEqual({ importTriggers: ['crm.a: tell'] });
    await expect(move(tables, 'acme')).rejects.toMatchObject({
      name: 'StagingMismatch',
      message: expect.stringContaining('10 message(s) in crm.outbox'),
    });
    expect((await tables.target.query('SELECT FROM crm.a')).rowCount).toBe(0);
  });

  test('may be quiet for imports', async () => {
    await openTelling(`IF current_setting('tanker.worker', true) = 'on' THEN RETURN NULL; END IF;`);
    const { sealed, exported } = await move(tables, 'acme');
    expect(sealed).toEqual(exported);
  });

  test('leaves nothing of an erase', async () => {
    await openTelling();
    expect(await erased(SOURCE)).toEqual({ erased: { rows: 30, staging: 0 }, left: NOTHING });
  });
});
