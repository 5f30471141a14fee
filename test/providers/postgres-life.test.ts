import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Pool } from 'pg';
import { openWorld, SOURCE, seedCompany, TARGET, type World } from './fixtures/world.ts';

/** Two locations that share out ids, as a product does whose companies move: odd ones at the source, even at the target. */
const STEP = 2;

let world: World;
let company: string;
let companies = 0;

beforeAll(async () => {
  world = await openWorld();
  for (const [first, pool] of [[1, world.source] as const, [2, world.target] as const]) {
    await pool.query(`
      ALTER TABLE crm.contacts ALTER id SET INCREMENT BY ${STEP} RESTART WITH ${first};
      ALTER SEQUENCE crm.notes_id_seq INCREMENT BY ${STEP} RESTART WITH ${first}`);
  }
}, 30_000);
afterAll(() => world.close());
beforeEach(() => {
  companies += 1;
  company = `acme-${companies}`;
});

const insert = async (pool: Pool, owner: string, contacts: number): Promise<number[]> => {
  const { rows } = await pool.query<{ id: string }>(
    `INSERT INTO crm.contacts (company, name) SELECT $1, 'row ' || i FROM generate_series(1, $2::int) i RETURNING id`,
    [owner, contacts],
  );
  return rows.map(({ id }) => Number(id));
};
const idsOf = async (pool: Pool, owner: string): Promise<number[]> => {
  const { rows } = await pool.query<{ id: string }>(
    'SELECT id FROM crm.contacts WHERE company = $1 ORDER BY id',
    [owner],
  );
  return rows.map(({ id }) => Number(id));
};

/** Exported at the source under epoch 1 and erased there under epoch 2. */
async function removed() {
  const slice = await (await world.caller(SOURCE, company)).export();
  await (await world.caller(SOURCE, company, 2)).erase();
  return slice;
}

describe('ids after a restore', () => {
  for (const [where, server, epoch] of [
    ['where the company lived', SOURCE, 3],
    ['at another location', TARGET, 1],
  ] as const) {
    test(`never collide with rows that neighbours made since, ${where}`, async () => {
      const pool = server === SOURCE ? world.source : world.target;
      const neighbour = `${company}-neighbour`;
      await insert(world.source, company, 30);
      const slice = await removed();
      const made = await insert(pool, neighbour, 50);

      // Neighbours go on while the company is brought back.
      const caller = await world.caller(server, company, epoch);
      const meanwhile = Promise.all(Array.from({ length: 8 }, () => insert(pool, neighbour, 25)));
      await caller.import(slice);
      made.push(...(await meanwhile).flat());
      expect((await caller.seal()).collections).toEqual(slice.manifest.collections);
      made.push(...(await insert(pool, neighbour, 50)));
      const own = await insert(pool, company, 50);

      expect(new Set([...made, ...(await idsOf(pool, company))]).size).toBe(made.length + 80);
      expect(await idsOf(pool, neighbour)).toEqual(made.toSorted((a, b) => a - b));
      expect(own.every((id) => !made.includes(id))).toBe(true);
    });
  }

  test('continue in the steps of the new home, so that no location gives out ids of another', async () => {
    const [home, there] = [world.source, world.target];
    await insert(home, company, 30);
    const slice = await removed();
    await (await world.caller(TARGET, company)).import(slice);
    const next = await insert(there, company, 20);
    expect(next.every((id) => id % STEP === 0)).toBe(true);
    expect((await insert(home, 'neighbour', 20)).every((id) => id % STEP === 1)).toBe(true);
  });

  test('continue in those steps too when the sequence is far behind the ids that come', async () => {
    const far = 10_000_001 + companies * 1_000_000;
    await seedCompany(world.source, company, 3, far);
    const slice = await removed();
    await (await world.caller(TARGET, company)).import(slice);
    const [next] = await insert(world.target, 'neighbour', 1);
    expect(next).toBeGreaterThan(far);
    expect((next ?? 0) % STEP).toBe(0);
  });
});

describe('a fallback copy', () => {
  test('shows by its digests that somebody wrote there past the closing', async () => {
    await insert(world.source, company, 10);
    const slice = await (await world.caller(SOURCE, company)).export();
    const look = async (epoch: number) => {
      const { collections, watermark } = await (await world.caller(SOURCE, company, epoch)).seal();
      return { collections, watermark };
    };
    const left = { collections: slice.manifest.collections, watermark: slice.watermark };
    expect(await look(2)).toEqual(left);
    const past = await world.connect(SOURCE);
    await past.query(`SET tanker.worker = 'on'`);
    await past.query('UPDATE crm.contacts SET name = $2 WHERE company = $1', [company, 'past every trigger']);
    await past.end();
    expect((await look(3)).collections).not.toEqual(left.collections);
  });
});

describe('an erase', () => {
  test('counts rows that no collection claims as left, and deletes none of them', async () => {
    await insert(world.source, company, 4);
    await world.source.query('INSERT INTO crm.forgotten (company) VALUES ($1), ($1)', [company]);
    await world.source.query(`INSERT INTO crm.forgotten (company) VALUES ('neighbour')`);
    const caller = await world.caller(SOURCE, company);
    expect(await caller.erase()).toEqual({
      erased: { rows: 4, staging: 0 },
      left: { rows: 2, staging: 0 },
    });
    await world.source.query('DELETE FROM crm.forgotten WHERE company = $1', [company]);
    expect((await caller.erase()).left).toEqual({ rows: 0, staging: 0 });
  });

  test('leaves nothing of the company but its fence, its closing and the keys of hooks', async () => {
    await seedCompany(world.source, company, 12, 500_001 + companies * 1000);
    await world.source.query('INSERT INTO crm.outbox (company, body, done) VALUES ($1, $2, true)', [
      company,
      'told',
    ]);
    const caller = await world.caller(SOURCE, company);
    await caller.export();
    await caller.hook('after-migrate', 'key');
    await world.source.query('DELETE FROM crm.hooked');
    await caller.erase();
    const { rows: tables } = await world.source.query<{ place: string }>(
      `SELECT format('%I.%I', table_schema, table_name) AS place FROM information_schema.columns
        WHERE column_name = 'company' AND table_schema IN ('crm', 'tanker_crm') ORDER BY 1`,
    );
    const holding: string[] = [];
    for (const { place } of tables) {
      const { rowCount } = await world.source.query(`SELECT 1 FROM ${place} WHERE company = $1`, [company]);
      if (rowCount) holding.push(place);
    }
    expect(holding).toEqual(['tanker_crm.fence', 'tanker_crm.hook_keys']);
  });
});
