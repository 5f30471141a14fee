import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { type PostgresServer, startPostgres } from '../../demo/postgres-server.ts';
import {
  changedNeighbours,
  closedProviders,
  compare,
  findAcknowledged,
  neighbourFingerprints,
  QUEUES,
  rowsOf,
  snapshotCompany,
  stagingLeftovers,
} from '../../demo/world/checks.ts';
import {
  createSql,
  deleteSql,
  PRODUCT_COLLECTIONS,
  type ProductCollection,
} from '../../demo/world/collections.ts';
import { seedCompany } from '../../demo/world/data.ts';
import { schemaSql } from '../../demo/world/schema.ts';

let server: PostgresServer;
let client: Client;
const directory = mkdtempSync(join(tmpdir(), 'tanker-checks-'));

beforeAll(async () => {
  server = await startPostgres();
  client = new Client({ connectionString: server.connectionString });
  await client.connect();
  await client.query(schemaSql(1));
  for (const company of ['acme', 'globex', 'initech'])
    await seedCompany(client, { company, rows: 300, seed: 'same' });
  await client.query(`CREATE SCHEMA tanker_deals; CREATE TABLE tanker_deals.fence (company text, closed_epoch bigint);
    CREATE TABLE tanker_deals.staging_1 (LIKE deals.deals)`);
});
afterAll(async () => {
  await client.end();
  await server.stop();
  rmSync(directory, { recursive: true });
});

describe('snapshots', () => {
  test('count every row of the company and nothing of its neighbours', async () => {
    const snapshot = await snapshotCompany(client, 'acme');
    expect(rowsOf(snapshot)).toBe(300);
    expect(snapshot['deals.outbox']).toMatchObject({ rows: 0, bytes: 0 });
    expect(Object.keys(snapshot)).toContain('notes.custom_fields');
    expect(rowsOf(await snapshotCompany(client, 'nobody'))).toBe(0);
  });

  test('of the same data are equal, and name the table in which one value differs', async () => {
    const before = await snapshotCompany(client, 'acme');
    expect(compare(before, await snapshotCompany(client, 'acme'))).toEqual({ equal: true, different: [] });
    await client.query(`UPDATE deals.deals SET value = value + 0.01 WHERE company_id = 'acme' AND id = 1`);
    const after = await snapshotCompany(client, 'acme');
    expect(compare(before, after)).toEqual({ equal: false, different: ['deals.deals'] });
    expect(compare(before, after, ['deals.deals'])).toEqual({ equal: true, different: [] });
    expect(compare(before, { ...before, 'deals.forgotten': { rows: 1, bytes: 1, fingerprint: '' } })).toEqual(
      {
        equal: false,
        different: ['deals.forgotten'],
      },
    );
  });
});

test('neighbours whose rows changed, came or went are named, the excepted company is not looked at', async () => {
  const before = await neighbourFingerprints(client, ['acme']);
  expect([...before.keys()]).toEqual(['globex', 'initech']);
  await client.query(`DELETE FROM notes.notes WHERE company_id = 'globex' AND id = 1`);
  await client.query(`DELETE FROM notes.notes WHERE company_id = 'acme' AND id = 1`);
  expect(changedNeighbours(before, await neighbourFingerprints(client, ['acme']))).toEqual(['globex']);
  expect(changedNeighbours(before, new Map())).toEqual(['globex', 'initech']);
});

test('leftovers in staging and closed providers are found for the company alone', async () => {
  expect(await stagingLeftovers(client, 'acme')).toEqual({});
  await client.query(
    `INSERT INTO tanker_deals.staging_1 SELECT * FROM deals.deals WHERE company_id = 'acme' LIMIT 2`,
  );
  await client.query(`INSERT INTO tanker_deals.fence VALUES ('acme', 4), ('globex', NULL)`);
  expect(await stagingLeftovers(client, 'acme')).toEqual({ 'tanker_deals.staging_1': 2 });
  expect(await closedProviders(client, 'acme')).toEqual(['deals']);
  expect(await stagingLeftovers(client, 'globex')).toEqual({});
  expect(await closedProviders(client, 'globex')).toEqual([]);
});

describe('acknowledged writes', () => {
  const journal = join(directory, 'journal.jsonl');
  const line = (writeId: string, collection: string, kind = 'create') =>
    JSON.stringify({ company: 'acme', collection, writeId, kind, at: '2026-01-01T00:00:00.000Z' });
  const create = async (collection: string, writeId: string): Promise<string> => {
    const sql = createSql(PRODUCT_COLLECTIONS[collection] as ProductCollection);
    return (await client.query<{ id: string }>(sql, ['acme', writeId, 'text'])).rows[0]?.id as string;
  };

  test('are found with their rows and messages, also when the row was deleted since', async () => {
    await create('notes', 'w1');
    await create('deals', 'w2');
    const id = await create('persons', 'w3');
    await client.query(deleteSql(PRODUCT_COLLECTIONS['persons'] as ProductCollection), ['acme', 'w4', id]);
    const lines = [
      line('w1', 'notes'),
      line('w2', 'deals'),
      line('w3', 'persons'),
      line('w4', 'persons', 'delete'),
    ];
    writeFileSync(journal, `${lines.join('\n')}\n`);
    expect(await findAcknowledged({ acme: client }, journal)).toEqual({
      acknowledged: 4,
      found: 4,
      lost: [],
    });
  });

  test('are lost without their history, their row or their message', async () => {
    await create('notes', 'l1');
    await create('deals', 'l2');
    await create('activities', 'l3');
    await client.query(`DELETE FROM notes.notes WHERE write_id = 'l1'; DELETE FROM deals.outbox WHERE write_id = 'l2';
      DELETE FROM activities.changes WHERE write_id = 'l3'`);
    writeFileSync(
      journal,
      [line('l1', 'notes'), line('l2', 'deals'), line('l3', 'activities'), ''].join('\n'),
    );
    const { found, lost } = await findAcknowledged({ acme: client }, journal);
    expect([found, [...lost].sort()]).toEqual([0, ['l1', 'l2', 'l3']]);
  });

  test('cannot be looked for without the home of their company', async () => {
    writeFileSync(journal, `${line('w1', 'notes')}\n`);
    await expect(findAcknowledged({ globex: client }, journal)).rejects.toThrow('home of acme');
  });
});

test('the queues are tables of the product', async () => {
  const tables = Object.keys(await snapshotCompany(client, 'acme'));
  expect(tables).toEqual(expect.arrayContaining([...QUEUES]));
});
