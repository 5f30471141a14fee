import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { neighbours, openWorld, SOURCE, seedCompany, TARGET, type World } from './fixtures/world.ts';

let world: World;
let company: string;
let companies = 0;

beforeAll(async () => {
  // Small parts: 1 MiB less the header's share leaves room for about 1,000 rows.
  world = await openWorld({ maxPartBytes: 2 ** 20 });
  await seedCompany(world.source, 'neighbour', 50, 900_000);
}, 30_000);
afterAll(() => world.close());
beforeEach(() => {
  companies += 1;
  company = `acme-${companies}`;
});

const write = (from: Pick<World['source'], 'query'>, body = 'x') =>
  from.query('INSERT INTO crm.outbox (company, body, done) VALUES ($1, $2, true)', [company, body]);
const closed = { code: 'TK423' };

test('moves a company whole: sealed digests equal the snapshot’s and neighbours stay', async () => {
  await seedCompany(world.source, company, 3000, 10_000);
  await seedCompany(world.target, 'neighbour', 20, 900_000);
  const before = await neighbours(world.target, company);
  const source = await world.caller(SOURCE, company);
  const target = await world.caller(TARGET, company);
  const exported = await source.export();
  expect(exported.octets.length).toBeGreaterThan(2);
  await target.import(exported);
  expect((await target.seal()).collections).toEqual(exported.manifest.collections);
  expect((await target.summary(true)).collections.map((one) => one.digest)).toEqual(
    exported.manifest.collections.map((one) => one.digest),
  );
  expect(await neighbours(world.target, company)).toBe(before);
});

test('gives the same octets when a part is read again', async () => {
  await seedCompany(world.source, company, 200, 20_000);
  const source = await world.caller(SOURCE, company);
  const begun = await source.exportBegin();
  const first = await source.exportPart(begun.export, 0);
  await world.source.query('VACUUM ANALYZE crm.contacts');
  expect(await source.exportPart(begun.export, 0)).toEqual(first);
  await source.exportRelease(begun.export);
});

test('waits for a writer in flight, has its rows in the snapshot, and refuses writers after it', async () => {
  await write(world.source);
  const writer = await world.connect(SOURCE);
  await writer.query('BEGIN');
  await writer.query("INSERT INTO crm.contacts (company, name) VALUES ($1, 'in flight')", [company]);
  const source = await world.caller(SOURCE, company);
  let answered = false;
  const beginning = source.exportBegin().then((begun) => {
    answered = true;
    return begun;
  });
  await until(async () => (await source.summary()).closed !== null);
  await expect(write(world.source)).rejects.toMatchObject(closed);
  expect(answered).toBe(false);
  await writer.query('COMMIT');
  await writer.end();
  const begun = await beginning;
  expect(Buffer.from(await source.exportPart(begun.export, 0)).toString()).toContain('in flight');
  await source.exportRelease(begun.export);
});

test('refuses inserts, updates, deletes and truncation while closed, and takes them again once open', async () => {
  await seedCompany(world.source, company, 5, 30_000);
  const source = await world.caller(SOURCE, company);
  // Released, because a snapshot's locks make a truncation wait; the company stays closed.
  await source.exportRelease((await source.exportBegin()).export);
  await expect(write(world.source)).rejects.toMatchObject(closed);
  await expect(
    world.source.query("UPDATE crm.contacts SET name = 'n' WHERE company = $1", [company]),
  ).rejects.toMatchObject(closed);
  await expect(
    world.source.query(
      'UPDATE crm.notes SET company = $1 WHERE id = (SELECT min(id) FROM crm.notes WHERE company = $2)',
      [company, 'neighbour'],
    ),
  ).rejects.toMatchObject(closed);
  await expect(
    world.source.query('DELETE FROM crm.notes WHERE company = $1', [company]),
  ).rejects.toMatchObject(closed);
  await expect(world.source.query('TRUNCATE crm.outbox')).rejects.toMatchObject(closed);
  await world.source.query("UPDATE crm.contacts SET note = 'free' WHERE company = 'neighbour'");
  await source.open();
  await write(world.source);
});

test('counts every committed change in the watermark, under every isolation level, also while another waits', async () => {
  const source = await world.caller(SOURCE, company);
  await write(world.source);
  const one = await world.connect(SOURCE);
  const two = await world.connect(SOURCE);
  await one.query('BEGIN');
  await write(one);
  await two.query('BEGIN ISOLATION LEVEL SERIALIZABLE');
  await write(two);
  await write(two);
  expect((await source.drain()).watermark).toBe('1');
  await two.query('COMMIT');
  await one.query('ROLLBACK');
  await world.source.query('DELETE FROM crm.outbox WHERE company = $1', [company]);
  expect((await source.drain()).watermark).toBe('6');
  const begun = await source.exportBegin();
  expect((await source.exportFinish(begun.export)).watermark).toBe('6');
  expect((await source.drain()).watermark).toBe('6');
  await Promise.all([one.end(), two.end()]);
});

test('counts pending messages and refuses an export that would lose one', async () => {
  const source = await world.caller(SOURCE, company);
  await world.source.query("INSERT INTO crm.outbox (company, body) VALUES ($1, 'm')", [company]);
  expect((await source.drain()).pending).toBe(1);
  await expect(source.exportBegin()).rejects.toMatchObject({ name: 'DrainIncomplete' });
  await source.open();
  await world.source.query('UPDATE crm.outbox SET done = true WHERE company = $1', [company]);
  expect((await source.drain()).pending).toBe(0);
  await source.exportBegin();
});

test('demands that every part was read, and answers a repeated finish the same', async () => {
  await seedCompany(world.source, company, 10, 40_000);
  const source = await world.caller(SOURCE, company);
  const begun = await source.exportBegin();
  await source.exportPart(begun.export, 0);
  await expect(source.exportFinish(begun.export)).rejects.toMatchObject({ name: 'ExportMismatch' });
  await source.exportPart(begun.export, 1);
  const finished = await source.exportFinish(begun.export);
  expect(await source.exportFinish(begun.export)).toEqual(finished);
});

test('ends an export by a newer begin, by open and by a newer epoch', async () => {
  await seedCompany(world.source, company, 10, 50_000);
  const source = await world.caller(SOURCE, company);
  const first = await source.exportBegin();
  const second = await source.exportBegin();
  await expect(source.exportPart(first.export, 0)).rejects.toMatchObject({ name: 'SessionUnknown' });
  await source.exportPart(second.export, 0);
  await source.open();
  await expect(source.exportPart(second.export, 0)).rejects.toMatchObject({ name: 'SessionUnknown' });
  const third = await source.exportBegin();
  await source.as({ epoch: 2, holder: 'r/r' }).raise();
  await expect(source.exportPart(third.export, 0)).rejects.toMatchObject({ name: 'EpochStale' });
  await expect(source.as({ epoch: 2, holder: 'r/r' }).exportFinish(third.export)).rejects.toMatchObject({
    name: 'SessionUnknown',
  });
});

test('names tables with rows of the company that no collection claims', async () => {
  await world.source.query('INSERT INTO crm.forgotten (company) VALUES ($1), ($1)', [company]);
  const source = await world.caller(SOURCE, company);
  expect((await source.summary()).unclaimed).toEqual([{ place: 'crm.forgotten', rows: 2 }]);
});

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setImmediate(resolve));
}
