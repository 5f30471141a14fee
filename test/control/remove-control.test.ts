import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { keys, LedgerRecord, type Location } from '@tanker/contract/index.ts';
import { closeTask } from '../../core/control/close-task.ts';
import { commitPlacement } from '../../core/control/commit-placement.ts';
import { decideDirection } from '../../core/control/decide-direction.ts';
import { dispatch } from '../../core/control/dispatch.ts';
import { lockTraffic, unlockTraffic } from '../../core/control/lock-traffic.ts';
import { verifyErased } from '../../core/control/verify-erased.ts';
import type { Actor } from '../../core/ports.ts';
import { type ControlWorld, controlWorld, SOURCE, TARGET } from './control-world.ts';
import {
  committedRemoval,
  finishedBackup,
  finishedMove,
  finishedRemoval,
  verifiedSlice,
} from './finished-task.ts';
import {
  erased,
  exported,
  newCompany,
  newTask,
  openedTask,
  PROVIDERS,
  plannedTask,
  planOf,
  REASON,
  recoveryOf,
  refusalOf,
} from './planned-task.ts';

let world: ControlWorld;
beforeAll(async () => {
  world = await controlWorld();
});
afterAll(() => world.close());

const EVERYWHERE: readonly Location[] = [
  SOURCE,
  TARGET,
  { datacenter: 'sg', server: 'db1' },
  { datacenter: 'sg', server: 'db2' },
];
const eachOf = (locations: readonly Location[]) =>
  locations.flatMap((location) => PROVIDERS.map((provider) => ({ provider, location })));
const planned = (input: object = {}) => plannedTask(world, { operation: 'remove', input });
const backupOf = ({ company, task }: Actor) => world.backups.get(company, task);
const ledgerOf = (company: string) => world.table.list(keys.ledgers(company), LedgerRecord);

describe('the plan of a removal', () => {
  test('asks home alone and erases everywhere: a provider that is down elsewhere does not refuse it', async () => {
    const answers = () => ({ describe: { hooks: ['after-remove'] } });
    const at = await openedTask(world, { operation: 'remove', answers });
    expect(at.opened.checks).toEqual(eachOf([SOURCE]));
    expect(await planOf(world, at)).toMatchObject({
      from: SOURCE,
      to: null,
      erases: eachOf(EVERYWHERE),
      hooks: PROVIDERS.map((provider) => ({ provider, location: SOURCE, hook: 'after-remove' })),
    });
  });

  test('refuses a company that was removed already, unclaimed rows, and backups for longer than the law allows', async () => {
    const { company } = await finishedRemoval(world);
    expect((await refusalOf(world, { operation: 'remove', at: newTask(company) })).error).toBe(
      'CompanyNotHome',
    );
    const summary = { unclaimed: [{ place: 'public.extra', rows: 2 }] };
    const unclaimed = { operation: 'remove', answers: () => ({ summary }) } as const;
    expect((await refusalOf(world, unclaimed)).error).toBe('RowsUnclaimed');
    const days = async (input: object) => (await refusalOf(world, { operation: 'remove', input })).error;
    expect(await days({ keepDays: 31 })).toBe('InputInvalid');
    expect(await days({ keepDays: 1, final: true })).toBe('InputInvalid');
    expect(await days({ keepDays: 0, final: true })).toBe('none');
  });
});

