import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { keys, TASK_OPERATIONS } from '@tanker/contract/index.ts';
import { closeTask } from '../../core/control/close-task.ts';
import { commitBackup } from '../../core/control/commit-backup.ts';
import { decideDirection } from '../../core/control/decide-direction.ts';
import { lockTraffic, unlockTraffic } from '../../core/control/lock-traffic.ts';
import { verifySource } from '../../core/control/verify-source.ts';
import type { Actor } from '../../core/ports.ts';
import { type ControlWorld, controlWorld, SOURCE, settle } from './control-world.ts';
import { finishedBackup, finishedRemoval, verifiedSlice } from './finished-task.ts';
import {
  exported,
  newCompany,
  newTask,
  openedTask,
  PROVIDERS,
  plannedTask,
  planOf,
  REASON,
  readAgain,
  recoveryOf,
  refusalOf,
} from './planned-task.ts';

let world: ControlWorld;
beforeAll(async () => {
  world = await controlWorld();
});
afterAll(() => world.close());

const DAY_MS = 86_400_000;
const planned = (input: object = {}) => plannedTask(world, { operation: 'backup', input });
const recordOf = ({ company, task }: Actor) => world.backups.get(company, task);
const idOf = ({ company, task }: Actor) => ({ company, task });
const undone = { outcome: 'undone' as const, reason: REASON, reported: [] };

describe('the plan of a backup', () => {
  test('asks every provider at home and nobody else, and says until when the backup is kept', async () => {
    const at = await openedTask(world, { operation: 'backup', input: { keepDays: 3 } });
    expect(at.opened.checks).toEqual(PROVIDERS.map((provider) => ({ provider, location: SOURCE })));
    const answer = await planOf(world, at);
    expect(answer).toMatchObject({ from: SOURCE, to: null, waves: [], erases: [], hooks: [] });
    const { plan } = (await world.tasks.get(at.task)) ?? {};
    const days = (Date.parse(plan?.expiresAt ?? '') - world.clock.time) / DAY_MS;
    expect(days).toBeCloseTo(3, 3);
  });

  test.each([
    ['a company that was removed', 'CompanyNotHome', {}],
    ['one that was erased for good', 'CompanyErased', { final: true }],
  ])('refuses %s', async (_, error, input) => {
    const { company } = await finishedRemoval(world, { input });
    expect((await refusalOf(world, { operation: 'backup', at: newTask(company) })).error).toBe(error);
  });

  test('refuses a task id under which an earlier task has left a backup, though its own record is forgotten', async () => {
    for (const operation of TASK_OPERATIONS) {
      const first = await finishedBackup(world);
      await world.table.remove(keys.task(first.task));
      const input = operation === 'restore' ? { backup: first.task } : {};
      const { error, cause } = await refusalOf(world, { operation, at: idOf(first), input });
      expect(error).toBe('TaskIdTaken');
      expect(cause).toContain(first.task);
      expect((await recordOf(first))?.state).toBe('available');
    }
  });

  test('refuses rows that no collection claims, a lock that would last too long, and too many days', async () => {
    const refused = async (summary: object, input: object = {}) =>
      (await refusalOf(world, { operation: 'backup', input, answers: () => ({ summary }) })).error;
    expect(await refused({ unclaimed: [{ place: 'public.extra', rows: 2 }] })).toBe('RowsUnclaimed');
    const big = { collections: [{ name: 'rows', rows: 1, bytes: 10 ** 9 }] };
    expect(await refused(big)).toBe('LockBudgetExceeded');
    expect(await refused({}, { keepDays: 31 })).toBe('InputInvalid');
    expect(await refused({}, { keepDays: 30 })).toBe('none');
  });
});

