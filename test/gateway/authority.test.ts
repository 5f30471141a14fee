import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  claimant,
  EU,
  GatewayProcess,
  home,
  problemName,
  READER,
  type Service,
  startService,
  US,
} from './gateway-process.ts';

let service: Service;
let gateway: GatewayProcess;
let companies = 0;

beforeAll(async () => {
  service = await startService();
  const url = `http://127.0.0.1:${service.port}`;
  gateway = await new GatewayProcess({ 'us/db1': url, 'eu/db1': url }).start();
});
afterAll(async () => {
  await gateway.stop();
  await service.stop();
});

async function company(): Promise<string> {
  companies += 1;
  const name = `company-${companies}`;
  expect((await gateway.signUp(name)).status).toBe(201);
  return name;
}

async function locked(epoch = 1, leaseSeconds = 600) {
  const name = await company();
  await gateway.call('claim', name, claimant(epoch));
  const { body } = await gateway.call('lock', name, { ...claimant(epoch), leaseSeconds });
  return { name, grant: body.grant.grant as number, lock: body };
}

const move = (grant: number, version = 0) => ({ grant, from: home(US), to: home(EU), version });

describe('sign-up', () => {
  test('makes a record at its home, and a repeat answers the same', async () => {
    const name = await company();
    const again = await gateway.signUp(name);
    expect(again.body).toEqual({
      company: name,
      home: home(US),
      version: 0,
      versionTask: null,
      epoch: 0,
      holder: null,
      lock: null,
    });
  });

  test('refuses an id that is taken and a location without a route', async () => {
    const name = await company();
    expect(problemName(await gateway.signUp(name, EU))).toBe('PlacementChanged');
    const nowhere = await gateway.signUp('elsewhere', { datacenter: 'mars', server: 'db1' });
    expect(problemName(nowhere)).toBe('ResourceUnknown');
    expect((await gateway.read('elsewhere')).status).toBe(404);
  });
});

describe('access', () => {
  test('lets the reader read and nothing else', async () => {
    const name = await company();
    expect((await gateway.read(name)).status).toBe(200);
    const claim = await gateway.post(`/tanker/v1/companies/${name}/claim`, claimant(1), READER);
    expect([claim.status, problemName(claim)]).toEqual([401, 'RequestUnauthorized']);
    expect((await gateway.read(name, 'guess')).status).toBe(401);
  });

  test('answers problems for an unknown company, a malformed body and a foreign holder', async () => {
    const unknown = await gateway.read('nobody');
    expect([unknown.status, problemName(unknown)]).toEqual([404, 'CompanyUnknown']);
    expect(problemName(await gateway.call('claim', 'nobody', claimant(1)))).toBe('CompanyUnknown');
    const name = await company();
    const malformed = await gateway.call('claim', name, { task: 'a', epoch: -1 });
    expect([malformed.status, problemName(malformed)]).toEqual([400, 'RequestInvalid']);
    const foreign = await gateway.call('claim', name, { task: 'a', epoch: 1, holder: 'b/b' });
    expect(problemName(foreign)).toBe('RequestInvalid');
  });
});

describe('claim', () => {
  test('raises the epoch, and a repeat answers who held it before this claim', async () => {
    const name = await company();
    const first = await gateway.call('claim', name, claimant(1));
    expect(first.body.before).toEqual({ epoch: 0, holder: null });
    expect(first.body.record).toMatchObject({ epoch: 1, holder: 'task-1/task-1', version: 0 });
    const second = await gateway.call('claim', name, claimant(4));
    expect(second.body.before).toEqual({ epoch: 1, holder: 'task-1/task-1' });
    expect((await gateway.call('claim', name, claimant(4))).body).toEqual(second.body);
  });

  test('refuses a lower epoch and an equal one of another holder', async () => {
    const name = await company();
    await gateway.call('claim', name, claimant(4));
    const lower = await gateway.call('claim', name, claimant(3));
    expect([lower.status, problemName(lower)]).toEqual([409, 'EpochStale']);
    expect(problemName(await gateway.call('claim', name, claimant(4, 'other')))).toBe('EpochStale');
    expect((await gateway.read(name)).body.holder).toBe('task-4/task-4');
  });
});