describe('a removal', () => {
  test('has its verified backup before home is removed, and erases after it, everywhere', async () => {
    const actor = await planned();
    const grant = await verifiedSlice(world, actor, 'verify');
    const authority = {
      ...world.authority,
      commit: async (by: Actor, change: Parameters<typeof world.authority.commit>[1]) => {
        expect(await backupOf(actor)).toMatchObject({ state: 'pending', rows: 6 });
        return world.authority.commit(by, change);
      },
    };
    await commitPlacement({ ...world, authority }, actor, grant);
    expect(await backupOf(actor)).toMatchObject({ state: 'available', operation: 'remove' });
    expect(world.store.read(actor.company)).toMatchObject({ home: { state: 'removed' }, version: 1 });
    await unlockTraffic(world, actor);
    const erase = { ...actor, phase: 'erase', action: 'erase', attempt: 1, token: 't' } as const;
    await dispatch(world, { ...erase, provider: 'deals', location: TARGET });
    expect(world.invoked.at(-1)).toMatchObject({
      action: 'erase',
      location: TARGET,
      version: 1,
      reason: `task ${actor.task} removes the company`,
    });
    expect(world.invoked.at(-1)).not.toHaveProperty('incarnation');
  });

  test('goes into the ledger once nothing is left, with the hour at which the last copy dies', async () => {
    const actor = await finishedRemoval(world, { input: { keepDays: 2 } });
    const backup = await backupOf(actor);
    expect(await ledgerOf(actor.company)).toEqual([
      expect.objectContaining({
        task: actor.task,
        requestedBy: 'tests',
        reason: 'to prove it',
        home: 'removed',
        version: 1,
        locations: EVERYWHERE,
        providers: PROVIDERS,
        erasedRows: 24,
        lastCopyUntil: backup?.expiresAt,
      }),
    ]);
    expect(await world.dueDates.ofCompany('expire-backup', actor.company)).toMatchObject([
      { at: backup?.expiresAt, task: actor.task },
    ]);
    expect(await world.tasks.get(actor.task)).toMatchObject({ outcome: 'removed', debts: [] });
    expect((await world.claims.read(actor.company))?.state).toBe('free');
  });

  test('for good leaves home erased and a backup that nobody can restore, to be deleted at once', async () => {
    const actor = await finishedRemoval(world, { input: { final: true } });
    expect(world.store.read(actor.company).home).toEqual({ state: 'erased' });
    expect(await ledgerOf(actor.company)).toMatchObject([{ home: 'erased' }]);
    const backup = await backupOf(actor);
    expect(Date.parse(backup?.expiresAt ?? '')).toBeLessThan(world.clock.time);
  });

  test('ends every older backup and transfer of the company with its own, and no other company’s', async () => {
    const at = newCompany(world);
    const older = await finishedBackup(world, { at });
    const move = await finishedMove(world, { at: newTask(at.company) });
    const foreign = await finishedBackup(world);
    const before = (await backupOf(foreign))?.expiresAt;
    const removal = await finishedRemoval(world, { at: newTask(at.company), input: { keepDays: 0 } });
    const { expiresAt = '' } = (await backupOf(removal)) ?? {};
    expect((await backupOf(older))?.expiresAt).toBe(expiresAt);
    const { dues: due } = await world.dueDates.come('expire-backup', world.now());
    expect(due.map(({ task }) => task)).toEqual(expect.arrayContaining([older.task, removal.task]));
    const { dues: transfers } = await world.dueDates.come('discard-exports', world.now());
    expect(transfers).toContainEqual(expect.objectContaining({ at: expiresAt, task: move.task }));
    expect((await backupOf(foreign))?.expiresAt).toBe(before);
  });

  test('settles what other tasks had left: their debts and their fallback copies', async () => {
    const at = newCompany(world);
    await finishedMove(world, { at });
    await world.debts.record({
      kind: 'debt',
      company: at.company,
      location: { datacenter: 'sg', server: 'db1' },
      provider: 'deals',
      task: 'old',
      epoch: 1,
      version: 1,
      since: '2026-03-01T10:00:00.000Z',
      error: 'ProviderUnreachable',
      cause: '',
    });
    const removal = await finishedRemoval(world, { at: newTask(at.company) });
    expect(await world.debts.list(at.company)).toEqual([]);
    expect(await world.fallbacks.get(at.company, SOURCE)).toMatchObject({
      state: 'given-up',
      givenUpBy: removal.task,
    });
  });

  test('leaves on record what is owed by a provider that the topology no longer has', async () => {
    const at = newCompany(world);
    const debt = {
      kind: 'debt',
      company: at.company,
      location: TARGET,
      provider: 'dropped',
      task: 'old',
      epoch: 1,
      version: 0,
      since: '2026-03-01T10:00:00.000Z',
      error: 'ProviderUnreachable',
      cause: '',
    } as const;
    await world.debts.record(debt);
    const removal = await finishedRemoval(world, { at });
    expect(await world.debts.list(at.company)).toEqual([debt]);
    expect((await world.logLines(removal.task)).join('\n')).toContain(
      'no longer has them: dropped at eu/db1',
    );
  });

  test('is not committed without a second look at home, an unbroken grant and time left', async () => {
    const unverified = await planned();
    const { grant } = await lockTraffic(world, unverified);
    await exported(world, unverified);
    await expect(commitPlacement(world, unverified, grant)).rejects.toMatchObject({
      name: 'VerificationFailed',
    });
    const late = await planned();
    const lateGrant = await verifiedSlice(world, late, 'verify');
    const later = { ...world, now: () => new Date(world.clock.time + 61_000) };
    await expect(commitPlacement(later, late, lateGrant)).rejects.toMatchObject({
      name: 'LockBudgetExceeded',
    });
    world.store.endDueLeases(world.store.read(late.company).lock?.leaseUntil);
    await expect(commitPlacement(world, late, lateGrant)).rejects.toMatchObject({ name: 'GrantBroken' });
    expect(world.store.read(late.company)).toMatchObject({ home: { location: SOURCE }, version: 0 });
  });
});

