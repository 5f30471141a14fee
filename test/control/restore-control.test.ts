import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  keys,
  LEASE_MARGIN_SECONDS,
  MAX_LOCK_SECONDS,
  parseTopology,
  WORKER_START_SECONDS,
} from '@tanker/contract/index.ts';
import { closeTask } from '../../core/control/close-task.ts';
import { commitPlacement } from '../../core/control/commit-placement.ts';
import { decideDirection } from '../../core/control/decide-direction.ts';
import { dispatch } from '../../core/control/dispatch.ts';
import { lockTraffic, unlockTraffic } from '../../core/control/lock-traffic.ts';
import { verifyErased } from '../../core/control/verify-erased.ts';
import { verifyTarget } from '../../core/control/verify-target.ts';
import { worksFor } from '../../core/control/ways.ts';
import type { Actor } from '../../core/ports.ts';
import {
  type ControlWorld,
  controlWorld,
  importResult,
  SOURCE,
  sealResult,
  settle,
  TARGET,
} from './control-world.ts';
import {
  finishedBackup,
  finishedMove,
  finishedRemoval,
  finishedRestore,
  verifiedRestore,
} from './finished-task.ts';
import {
  type At,
  erased,
  imported,
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

/** A company that was removed, with the task whose backup it left. */
const removed = async (at?: At, input: object = {}) => {
  const { company, task } = await finishedRemoval(world, { ...(at ? { at } : {}), input });
  return { company, backup: task };
};
const restoring = ({ company, backup }: { company: string; backup: string }, input: object = {}) => ({
  operation: 'restore' as const,
  at: newTask(company),
  input: { backup, ...input },
});
const planned = async (input: object = {}) => plannedTask(world, restoring(await removed(), input));
const homeOf = (company: string) => world.store.read(company).home;

describe('the plan of a restore', () => {
  test('asks every provider at the target and nobody else', async () => {
    const at = await openedTask(world, restoring(await removed()));
    expect(at.opened.checks).toEqual(PROVIDERS.map((provider) => ({ provider, location: TARGET })));
    expect(await planOf(world, at)).toMatchObject({
      from: null,
      to: TARGET,
      providers: PROVIDERS,
      waves: [['contacts'], ['deals']],
      erases: [],
    });
  });

  test('refuses a company that lives somewhere, and one that was erased for good', async () => {
    const { company, task } = await finishedBackup(world);
    const { error, cause } = await refusalOf(world, restoring({ company, backup: task }));
    expect(error).toBe('CompanyAtHome');
    expect(cause).toContain('us/db1');
    const erasedForGood = await removed(undefined, { final: true });
    expect((await refusalOf(world, restoring(erasedForGood))).error).toBe('CompanyErased');
  });

  test('refuses a backup that is unknown, another company’s, pending, discarded or expired', async () => {
    const { company, backup } = await removed();
    const other = await removed();
    const refused = async (task: string, of = company) =>
      (await refusalOf(world, restoring({ company: of, backup: task }))).error;
    expect(await refused('never-made')).toBe('BackupUnknown');
    expect(await refused(other.backup)).toBe('BackupUnknown');
    const record = await world.backups.get(company, backup);
    const put = (changes: object) =>
      world.table.put(
        { pk: `company#${company}`, sk: `backup#${backup}` },
        { ...record, goneAt: '2026-03-01T00:00:00.000Z', objects: 1, uploads: 0, ttl: 1, ...changes },
      );
    await put({ state: 'pending' });
    expect(await refused(backup)).toBe('BackupUnusable');
    await put({ state: 'discarded' });
    expect(await refused(backup)).toBe('BackupUnusable');
    await put({ state: 'expired' });
    expect(await refused(backup)).toBe('BackupExpired');
    await put({ state: 'available' });
    expect(await refused(backup)).toBe('none');
  });

  test('refuses a backup from the moment on at which the restore could outlast it, though its objects are there', async () => {
    const { company, backup } = await removed();
    const record = await world.backups.get(company, backup);
    const { lockBudgetSeconds } = world.topology;
    const longest = (WORKER_START_SECONDS + lockBudgetSeconds + LEASE_MARGIN_SECONDS) * 1000;
    const last = Date.parse(record?.expiresAt ?? '') - longest;
    const at = async (time: number) => {
      const now = () => new Date(time);
      const task = await openedTask({ ...world, now }, restoring({ company, backup }));
      return task.opened.refusal?.error;
    };
    expect(await at(last)).toBe('BackupExpired');
    expect(await at(last - 1)).toBeUndefined();
  });

  test('refuses a format that the target cannot read, naming provider and format', async () => {
    const { error, cause } = await refusalOf(world, {
      ...restoring(await removed()),
      answers: (provider) =>
        provider === 'deals' ? { describe: { reads: [{ name: 'copy', version: 2 }] } } : {},
    });
    expect(error).toBe('FormatUnreadable');
    expect(cause).toMatch(/deals in copy version 1; deals at eu\/db1 reads copy version 2/);
  });

  test('refuses a backup with rows of a provider that the topology no longer has, naming it', async () => {
    const gone = await removed();
    const { providers, ...rest } = world.topology;
    const fewer = parseTopology(
      { ...rest, providers: providers.filter(({ name }) => name === 'contacts') },
      'of this test',
    );
    const { error, cause } = await refusalOf({ ...world, topology: fewer }, restoring(gone));
    expect(error).toBe('ProviderMismatch');
    expect(cause).toContain('3 row(s) of the provider "deals" (copy version 1)');
  });

  test('refuses a jurisdiction that the rules or the record forbid, from where the backup lies', async () => {
    const to = { to: { datacenter: 'sg', server: 'db1' } };
    expect((await refusalOf(world, restoring(await removed(), to))).error).toBe('ResidencyForbidden');
    const strict = await removed(newCompany(world, ['US']));
    expect((await refusalOf(world, restoring(strict))).error).toBe('ResidencyForbidden');
    const back = { to: { datacenter: 'us' } };
    expect((await refusalOf(world, restoring(strict, back))).error).toBe('none');
  });

  test('refuses a target with rows or a debt of the company', async () => {
    const one = await removed();
    const rows = { collections: [{ name: 'rows', rows: 1, bytes: 10 }] };
    const full = { ...restoring(one), answers: () => ({ summary: rows }) };
    expect((await refusalOf(world, full)).error).toBe('TargetNotEmpty');
    await world.debts.record({
      kind: 'debt',
      company: one.company,
      location: TARGET,
      provider: 'deals',
      task: 'old',
      epoch: 1,
      version: 1,
      since: '2026-03-01T10:00:00.000Z',
      error: 'ProviderUnreachable',
      cause: '',
    });
    expect((await refusalOf(world, restoring(one))).error).toBe('DebtOutstanding');
  });

  test('may lock for longer than a company that lives, since nobody waits for it, but not without an end', async () => {
    const gone = await removed();
    const slow = { ...world, topology: { ...world.topology, assumedBytesPerSecond: 1 } };
    const actor = await plannedTask(slow, restoring(await removed()));
    const from = world.clock.time;
    const { deadlineMillis } = await lockTraffic(slow, actor);
    const seconds = (deadlineMillis - from) / 1000;
    const { plan } = (await world.tasks.get(actor.task)) ?? {};
    expect(plan?.estimate.seconds).toBeGreaterThan(world.topology.lockBudgetSeconds);
    expect(seconds).toBeGreaterThan(2 * (plan?.estimate.seconds ?? 0));

    const record = await world.backups.get(gone.company, gone.backup);
    const deals = { ...record?.providers['deals'], bytes: 2 * MAX_LOCK_SECONDS };
    await world.table.put(keys.backup(gone.company, gone.backup), {
      ...record,
      providers: { ...record?.providers, deals },
    });
    expect((await refusalOf(slow, restoring(gone))).error).toBe('LockBudgetExceeded');
  });

  test('may be of a provider that the topology no longer has, if nothing was in it', async () => {
    const gone = await removed();
    const record = await world.backups.get(gone.company, gone.backup);
    const retired = { ...record?.providers['deals'], rows: 0 };
    await world.table.put(keys.backup(gone.company, gone.backup), {
      ...record,
      providers: { ...record?.providers, retired },
    });
    expect((await refusalOf(world, restoring(gone))).error).toBe('none');
  });

  test('opens what the backup knew nothing of: the removal had closed it, and nothing is imported there', async () => {
    const gone = await removed();
    const record = await world.backups.get(gone.company, gone.backup);
    const { deals: _, ...older } = record?.providers ?? {};
    await world.table.put(keys.backup(gone.company, gone.backup), { ...record, providers: older });
    const at = await openedTask(world, restoring(gone));
    const opens = [{ provider: 'deals', location: TARGET }];
    expect(await planOf(world, at)).toMatchObject({ waves: [['contacts']], opens });
    const { plan } = (await world.tasks.get(at.task)) ?? {};
    if (!plan) throw new Error('the restore has no plan');
    expect(worksFor('restore', 'restored', plan)).toMatchObject({ opens, erases: [] });
  });
});

describe('a restore', () => {
  test('brings the company home to the target, and leaves the backup as it was', async () => {
    const { company, backup } = await removed();
    const actor = await finishedRestore(world, restoring({ company, backup }));
    expect(world.store.read(company)).toMatchObject({
      home: { state: 'home', location: TARGET },
      version: 2,
      versionTask: actor.task,
    });
    expect(await world.tasks.get(actor.task)).toMatchObject({ outcome: 'restored', debts: [] });
    expect((await world.backups.get(company, backup))?.state).toBe('available');
    expect(await world.dueDates.ofCompany('discard-exports', company)).toEqual([]);
    const moved = await finishedMove(world, { at: newTask(company), input: { to: { datacenter: 'us' } } });
    expect(homeOf(moved.company)).toMatchObject({ location: SOURCE });
  });

  test('has its imports read the backup’s manifests, as the backup’s task and epoch wrote them', async () => {
    const { company, backup } = await removed();
    const record = await world.backups.get(company, backup);
    const actor = await plannedTask(world, restoring({ company, backup }));
    const event = { ...actor, attempt: 1, token: 't', provider: 'contacts', location: TARGET };
    await dispatch(world, { ...event, phase: 'import', action: 'import' });
    expect(world.invoked.at(-1)).toMatchObject({
      action: 'import',
      incarnation: 'contacts-1',
      version: 1,
      manifest: { bucket: 'tanker-exports-123456789012-us', region: 'us-east-1', key: 'k', etag: 'e' },
      exported: { task: backup, epoch: record?.epoch },
    });
  });

  test.each([
    [
      'digests',
      'verify',
      sealResult({ collections: [{ name: 'rows', digest: { rows: 3, sum: 'b'.repeat(32) } }] }),
    ],
    ['a collection', 'verify', sealResult({ collections: [] })],
    ['imported rows', 'import', importResult({ rows: 2 })],
    ['the manifest', 'import', importResult({ manifestSha256: '1'.repeat(64) })],
  ] as const)('is not committed when %s differ from the backup’s record', async (_, phase, result) => {
    const actor = await planned();
    const grant = await verifiedRestore(world, actor);
    await settle(world, actor, { phase, provider: 'deals', location: TARGET }, result);
    await expect(verifyTarget(world, actor)).rejects.toMatchObject({ name: 'VerificationFailed' });
    const recovery = await recoveryOf(world, actor);
    await expect(commitPlacement(world, actor, grant)).rejects.toMatchObject({ name: 'TaskClosed' });
    expect((await decideDirection(world, recovery)).outcome).toBe('undone');
  });

  test('of a backup that is older than a provider seals that provider too, and it must hold nothing', async () => {
    const { company, backup } = await removed();
    const record = await world.backups.get(company, backup);
    const { deals: _, ...older } = record?.providers ?? {};
    await world.table.put(
      { pk: `company#${company}`, sk: `backup#${backup}` },
      { ...record, providers: older },
    );
    const at = await openedTask(world, restoring({ company, backup }));
    const plan = await planOf(world, at);
    expect(plan).toMatchObject({ providers: PROVIDERS, waves: [['contacts']] });
    const actor = { ...at, epoch: plan.epoch, holder: plan.holder };
    await imported(world, actor);
    await expect(verifyTarget(world, actor)).rejects.toMatchObject({ name: 'VerificationFailed' });
    const seal = { phase: 'verify' as const, provider: 'deals', location: TARGET };
    await settle(world, actor, seal, sealResult({ collections: [] }));
    expect(await verifyTarget(world, actor)).toEqual({ providers: 2, rows: 3 });
  });
});

describe('the recovery of a restore', () => {
  test('goes back before the commit: erases the target, and the company is removed as before', async () => {
    const actor = await planned();
    await verifiedRestore(world, actor);
    const recovery = await recoveryOf(world, actor);
    expect(await decideDirection(world, recovery)).toMatchObject({
      outcome: 'undone',
      opens: [],
      fences: [],
      erases: PROVIDERS.map((provider) => ({ provider, location: TARGET })),
      discards: [],
      hooks: PROVIDERS.map((provider) => ({ provider, location: TARGET, hook: 'after-undo' })),
    });
    await erased(world, recovery, [TARGET]);
    expect(await verifyErased(world, recovery)).toMatchObject({ clean: 2, left: 0, debts: [] });
    await closeTask(world, recovery, { outcome: 'undone', reason: REASON, reported: [] });
    expect(homeOf(actor.company)).toEqual({ state: 'removed' });
    expect((await refusalOf(world, restoring({ company: actor.company, backup: 'x' }))).error).toBe(
      'BackupUnknown',
    );
  });

  test('goes forward after it, though the answer was lost', async () => {
    const { company, backup } = await removed();
    const answers = () => ({ describe: { hooks: ['after-restore'] } });
    const actor = await plannedTask(world, { ...restoring({ company, backup }), answers });
    const grant = await verifiedRestore(world, actor);
    const authority = {
      ...world.authority,
      commit: async (by: Actor, change: Parameters<typeof world.authority.commit>[1]) => {
        await world.authority.commit(by, change);
        throw new Error('connection reset');
      },
    };
    await expect(commitPlacement({ ...world, authority }, actor, grant)).rejects.toThrow('connection reset');
    const recovery = await recoveryOf(world, actor);
    expect(await decideDirection(world, recovery)).toMatchObject({
      outcome: 'restored',
      opens: [],
      erases: [],
      hooks: PROVIDERS.map((provider) => ({ provider, location: TARGET, hook: 'after-restore' })),
    });
    await unlockTraffic(world, recovery);
    await closeTask(world, recovery, { outcome: 'restored', reason: REASON, reported: [] });
    expect(homeOf(company)).toMatchObject({ location: TARGET });
  });
});
