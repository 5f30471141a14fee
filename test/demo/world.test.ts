import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Describe, parseTopology, Summary } from '@tanker/contract/index.ts';
import {
  changedNeighbours,
  closedProviders,
  findAcknowledged,
  neighbourFingerprints,
  readJournal,
} from '../../demo/world/checks.ts';
import { demoCompanies, reserveWorld, type World } from '../../demo/world/world.ts';
import { sendWrite } from '../../demo/world/writer.ts';

let world: World;
const directory = mkdtempSync(join(tmpdir(), 'tanker-world-'));

beforeAll(async () => {
  const reserved = await reserveWorld({ directory });
  world = await reserved.start({ companies: demoCompanies(1000) });
}, 60_000);
afterAll(async () => {
  await world?.stop();
  rmSync(directory, { recursive: true });
});

test('the topology of the world is valid and names a secret that there is for each provider', () => {
  const topology = parseTopology(world.topology, 'of the world');
  const names = [...topology.providers.map((p) => p.secret), topology.gateway.operatorSecret];
  for (const name of names) expect(world.secrets[name]).toHaveLength(32);
});

test('everything that customers were told is written is found, and neighbours are as they were', async () => {
  await world.addCompany({ company: 'soylent', rows: 200, datacenter: 'eu' });
  const [us, eu] = [await world.connect('us'), await world.connect('eu')];
  try {
    const before = await neighbourFingerprints(us, ['acme']);
    const customers = await world.startCustomers({ companies: ['acme', 'soylent'], writesPerSecond: 200 });
    while (customers.totals().acknowledged < 200) await new Promise((resolve) => setTimeout(resolve, 50));
    const totals = await customers.stop();
    expect(totals).toMatchObject({ refusedWhileLocked: 0, uncertain: 0, refused: {} });
    const kinds = new Set((await readJournal(customers.journal)).map((write) => write.kind));
    expect([...kinds].sort()).toEqual(['create', 'delete', 'update']);
    const check = await findAcknowledged({ acme: us, soylent: eu }, customers.journal, {
      acme: world.filesOf('us'),
      soylent: world.filesOf('eu'),
    });
    expect(check).toEqual({ acknowledged: totals.acknowledged, found: totals.acknowledged, lost: [] });
    expect(changedNeighbours(before, await neighbourFingerprints(us, ['acme']))).toEqual([]);
  } finally {
    await Promise.all([us.end(), eu.end()]);
  }
}, 60_000);

test('each provider answers at each location of the topology and claims every row of the company', async () => {
  const topology = parseTopology(world.topology, 'of the world');
  let rows = 0;
  for (const { name, endpoints, secret, importAfter } of topology.providers) {
    const ask = async (datacenter: string, path: string) => {
      const url = `${endpoints[datacenter]}/tanker/v1/locations/${datacenter}/db1${path}`;
      const response = await fetch(url, { headers: { authorization: `Bearer ${world.secrets[secret]}` } });
      return (await response.json()) as Record<string, unknown>;
    };
    expect(Describe.parse(await ask('eu', ''))).toMatchObject({ name, importAfter });
    const summary = Summary.parse(await ask('eu', '/companies/hooli/summary'));
    expect(summary.unclaimed).toEqual([]);
    if (name === 'documents') expect(summary.collections).toMatchObject([{ name: 'files', rows: 50 }]);
    else rows += summary.collections.reduce((sum, collection) => sum + collection.rows, 0);
  }
  expect(rows).toBe(500);
});