describe('the final removal of a company that was removed before', () => {
  const removed = async () => {
    const first = await finishedRemoval(world);
    return { first, at: newTask(first.company) };
  };

  test('asks nobody and exports nothing; without the word that it is final there is nothing to remove', async () => {
    const { at } = await removed();
    const { error, cause } = await refusalOf(world, { operation: 'remove', at: newTask(at.company) });
    expect(error).toBe('CompanyNotHome');
    expect(cause).toContain('--final');
    const opened = await openedTask(world, { operation: 'remove', at, input: { final: true } });
    expect(opened.opened.checks).toEqual([]);
    expect(await planOf(world, at)).toMatchObject({
      from: null,
      to: null,
      erases: eachOf(EVERYWHERE),
      hooks: [],
    });
  });

  test('makes home erased, ends its backups, and is done when everybody has erased once more', async () => {
    const { first, at } = await removed();
    const actor = await plannedTask(world, { operation: 'remove', at, input: { final: true } });
    const { grant } = await lockTraffic(world, actor);
    await commitPlacement(world, actor, grant);
    expect(world.store.read(at.company)).toMatchObject({ home: { state: 'erased' }, version: 2 });
    expect(Date.parse((await backupOf(first))?.expiresAt ?? '')).toBeLessThan(world.clock.time);
    await unlockTraffic(world, actor);
    await erased(world, actor, EVERYWHERE);
    expect(await verifyErased(world, actor)).toMatchObject({ left: 0 });
    await closeTask(world, actor, { outcome: 'removed', reason: null, reported: [] });
    expect(await ledgerOf(at.company)).toMatchObject([{ home: 'removed' }, { home: 'erased', version: 2 }]);
    const input = { backup: first.task };
    const restore = { operation: 'restore', at: newTask(at.company), input } as const;
    expect((await refusalOf(world, restore)).error).toBe('CompanyErased');
  });

  test('goes back before its commit: the company is removed as before and may be restored', async () => {
    const { first, at } = await removed();
    const actor = await plannedTask(world, { operation: 'remove', at, input: { final: true } });
    await lockTraffic(world, actor);
    const recovery = await recoveryOf(world, actor);
    const nothing = { opens: [], erases: [], discards: [], hooks: [] };
    expect(await decideDirection(world, recovery)).toMatchObject({ outcome: 'undone', ...nothing });
    await unlockTraffic(world, recovery);
    await closeTask(world, recovery, { outcome: 'undone', reason: REASON, reported: [] });
    expect(world.store.read(at.company)).toMatchObject({ home: { state: 'removed' }, version: 1 });
    expect((await backupOf(first))?.state).toBe('available');
  });

  test('goes forward after it', async () => {
    const { at } = await removed();
    const actor = await plannedTask(world, { operation: 'remove', at, input: { final: true } });
    const { grant } = await lockTraffic(world, actor);
    await commitPlacement(world, actor, grant);
    const recovery = await recoveryOf(world, actor);
    const way = { outcome: 'removed', opens: [], erases: eachOf(EVERYWHERE), hooks: [] };
    expect(await decideDirection(world, recovery)).toMatchObject(way);
  });
});

