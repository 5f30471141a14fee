import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { HOOKS } from '@tanker/contract/index.ts';
import { consumeDue, createQueueProvider, publishMessage, queueSql } from '../../providers/queue/index.ts';
import { ProviderCaller } from '../../sdk/conformance/caller.ts';
import { describeProvider, type ProviderUnderTest } from '../../sdk/conformance/index.ts';
import { serveProvider } from '../../sdk/index.ts';
import { openTwoDatabases, TOKEN, type TwoDatabases } from './fixtures/two-databases.ts';

const QUEUE = { table: 'work.queue', companyColumn: 'company' };
const LATER = new Date('2040-05-01T12:00:00.123Z');

let databases: TwoDatabases;
let provider: ReturnType<typeof createQueueProvider>;
let running: { url: string; close(): Promise<void> };

beforeAll(async () => {
  databases = await openTwoDatabases(
    `CREATE SCHEMA work; ${queueSql(QUEUE)}; CREATE TABLE work.seen (payload jsonb);
      CREATE SCHEMA aside; CREATE TABLE aside.hooked (company text, hook text)`,
  );
  provider = createQueueProvider({
    name: 'reminders',
    datacenter: 'eu',
    servers: databases.servers,
    queue: QUEUE,
    hooks: Object.fromEntries(
      HOOKS.map((hook) => [hook, `INSERT INTO aside.hooked (company, hook) VALUES ($1, '${hook}')`]),
    ),
  });
  for (const server of ['db1', 'db2']) await provider.install(server);
  running = await serveProvider({ implementation: provider.implementation, tokens: [TOKEN] }).listen();
}, 30_000);
afterAll(async () => {
  await running.close();
  await provider.close();
  await databases.close();
});

const pool = (server: string) => databases.pools[server] as NonNullable<(typeof databases.pools)[string]>;
const send = (server: string, company: string, n: number, deliverAt: Date) =>
  publishMessage(pool(server), QUEUE, company, { topic: 'remind', payload: { n }, deliverAt });

const suite = describeProvider({
  make: async (): Promise<ProviderUnderTest> => ({
    ...{ url: running.url, token: TOKEN, datacenter: 'eu', source: 'db1', target: 'db2' },
    seed: async (company) => {
      for (let n = 0; n < 7; n += 1) await send('db1', company, n, LATER);
      return 7;
    },
    change: (server, company) => send(server, company, 0, LATER),
    pending: (server, company) => send(server, company, 0, new Date(0)),
    hookRuns: async (server, company, hook) => {
      const counted = 'SELECT count(*)::int AS n FROM aside.hooked WHERE company = $1 AND hook = $2';
      return (await pool(server).query(counted, [company, hook])).rows[0].n;
    },
    renewIncarnation: async () =>
      void (await pool('db1').query('SELECT tanker_reminders.renew_incarnation()')),
    close: async () => undefined,
  }),
});
describe('as every provider', () => {
  for (const { title, run } of suite.cases) test(title, run, 30_000);
});

describe('a queue with delayed messages', () => {
  let company = '';
  let companies = 0;
  beforeEach(() => {
    companies += 1;
    company = `delayed-${companies}`;
  });

  const at = async (server: string, epoch = 1) => {
    const fence = { task: 't', epoch, holder: `t/e${epoch}`, incarnation: 'none' };
    const options = { url: running.url, token: TOKEN, datacenter: 'eu', server, company, fence };
    const caller = new ProviderCaller(options);
    return caller.as({ incarnation: (await caller.describe()).incarnation });
  };
  const workOff = (server: string, limit = 10) =>
    consumeDue(pool(server), QUEUE, company, limit, async (client, messages) => {
      for (const { payload } of messages) await client.query('INSERT INTO work.seen VALUES ($1)', [payload]);
    });

  test('what is due is pending until it is worked off, what is delayed never is', async () => {
    for (const n of [1, 2, 3]) await send('db1', company, n, new Date(0));
    await send('db1', company, 4, LATER);
    const caller = await at('db1');
    expect(await caller.drain()).toMatchObject({ pending: 3 });
    expect(await workOff('db1', 2)).toEqual({ outcome: 'worked-off', messages: 2 });
    expect(await caller.drain()).toMatchObject({ pending: 1 });
    expect(await workOff('db1')).toEqual({ outcome: 'worked-off', messages: 1 });
    expect(await caller.drain()).toMatchObject({ pending: 0 });
    expect((await caller.summary()).collections).toMatchObject([{ name: 'messages', rows: 1 }]);
  });

  test('delayed messages move with their due time, and so does one that came due after the drain', async () => {
    await send('db1', company, 1, LATER);
    await send('db1', company, 2, new Date(0));
    const slice = await (await at('db1')).export();
    expect(slice.manifest.collections).toMatchObject([{ name: 'messages', digest: { rows: 2 } }]);
    const target = await at('db2');
    await target.import(slice);
    expect((await target.seal()).collections).toEqual(slice.manifest.collections);
    const { rows } = await pool('db2').query(
      'SELECT payload, deliver_at FROM work.queue WHERE company = $1 ORDER BY deliver_at',
      [company],
    );
    expect(rows).toEqual([
      { payload: { n: 2 }, deliver_at: new Date(0) },
      { payload: { n: 1 }, deliver_at: LATER },
    ]);
    expect(await workOff('db2')).toEqual({ outcome: 'worked-off', messages: 1 });
  });

  test('while the company is closed a consumer is told to come later, and its messages stay', async () => {
    await send('db1', company, 1, new Date(0));
    const caller = await at('db1');
    await caller.exportBegin();
    expect(await workOff('db1')).toEqual({ outcome: 'retry-later' });
    await expect(send('db1', company, 2, LATER)).rejects.toMatchObject({ name: 'CompanyClosed' });
    await caller.open();
    expect(await caller.drain()).toMatchObject({ pending: 1 });
    expect(await workOff('db1')).toEqual({ outcome: 'worked-off', messages: 1 });
  });

  test('where the company is closed nothing is pending: what becomes due there is the copy of what moved', async () => {
    await send('db1', company, 1, new Date(0));
    await send('db1', company, 2, LATER);
    const source = await at('db1');
    const slice = await source.export();
    await (await at('db2')).import(slice);
    const due = 'UPDATE work.queue SET deliver_at = now() WHERE company = $1';
    expect(await source.drain()).toEqual({ pending: 0, watermark: slice.watermark });
    expect(await (await at('db2')).drain()).toMatchObject({ pending: 1 });
    await expect(pool('db1').query(due, [company])).rejects.toMatchObject({ code: 'TK423' });
    const cleanup = await at('db1', 2);
    expect(await cleanup.seal()).toMatchObject({
      collections: slice.manifest.collections,
      watermark: slice.watermark,
    });
    expect(await cleanup.drain()).toEqual({ pending: 0, watermark: slice.watermark });
    expect((await cleanup.erase()).left).toEqual({ rows: 0, staging: 0 });
  });

  test('a consumer that fails gives its messages back', async () => {
    await send('db1', company, 1, new Date(0));
    const failing = consumeDue(pool('db1'), QUEUE, company, 10, async () => {
      throw new Error('no connection');
    });
    await expect(failing).rejects.toThrow('no connection');
    expect(await (await at('db1')).drain()).toMatchObject({ pending: 1 });
  });
});
