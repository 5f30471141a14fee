import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  claimant,
  EU,
  GatewayProcess,
  home,
  problemName,
  type Service,
  startService,
  US,
} from './gateway-process.ts';

const REMOVED = { state: 'removed' };
const ERASED = { state: 'erased' };

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

/** A new company at us/db1, and steps of tasks on it: epoch, grant and version follow from what was done before. */
async function life() {
  companies += 1;
  const name = `life-${companies}`;
  await gateway.signUp(name);
  const step = async (verb: 'claim' | 'lock' | 'unlock' | 'commit', epoch: number, body: object = {}) =>
    gateway.call(verb, name, { ...claimant(epoch), ...body });
  /** Claims and locks under an epoch; answers the grant. */
  const lock = async (epoch: number): Promise<number> => {
    await step('claim', epoch);
    return (await step('lock', epoch, { leaseSeconds: 600 })).body.grant.grant;
  };
  /** A whole task: claim, lock, commit, unlock. Answers what the commit answered. */
  const commit = async (epoch: number, from: object, to: object) => {
    const grant = await lock(epoch);
    const { version } = (await gateway.read(name)).body;
    const answer = await step('commit', epoch, { grant, from, to, version });
    await step('unlock', epoch);
    return answer;
  };
  return { name, step, lock, commit };
}

const status = async (name: string) => (await gateway.request(`/c/${name}/deals`)).status;

describe('a company', () => {
  test('is removed, restored elsewhere, removed again and erased, each raising the version', async () => {
    const { name, commit } = await life();
    const course = [
      [home(US), REMOVED, 410],
      [REMOVED, home(EU), 200],
      [home(EU), home(US), 200],
      [home(US), REMOVED, 410],
      [REMOVED, ERASED, 410],
    ] as const;
    for (const [index, [from, to, answer]] of course.entries()) {
      const committed = await commit(index + 1, from, to);
      expect([committed.status, committed.body.home, committed.body.version]).toEqual([200, to, index + 1]);
      expect(await status(name)).toBe(answer);
    }
  });

  test('is erased from its home at once', async () => {
    const { name, commit } = await life();
    expect((await commit(1, home(US), ERASED)).body).toMatchObject({ home: ERASED, version: 1 });
    expect(await status(name)).toBe(410);
  });

  test('without a home is claimed, locked, refused to customers and unlocked like any other', async () => {
    const { name, step, lock, commit } = await life();
    await commit(1, home(US), REMOVED);
    expect(await lock(2)).toBe(2);
    expect(await status(name)).toBe(423);
    expect((await step('unlock', 2)).body).toMatchObject({ unbroken: true, grant: { grant: 2 } });
    expect((await gateway.read(name)).body).toMatchObject({ home: REMOVED, lock: { state: 'released' } });
    await commit(3, REMOVED, ERASED);
    expect(await lock(4)).toBe(4);
  });

  test('answers 410 while its removal’s lock is over, and 423 before that', async () => {
    const { name, step, lock } = await life();
    const grant = await lock(1);
    await step('commit', 1, { grant, from: home(US), to: REMOVED, version: 0 });
    expect(await status(name)).toBe(423);
    await step('unlock', 1);
    expect(await status(name)).toBe(410);
  });

  test('that was removed or erased is never signed up again, wherever', async () => {
    const { name, commit } = await life();
    for (const [epoch, to] of [[1, REMOVED] as const, [2, ERASED] as const]) {
      await commit(epoch, epoch === 1 ? home(US) : REMOVED, to);
      for (const location of [US, EU]) {
        const answer = await gateway.signUp(name, location);
        expect([answer.status, problemName(answer)]).toEqual([409, 'PlacementChanged']);
      }
    }
    expect((await gateway.read(name)).body).toMatchObject({ home: ERASED, version: 2 });
  });
});