describe('a removal that is incomplete', () => {
  const left = [{ provider: 'deals', location: TARGET }];
  const incomplete = async () => {
    const actor = await committedRemoval(world);
    await erased(world, actor, [SOURCE, ...EVERYWHERE.slice(2)]);
    await erased(world, actor, [TARGET], (provider) => (provider === 'deals' ? 2 : 0));
    return { actor, result: await verifyErased(world, actor) };
  };

  test('says so, keeps its task open with what is left, and makes no debt', async () => {
    const { actor, result } = await incomplete();
    expect(result).toEqual({ clean: 7, left: 1, incomplete: true, debts: [] });
    expect(await world.tasks.get(actor.task)).toMatchObject({ state: 'open', incomplete: { left } });
    expect(await world.debts.list(actor.company)).toEqual([]);
    expect(await ledgerOf(actor.company)).toEqual([]);
    expect(
      (
        await refusalOf(world, {
          operation: 'restore',
          at: newTask(actor.company),
          input: { backup: actor.task },
        })
      ).error,
    ).toBe('CompanyBusy');
  });

  test('can’t be closed as done', async () => {
    const { actor } = await incomplete();
    const end = { outcome: 'removed', reason: null, reported: [] } as const;
    await expect(closeTask(world, actor, end)).rejects.toMatchObject({ name: 'EraseIncomplete' });
    expect(await ledgerOf(actor.company)).toEqual([]);
    expect((await world.tasks.get(actor.task))?.state).toBe('open');
  });

  test('is tried again until nothing is left, and then is a complete removal', async () => {
    const { actor } = await incomplete();
    const first = await recoveryOf(world, actor, 'recover-1');
    expect(await decideDirection(world, first)).toMatchObject({
      outcome: 'removed',
      opens: [],
      erases: eachOf(EVERYWHERE),
      discards: [],
    });
    await erased(world, first, EVERYWHERE, (provider, { datacenter }) =>
      provider === 'deals' && datacenter === 'eu' ? 2 : 0,
    );
    expect(await verifyErased(world, first)).toMatchObject({ left: 1, incomplete: true });
    const since = (await world.tasks.get(actor.task))?.incomplete?.since;

    const second = await recoveryOf(world, actor, 'recover-2');
    await decideDirection(world, second);
    expect(await verifyErased(world, second)).toMatchObject({ left: 8 });
    expect((await world.tasks.get(actor.task))?.incomplete?.since).toBe(since);
    await erased(world, second, EVERYWHERE);
    expect(await verifyErased(world, second)).toMatchObject({ clean: 8, left: 0, incomplete: false });
    await closeTask(world, second, { outcome: 'removed', reason: REASON, reported: [] });
    expect(await ledgerOf(actor.company)).toHaveLength(1);
    expect(await world.tasks.get(actor.task)).not.toHaveProperty('incomplete');
  });
});

describe('the recovery of a removal', () => {
  test('goes back before the commit: home is opened, nothing is erased, the backup is discarded', async () => {
    const actor = await planned();
    await verifiedSlice(world, actor, 'verify');
    const recovery = await recoveryOf(world, actor);
    expect(await decideDirection(world, recovery)).toMatchObject({
      outcome: 'undone',
      opens: eachOf([SOURCE]),
      erases: [],
      discards: [{ provider: 'contacts', location: SOURCE }],
      hooks: PROVIDERS.map((provider) => ({ provider, location: SOURCE, hook: 'after-undo' })),
    });
    expect(await verifyErased(world, recovery)).toEqual({
      clean: 0,
      left: 0,
      incomplete: false,
      debts: [],
    });
    await unlockTraffic(world, recovery);
    await closeTask(world, recovery, { outcome: 'undone', reason: REASON, reported: [] });
    expect((await backupOf(actor))?.state).toBe('discarded');
    expect(await ledgerOf(actor.company)).toEqual([]);
    expect(world.store.read(actor.company)).toMatchObject({ home: { location: SOURCE }, version: 0 });
  });

  test('goes forward after it, though the answer was lost: the backup is available before anything is erased', async () => {
    const older = await finishedBackup(world);
    const actor = await plannedTask(world, {
      operation: 'remove',
      at: newTask(older.company),
      input: { keepDays: 1 },
    });
    const grant = await verifiedSlice(world, actor, 'verify');
    const authority = {
      ...world.authority,
      commit: async (by: Actor, change: Parameters<typeof world.authority.commit>[1]) => {
        await world.authority.commit(by, change);
        throw new Error('connection reset');
      },
    };
    await expect(commitPlacement({ ...world, authority }, actor, grant)).rejects.toThrow('connection reset');
    expect((await backupOf(actor))?.state).toBe('pending');
    const recovery = await recoveryOf(world, actor);
    const way = await decideDirection(world, recovery);
    expect(way).toMatchObject({ outcome: 'removed', opens: [], erases: eachOf(EVERYWHERE) });
    expect(await backupOf(actor)).toMatchObject({ state: 'available' });
    expect((await backupOf(older))?.expiresAt).toBe((await backupOf(actor))?.expiresAt);
    expect((await world.tasks.get(actor.task))?.committed).toMatchObject({ version: 1 });
  });

  test('ends a commit of the dead execution that comes after its claim', async () => {
    const actor = await planned();
    const grant = await verifiedSlice(world, actor, 'verify');
    const recovery = await recoveryOf(world, actor);
    const change = {
      grant,
      from: { state: 'home', location: SOURCE },
      to: { state: 'removed' },
      version: 0,
    } as const;
    await expect(world.authority.commit(actor, change)).rejects.toMatchObject({ name: 'EpochStale' });
    expect((await decideDirection(world, recovery)).outcome).toBe('undone');
  });
});