test('a write to a closed company is 423, its messages wait, and nobody else is held up', async () => {
  const us = await world.connect('us');
  const send = (company: string, writeId: string) =>
    sendWrite({ gateway: world.gateway.url, company, collection: 'deals', kind: 'create', writeId });
  const pending = async (company: string): Promise<string> =>
    (
      await us.query(
        `SELECT count(*) AS n FROM deals.outbox WHERE company_id = $1 AND delivered_at IS NULL`,
        [company],
      )
    ).rows[0].n;
  const until = async (company: string, count: string): Promise<void> => {
    while ((await pending(company)) !== count) await new Promise((resolve) => setTimeout(resolve, 10));
  };
  try {
    await until('globex', '0');
    await us.query(`BEGIN; SET LOCAL tanker.worker = 'on'`);
    await us.query(
      `INSERT INTO deals.outbox (company_id, topic, payload) VALUES ('globex', 'deal-created', '{}')`,
    );
    await us.query(`UPDATE tanker_deals.fence SET closed_epoch = 1 WHERE company = 'globex'; COMMIT`);
    expect(await closedProviders(us, 'globex')).toEqual(['deals']);
    expect(await send('globex', 'while-closed')).toEqual({ outcome: 'locked', retryAfterSeconds: 1 });
    expect(await send('initech', 'beside')).toMatchObject({ outcome: 'acknowledged' });
    await until('initech', '0');
    expect(await pending('globex')).toBe('1');
    await us.query(`UPDATE tanker_deals.fence SET closed_epoch = NULL WHERE company = 'globex'`);
    await until('globex', '0');
  } finally {
    await us.end();
  }
});

test('days pass for gateway, providers and customers by their dates alone; databases keep the machine’s', async () => {
  const topology = parseTopology(world.topology, 'of the world');
  const [provider] = topology.providers;
  const get = async (url: string, secret: string) => {
    const headers = { authorization: `Bearer ${secret}` };
    return (await (await fetch(url, { headers })).json()) as Record<string, unknown>;
  };
  const describe = () =>
    get(
      `${provider?.endpoints['us']}/tanker/v1/locations/us/db1`,
      world.secrets[provider?.secret ?? ''] ?? '',
    );
  const { url, operatorToken } = world.gateway;
  const record = () => get(`${url}/tanker/v1/companies/initech`, operatorToken);
  const call = async (what: string, body: object) =>
    fetch(`${url}/tanker/v1/companies/initech/${what}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${operatorToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ task: 'jump', holder: 'jump/jump', epoch: 1, ...body }),
    });
  await call('claim', {});
  expect((await call('lock', { leaseSeconds: 3600 })).status).toBe(200);
  expect(await record()).toMatchObject({ lock: { state: 'held' } });

  const DAY_MS = 86_400_000;
  await world.followClock(3 * DAY_MS);
  const aheadMs = Date.parse(String((await describe())['now'])) - Date.now();
  expect(Math.abs(aheadMs - 3 * DAY_MS)).toBeLessThan(30_000);
  // The lease of an hour is over, though nobody waited for it.
  expect(await record()).toMatchObject({ lock: { state: 'expired' } });
  const us = await world.connect('us');
  const { rows } = await us.query('SELECT now() AS now');
  expect(Math.abs(rows[0].now.getTime() - Date.now())).toBeLessThan(30_000);
  await us.end();

  const customers = await world.startCustomers({ companies: ['globex'] });
  while (customers.totals().acknowledged < 1) await new Promise((resolve) => setTimeout(resolve, 20));
  const totals = await customers.stop();
  expect(totals.uncertain).toBe(0);
  const [write] = await readJournal(customers.journal);
  expect(Date.parse(write?.at ?? '') - Date.now()).toBeGreaterThan(2 * DAY_MS);
}, 60_000);

test('messages are delivered by the job', async () => {
  const us = await world.connect('us');
  try {
    await fetch(`${world.gateway.url}/c/globex/deals`, {
      method: 'POST',
      headers: { 'idempotency-key': 'one-deal' },
      body: JSON.stringify({ text: 'A deal' }),
    });
    const delivered = async (): Promise<boolean> =>
      (await us.query(`SELECT 1 FROM deals.notifications WHERE write_id = 'one-deal'`)).rows.length === 1;
    while (!(await delivered())) await new Promise((resolve) => setTimeout(resolve, 10));
    const { rows } = await us.query(`SELECT delivered_at FROM deals.outbox WHERE write_id = 'one-deal'`);
    expect(rows[0].delivered_at).toBeInstanceOf(Date);
  } finally {
    await us.end();
  }
});