describe('a commit is refused', () => {
  test.each([
    ['home to another home', home(EU), home(US), 'PlacementChanged'],
    ['removed to home while it lives', REMOVED, home(EU), 'PlacementChanged'],
    ['removed to erased while it lives', REMOVED, ERASED, 'PlacementChanged'],
    ['home to the same home', home(US), home(US), 'RequestInvalid'],
    ['a home without a route', home(US), home({ datacenter: 'mars', server: 'db1' }), 'ResourceUnknown'],
  ])('from %s', async (_, from, to, refusal) => {
    const { name, commit } = await life();
    expect(problemName(await commit(1, from, to))).toBe(refusal);
    expect((await gateway.read(name)).body).toMatchObject({ home: home(US), version: 0 });
  });

  test('once the company is removed, from the home that it had, and from removed to removed', async () => {
    const { name, commit } = await life();
    await commit(1, home(US), REMOVED);
    expect(problemName(await commit(2, home(US), home(EU)))).toBe('PlacementChanged');
    expect(problemName(await commit(3, home(US), ERASED))).toBe('PlacementChanged');
    expect(problemName(await commit(4, REMOVED, REMOVED))).toBe('RequestInvalid');
    expect((await gateway.read(name)).body).toMatchObject({ home: REMOVED, version: 1 });
  });

  test('once the company is erased, whatever it names: erased is final', async () => {
    const { name, commit } = await life();
    await commit(1, home(US), ERASED);
    const tries = [
      [ERASED, home(US)],
      [ERASED, REMOVED],
      [REMOVED, home(US)],
      [home(US), home(EU)],
    ] as const;
    for (const [index, [from, to]] of tries.entries()) {
      const answer = await commit(index + 2, from, to);
      expect([answer.status, problemName(answer)]).toEqual([410, 'CompanyErased']);
    }
    expect((await gateway.read(name)).body).toMatchObject({ home: ERASED, version: 1 });
  });

  test('for a removal and a restore too after a newer claim, under a dead grant, and of another version', async () => {
    const { name, step, lock, commit } = await life();
    const dead = await lock(1);
    await step('unlock', 1);
    const removal = { from: home(US), to: REMOVED, version: 0 };
    expect(problemName(await step('commit', 1, { ...removal, grant: dead }))).toBe('GrantBroken');
    const grant = await lock(2);
    expect(problemName(await step('commit', 2, { ...removal, grant, version: 1 }))).toBe('PlacementChanged');
    await step('claim', 3);
    expect(problemName(await step('commit', 2, { ...removal, grant }))).toBe('EpochStale');
    await step('unlock', 3);
    await commit(4, home(US), REMOVED);
    const restore = { from: REMOVED, to: home(EU), version: 1 };
    const late = await lock(5);
    await step('claim', 6);
    expect(problemName(await step('commit', 5, { ...restore, grant: late }))).toBe('EpochStale');
    expect((await gateway.read(name)).body).toMatchObject({ home: REMOVED, version: 1 });
  });

  test('never twice: a repeat of a removal answers the first commit, also after the unlock', async () => {
    const { name, step, lock } = await life();
    const grant = await lock(1);
    const removal = { grant, from: home(US), to: REMOVED, version: 0 };
    const first = (await step('commit', 1, removal)).body;
    await step('unlock', 1);
    expect((await step('commit', 1, removal)).body).toEqual(first);
    expect((await gateway.read(name)).body).toMatchObject({
      home: REMOVED,
      version: 1,
      versionTask: 'task-1',
    });
  });
});

describe('whose unlock ended a grant', () => {
  test('is nobody’s while it is held, then the holder’s who unlocked it, whatever is unlocked or claimed later', async () => {
    const { name, step, lock } = await life();
    const releasedBy = async () => (await gateway.read(name)).body.lock.releasedBy;
    await lock(1);
    expect(await releasedBy()).toBeNull();
    const unlocked = await step('unlock', 1);
    expect(unlocked.body.grant).toMatchObject({ state: 'released', releasedBy: 'task-1/task-1' });
    await step('unlock', 1);
    await step('claim', 2);
    expect((await step('unlock', 2)).body).toMatchObject({
      unbroken: false,
      grant: { grant: 1, releasedBy: 'task-1/task-1' },
    });
    await step('claim', 3);
    expect(await releasedBy()).toBe('task-1/task-1');
  });

  test('is the recovery’s when the recovery came first, and a late unlock of the task changes nothing', async () => {
    const { name, lock } = await life();
    await lock(1);
    const recovery = claimant(2, 'task-1', 'recover-task-1');
    await gateway.call('claim', name, recovery);
    const unlocked = await gateway.call('unlock', name, recovery);
    expect(unlocked.body).toMatchObject({ unbroken: true, grant: { releasedBy: 'task-1/recover-task-1' } });
    expect(problemName(await gateway.call('unlock', name, claimant(1)))).toBe('EpochStale');
    expect((await gateway.read(name)).body.lock.releasedBy).toBe('task-1/recover-task-1');
  });

  test('is nobody’s when the lease ended it, and survives a kill of the gateway', async () => {
    const { name, step, lock } = await life();
    await lock(1);
    await step('unlock', 1);
    const other = await life();
    await other.step('claim', 1);
    await other.step('lock', 1, { leaseSeconds: 1 });
    await gateway.crash();
    await gateway.start();
    expect((await gateway.read(name)).body.lock.releasedBy).toBe('task-1/task-1');
    while ((await gateway.read(other.name)).body.lock.state === 'held');
    expect((await other.step('unlock', 1)).body).toMatchObject({
      unbroken: false,
      grant: { state: 'expired', releasedBy: null },
    });
  });

  test('belongs to the one grant: the next starts without', async () => {
    const { name, step, lock } = await life();
    await lock(1);
    await step('unlock', 1);
    expect(await lock(2)).toBe(2);
    expect((await gateway.read(name)).body.lock).toMatchObject({ grant: 2, state: 'held', releasedBy: null });
  });
});