describe('lock', () => {
  test('is refused without the claim of its epoch', async () => {
    const name = await company();
    const lock = await gateway.call('lock', name, { ...claimant(1), leaseSeconds: 60 });
    expect(problemName(lock)).toBe('EpochStale');
  });

  test('answers a repeat with the same grant while it is held', async () => {
    const { name, lock } = await locked();
    expect(lock.grant).toMatchObject({ grant: 1, epoch: 1, holder: 'task-1/task-1', state: 'held' });
    const again = await gateway.call('lock', name, { ...claimant(1), leaseSeconds: 9 });
    expect(again.body).toEqual(lock);
  });

  test('grants an epoch once: after its unlock it is refused, and the next epoch gets the next grant', async () => {
    const { name } = await locked();
    await gateway.call('unlock', name, claimant(1));
    const again = await gateway.call('lock', name, { ...claimant(1), leaseSeconds: 60 });
    expect([again.status, problemName(again)]).toEqual([409, 'LockRefused']);
    await gateway.call('claim', name, claimant(2));
    const next = await gateway.call('lock', name, { ...claimant(2), leaseSeconds: 60 });
    expect(next.body.grant).toMatchObject({ grant: 2, epoch: 2, state: 'held' });
  });

  test('is refused after an unlock of its epoch that came first', async () => {
    const name = await company();
    await gateway.call('claim', name, claimant(1));
    await gateway.call('unlock', name, claimant(1));
    const late = await gateway.call('lock', name, { ...claimant(1), leaseSeconds: 60 });
    expect(problemName(late)).toBe('LockRefused');
    expect((await gateway.read(name)).body.lock).toBeNull();
  });
});

describe('unlock', () => {
  test('ends the lock, says that it was unbroken, and answers a repeat the same', async () => {
    const { name } = await locked();
    const first = await gateway.call('unlock', name, claimant(1));
    expect(first.body).toMatchObject({ unbroken: true, grant: { grant: 1, state: 'released' } });
    expect((await gateway.call('unlock', name, claimant(1))).body).toEqual(first.body);
    expect((await gateway.read(name)).body).toMatchObject({ epoch: 1, lock: { state: 'released' } });
  });

  test('ends the lock of a lower epoch, and refuses the epoch that it outdates', async () => {
    const { name } = await locked();
    await gateway.call('claim', name, claimant(2, 'task-1', 'recover-task-1'));
    const stale = await gateway.call('unlock', name, claimant(1));
    expect(problemName(stale)).toBe('EpochStale');
    const unlocked = await gateway.call('unlock', name, claimant(2, 'task-1', 'recover-task-1'));
    expect(unlocked.body).toMatchObject({ unbroken: true, grant: { epoch: 1, state: 'released' } });
  });

  test('is fine when nothing is locked', async () => {
    const name = await company();
    await gateway.call('claim', name, claimant(1));
    const unlocked = await gateway.call('unlock', name, claimant(1));
    expect([unlocked.status, unlocked.body]).toEqual([
      200,
      { unbroken: false, grant: null, unlockedAt: expect.any(String) },
    ]);
  });
});

describe('commit', () => {
  test('moves home, raises the version, and answers a repeat the same, also after the unlock', async () => {
    const { name, grant } = await locked();
    const request = { ...claimant(1), ...move(grant) };
    const first = await gateway.call('commit', name, request);
    expect(first.body).toMatchObject({ home: home(EU), version: 1 });
    expect((await gateway.call('commit', name, request)).body).toEqual(first.body);
    await gateway.call('unlock', name, claimant(1));
    expect((await gateway.call('commit', name, request)).body).toEqual(first.body);
    expect((await gateway.read(name)).body).toMatchObject({ version: 1, versionTask: 'task-1' });
  });

  test('is refused after a newer claim', async () => {
    const { name, grant } = await locked();
    await gateway.call('claim', name, claimant(2));
    expect(problemName(await gateway.call('commit', name, { ...claimant(1), ...move(grant) }))).toBe(
      'EpochStale',
    );
    expect((await gateway.read(name)).body.home).toEqual(home(US));
  });

  test('is refused without a grant, under another grant, and after the unlock', async () => {
    const name = await company();
    await gateway.call('claim', name, claimant(1));
    const commit = (grant: number) => gateway.call('commit', name, { ...claimant(1), ...move(grant) });
    expect(problemName(await commit(1))).toBe('GrantBroken');
    await gateway.call('lock', name, { ...claimant(1), leaseSeconds: 60 });
    expect(problemName(await commit(2))).toBe('GrantBroken');
    await gateway.call('unlock', name, claimant(1));
    expect(problemName(await commit(1))).toBe('GrantBroken');
  });

  test('is refused unless home and version are as claimed, and towards a location without a route', async () => {
    const { name, grant } = await locked();
    const commit = (change: object) =>
      gateway.call('commit', name, { ...claimant(1), ...move(grant), ...change });
    expect(problemName(await commit({ version: 3 }))).toBe('PlacementChanged');
    expect(problemName(await commit({ from: { state: 'removed' } }))).toBe('PlacementChanged');
    expect(problemName(await commit({ to: home({ datacenter: 'mars', server: 'db1' }) }))).toBe(
      'ResourceUnknown',
    );
    expect((await gateway.read(name)).body.version).toBe(0);
  });
});