describe('a backup', () => {
  test('is pending before the unlock and available after it, with what was exported and the day of its end', async () => {
    const actor = await finishedBackup(world);
    const record = await recordOf(actor);
    expect(record).toMatchObject({
      state: 'available',
      operation: 'backup',
      location: SOURCE,
      bucket: 'tanker-exports-123456789012-us',
      region: 'us-east-1',
      epoch: actor.epoch,
      rows: 6,
      bytes: 600,
      providers: { contacts: { key: 'k', etag: 'e', rows: 3, parts: 1 }, deals: { rows: 3 } },
    });
    expect(await world.dueDates.ofCompany('expire-backup', actor.company)).toMatchObject([
      { at: record?.expiresAt, task: actor.task, datacenter: 'us' },
    ]);
    expect(await world.dueDates.ofCompany('discard-exports', actor.company)).toEqual([]);
    expect(await world.tasks.get(actor.task)).toMatchObject({
      outcome: 'backed-up',
      committed: { version: 0 },
      lock: { unlockedAt: expect.any(String) },
    });
    expect(world.store.read(actor.company)).toMatchObject({
      home: { state: 'home', location: SOURCE },
      version: 0,
      lock: { state: 'released', releasedBy: actor.holder },
    });
    expect((await world.claims.read(actor.company))?.state).toBe('free');
  });

  test('commits twice with the same answer, also when the first was lost', async () => {
    const actor = await planned();
    const grant = await verifiedSlice(world, actor, 'open');
    const first = await commitBackup(world, actor, grant);
    // Also when the lock budget is used up by then: the commit was in time.
    const late = { ...world, now: () => new Date(world.clock.time + 61_000) };
    const { lockedSeconds, ...again } = await commitBackup(late, actor, grant);
    expect(again).toEqual({ unlockedAt: first.unlockedAt, expiresAt: first.expiresAt });
    expect(first.lockedSeconds).not.toBeNull();
    expect(lockedSeconds).toBeNull();
  });

  test('needs a second look at every provider, equal to its export', async () => {
    const actor = await planned();
    const { grant } = await lockTraffic(world, actor);
    await exported(world, actor);
    await expect(verifySource(world, actor)).rejects.toMatchObject({ name: 'VerificationFailed' });
    await readAgain(world, actor, 'open');
    await settle(
      world,
      actor,
      { phase: 'open', provider: 'deals', location: SOURCE },
      { action: 'drain', watermark: '8', polls: 2 },
    );
    await expect(verifySource(world, actor)).rejects.toMatchObject({ name: 'SourceChanged' });
    await expect(commitBackup(world, actor, grant)).rejects.toMatchObject({ name: 'VerificationFailed' });
    expect(await recordOf(actor)).toBeUndefined();
  });

  test('whose lock ended by its lease is of no use: it stays pending, and its recovery discards it', async () => {
    const actor = await planned();
    const grant = await verifiedSlice(world, actor, 'open');
    world.store.endDueLeases(world.store.read(actor.company).lock?.leaseUntil);
    await expect(commitBackup(world, actor, grant)).rejects.toMatchObject({ name: 'GrantBroken' });
    expect((await recordOf(actor))?.state).toBe('pending');
    const recovery = await recoveryOf(world, actor);
    expect((await decideDirection(world, recovery)).outcome).toBe('undone');
    await closeTask(world, recovery, undone);
    expect((await recordOf(actor))?.state).toBe('discarded');
  });

  test('over its lock budget is not committed', async () => {
    const actor = await planned();
    const grant = await verifiedSlice(world, actor, 'open');
    const late = { ...world, now: () => new Date(world.clock.time + 61_000) };
    await expect(commitBackup(late, actor, grant)).rejects.toMatchObject({ name: 'LockBudgetExceeded' });
  });
});

