import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { parseTopology } from '@tanker/contract/index.ts';
import {
  changedNeighbours,
  findAcknowledged,
  neighbourFingerprints,
  readJournal,
} from '../../demo/world/checks.ts';
import { demoCompanies, reserveWorld, type World } from '../../demo/world/world.ts';

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
    const check = await findAcknowledged({ acme: us, soylent: eu }, customers.journal);
    expect(check).toEqual({ acknowledged: totals.acknowledged, found: totals.acknowledged, lost: [] });
    expect(changedNeighbours(before, await neighbourFingerprints(us, ['acme']))).toEqual([]);
  } finally {
    await Promise.all([us.end(), eu.end()]);
  }
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
