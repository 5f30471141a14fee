import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { ProviderCaller } from '@tanker/sdk/conformance/caller.ts';
import { openWorld, SOURCE, seedCompany, TOKEN, type World } from './fixtures/world.ts';

let world: World;
let company: string;
let companies = 0;

beforeAll(async () => {
  world = await openWorld();
}, 30_000);
afterAll(() => world.close());
beforeEach(() => {
  companies += 1;
  company = `acme-${companies}`;
});

const MUTATING: [string, (caller: ProviderCaller) => Promise<unknown>][] = [
  ['exportBegin', (c) => c.exportBegin()],
  ['exportPart', (c) => c.exportPart('none', 0)],
  ['exportFinish', (c) => c.exportFinish('none')],
  ['exportRelease', (c) => c.exportRelease('none')],
  ['open', (c) => c.open()],
  [
    'importBegin',
    (c) =>
      c.importBegin({ format: { name: 'tanker-postgres-copy', version: 1 }, parts: [], collections: [] }),
  ],
  ['importPart', (c) => c.importPart('none', 0, Buffer.from('{}\n'))],
  ['importPublish', (c) => c.publish('none')],
  ['importAbort', (c) => c.abort('none')],
  ['seal', (c) => c.seal()],
  ['fence', (c) => c.raise()],
  ['erase', (c) => c.erase()],
  ['hook', (c) => c.hook('after-migrate', 'k')],
];

test.each(MUTATING)(
  '%s refuses a lower epoch, an equal epoch of another holder and another incarnation',
  async (_name, act) => {
    const caller = await world.caller(SOURCE, company, 5, 'five/five');
    await caller.raise();
    await expect(act(caller.as({ epoch: 4, holder: 'four/four' }))).rejects.toMatchObject({
      name: 'EpochStale',
    });
    await expect(act(caller.as({ holder: 'other/other' }))).rejects.toMatchObject({ name: 'EpochStale' });
    await expect(act(caller.as({ epoch: 6, incarnation: 'another' }))).rejects.toMatchObject({
      name: 'IncarnationChanged',
    });
    expect(await caller.summary()).toMatchObject({ epoch: 5, holder: 'five/five', closed: null });
  },
);

test.each(MUTATING)('%s of a higher epoch takes over', async (_name, act) => {
  const caller = await world.caller(SOURCE, company, 5, 'five/five');
  await caller.raise();
  await act(caller.as({ epoch: 6, holder: 'six/six' })).catch(() => undefined);
  const { epoch } = await caller.summary();
  // An unknown session and an unreadable part are refused in the transaction that would have raised the epoch.
  expect([5, 6]).toContain(epoch);
  if (epoch === 6) await expect(caller.raise()).rejects.toMatchObject({ name: 'EpochStale' });
});

test('keeps the epoch after an erase', async () => {
  await seedCompany(world.source, company, 4, companies * 1000);
  const caller = await world.caller(SOURCE, company, 7);
  expect(await caller.erase()).toEqual({ erased: { rows: 6, staging: 0 }, left: { rows: 0, staging: 0 } });
  expect(await caller.erase()).toEqual({ erased: { rows: 0, staging: 0 }, left: { rows: 0, staging: 0 } });
  await expect(caller.as({ epoch: 6 }).raise()).rejects.toMatchObject({ name: 'EpochStale' });
});

test('runs a hook once for each key, also when the epoch has grown', async () => {
  const caller = await world.caller(SOURCE, company);
  expect(await caller.hook('after-migrate', 'v2')).toEqual({ ran: true });
  expect(await caller.as({ epoch: 2 }).hook('after-migrate', 'v2')).toEqual({ ran: false });
  const { rows } = await world.source.query('SELECT count(*)::int AS n FROM crm.hooked WHERE company = $1', [
    company,
  ]);
  expect(rows[0].n).toBe(1);
  await expect(caller.as({ epoch: 2 }).hook('after-import', 'v2')).rejects.toMatchObject({
    name: 'ResourceUnknown',
  });
});

test('has another incarnation after its operator renewed it', async () => {
  const caller = await world.caller(SOURCE, company);
  await world.source.query('SELECT tanker_crm.renew_incarnation()');
  await expect(caller.raise()).rejects.toMatchObject({ name: 'IncarnationChanged' });
  const renewed = await world.caller(SOURCE, company);
  await renewed.raise();
});

test('installs twice, and keeps incarnation and guards', async () => {
  const before = await world.caller(SOURCE, company);
  await world.provider.install(SOURCE);
  expect((await before.describe()).incarnation).toBe(before.options.fence.incarnation);
});

test('refuses a missing or wrong token before it looks at anything else', async () => {
  const path = `${world.url}/tanker/v1/locations/eu/${SOURCE}`;
  for (const headers of [{}, { authorization: 'Bearer wrong' }, { authorization: `Basic ${TOKEN}` }]) {
    const response = await fetch(path, { headers: headers as Record<string, string> });
    expect([response.status, response.headers.get('content-type')]).toEqual([
      401,
      'application/problem+json',
    ]);
    expect(await response.json()).toMatchObject({ type: 'urn:tanker:RequestUnauthorized' });
  }
});

test('refuses bad paths, headers and bodies, and an erase that names another company than its path', async () => {
  const caller = await world.caller(SOURCE, company);
  const invalid = { name: 'RequestInvalid' };
  await expect(caller.as({ holder: 'no holder' }).raise()).rejects.toMatchObject(invalid);
  await expect(caller.ask('POST', '/exports', { grant: 0 })).rejects.toMatchObject(invalid);
  await expect(caller.ask('POST', '/exports', { grant: 1, more: 1 })).rejects.toMatchObject(invalid);
  await expect(caller.request('GET', '/companies/-bad/summary')).rejects.toMatchObject(invalid);
  await expect(caller.request('GET', '/companies')).rejects.toMatchObject({ name: 'ResourceUnknown' });
  const order = { company: 'other', location: { datacenter: 'eu', server: SOURCE }, version: 1, reason: 'x' };
  await expect(caller.ask('POST', '/erase', order)).rejects.toMatchObject(invalid);
  expect((await caller.summary()).epoch).toBe(0);
});