describe('the recovery of a backup', () => {
  test('goes back before the unlock: opens home, unlocks, discards the exports and runs the undo hooks', async () => {
    const actor = await planned();
    await verifiedSlice(world, actor, 'open');
    const recovery = await recoveryOf(world, actor);
    const at = (provider: string) => ({ provider, location: SOURCE });
    expect(await decideDirection(world, recovery)).toEqual({
      outcome: 'undone',
      opens: PROVIDERS.map(at),
      fences: [],
      erases: [],
      discards: [at('contacts')],
      hooks: PROVIDERS.map((provider) => ({ ...at(provider), hook: 'after-undo' })),
    });
    await unlockTraffic(world, recovery);
    const discarded = { action: 'discard' as const, objects: 4, uploads: 1 };
    await settle(world, recovery, { phase: 'erase', ...at('contacts') }, discarded);
    await closeTask(world, recovery, undone);
    expect(await recordOf(actor)).toMatchObject({ state: 'discarded', objects: 4, uploads: 1 });
    expect(await world.dueDates.ofCompany('discard-exports', actor.company)).toHaveLength(1);
    expect(await world.dueDates.ofCompany('expire-backup', actor.company)).toEqual([]);
  });

  test('goes forward after it, though the answer was lost: the backup is available', async () => {
    const actor = await planned();
    const grant = await verifiedSlice(world, actor, 'open');
    const authority = {
      ...world.authority,
      unlock: async (by: Actor) => {
        await world.authority.unlock(by);
        throw new Error('connection reset');
      },
    };
    await expect(commitBackup({ ...world, authority }, actor, grant)).rejects.toThrow('connection reset');
    const recovery = await recoveryOf(world, actor);
    const way = await decideDirection(world, recovery);
    expect(way).toMatchObject({ outcome: 'backed-up', opens: [], erases: [], discards: [], hooks: [] });
    expect((await recordOf(actor))?.state).toBe('available');
    await unlockTraffic(world, recovery);
    await closeTask(world, recovery, { outcome: 'backed-up', reason: REASON, reported: [] });
    expect(await world.dueDates.ofCompany('expire-backup', actor.company)).toHaveLength(1);
    expect((await recordOf(actor))?.state).toBe('available');
  });

  test('takes no unlock of another recovery for the commit: back stays back', async () => {
    const actor = await planned();
    await verifiedSlice(world, actor, 'open');
    const first = await recoveryOf(world, actor, 'recover-1');
    await decideDirection(world, first);
    await unlockTraffic(world, first);
    const second = await recoveryOf(world, actor, 'recover-2');
    expect((await decideDirection(world, second)).outcome).toBe('undone');
  });

  test('ends the commit of the dead execution, whose unlock and record come too late', async () => {
    const actor = await planned();
    const grant = await verifiedSlice(world, actor, 'open');
    const recovery = await recoveryOf(world, actor);
    // The dead execution was past its look at the record: only its writes are still to come.
    const tasks = { ...world.tasks, get: async () => ({ ...(await world.tasks.get(actor.task)), ...actor }) };
    const late = () => commitBackup({ ...world, tasks: tasks as never }, actor, grant);
    await expect(late()).rejects.toMatchObject({ name: 'EpochStale' });
    expect((await decideDirection(world, recovery)).outcome).toBe('undone');
    await closeTask(world, recovery, undone);
    await expect(late()).rejects.toMatchObject({ name: 'TaskClosed' });
    expect((await recordOf(actor))?.state).toBe('discarded');
  });

  test('leaves a tombstone even where no record was begun, so that one that comes late finds it', async () => {
    const actor = await planned();
    const recovery = await recoveryOf(world, actor);
    await decideDirection(world, recovery);
    await closeTask(world, recovery, undone);
    expect(await recordOf(actor)).toMatchObject({ state: 'discarded', providers: {}, rows: 0 });
    const record = await recordOf(actor);
    const late = { ...record, state: 'pending', epoch: actor.epoch };
    const pending = late as Parameters<typeof world.backups.begin>[0];
    await expect(world.backups.begin(pending)).rejects.toMatchObject({ name: 'TaskClosed' });
  });

  test('does not take the unlock of an earlier task of the same id for its commit', async () => {
    const first = await finishedBackup(world);
    // The task's record and its backup's have been forgotten since.
    await world.table.remove(keys.task(first.task));
    await world.table.remove(keys.backup(first.company, first.task));
    const again = await plannedTask(world, { operation: 'backup', at: idOf(first) });
    expect((await decideDirection(world, await recoveryOf(world, again))).outcome).toBe('undone');
  });

  test('that never claimed closes as refused and leaves no record of a backup', async () => {
    const at = newCompany(world);
    await openedTask(world, { operation: 'backup', at });
    const authority = { ...world.authority, claim: () => Promise.reject(new Error('gone')) };
    await expect(planOf(world, at, { authority })).rejects.toThrow('gone');
    const recovery = await recoveryOf(world, at);
    expect(await decideDirection(world, recovery)).toMatchObject({ outcome: 'refused', discards: [] });
    await closeTask(world, recovery, { outcome: 'refused', reason: REASON, reported: [] });
    expect(await world.backups.get(at.company, at.task)).toBeUndefined();
  });
});
