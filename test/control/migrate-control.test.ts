import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Location, sameLocation } from '@tanker/contract/index.ts';
import { claimCompany } from '../../core/control/claim-company.ts';
import { closeTask } from '../../core/control/close-task.ts';
import { commitPlacement } from '../../core/control/commit-placement.ts';
import { lockTraffic, unlockTraffic } from '../../core/control/lock-traffic.ts';
import { openTask } from '../../core/control/open-task.ts';
import { prepareWorkers } from '../../core/control/prepare-workers.ts';
import { verifyExports } from '../../core/control/verify-exports.ts';
import { verifyTarget } from '../../core/control/verify-target.ts';
import type { Actor } from '../../core/ports.ts';
import {
  type ControlWorld,
  controlWorld,
  exportResult,
  SOURCE,
  sealResult,
  settle,
  TARGET,
} from './control-world.ts';
import {
  type At,
  exported,
  imported,
  inputOf,
  newCompany,
  newTask,
  openedTask,
  PROVIDERS,
  plannedTask,
  planOf,
  REASON,
  readAgain,
  refusalOf,
} from './planned-task.ts';

let world: ControlWorld;
beforeAll(async () => {
  world = await controlWorld();
});
afterAll(() => world.close());

const order = (task: string, input: object, executionArn = `arn:${task}`) => ({
  operation: 'migrate' as const,
  executionName: task,
  executionArn,
  input,
});
const inputFor = (at: At, changes: object = {}) => inputOf('migrate', at, changes);
const planned = (at?: At) => plannedTask(world, at ? { at } : {});

async function transferred(actor: Actor): Promise<void> {
  await exported(world, actor);
  await imported(world, actor);
  await readAgain(world, actor, 'verify');
}

describe('plan refuses before anything is touched', () => {
  const refusal = async (input: object, task: string) =>
    (await openTask(world, order(task, input))).refusal?.error;

  test('an input that does not match, with the fields named and the refusal on the record', async () => {
    const at = newCompany(world);
    const opened = await openTask(world, order(at.task, inputFor(at, { to: 'eu' })));
    expect(opened.refusal).toMatchObject({ error: 'InputInvalid', cause: expect.stringContaining('to:') });
    expect(await world.tasks.get(at.task)).toMatchObject({ state: 'closed', outcome: 'refused' });
  });

  test('a task id that is not the name of the execution', async () => {
    const at = newCompany(world);
    expect(await refusal(inputFor(at, { task: 'another' }), at.task)).toBe('InputInvalid');
  });

  test('unknown company, datacenter and server, the same location, and a forbidden jurisdiction', async () => {
    const at = newCompany(world);
    let next = 0;
    const refused = (changes: object, who = at) => {
      next += 1;
      const task = `${who.task}-${next}`;
      return refusal(inputFor(who, { task, ...changes }), task);
    };
    expect(await refused({ company: 'nobody' })).toBe('CompanyUnknown');
    expect(await refused({ to: { datacenter: 'mars' } })).toBe('DatacenterUnknown');
    expect(await refused({ to: { datacenter: 'eu', server: 'db9' } })).toBe('ServerUnknown');
    expect(await refused({ to: { datacenter: 'sg' } })).toBe('ServerUnknown');
    expect(await refused({ to: { datacenter: 'us', server: 'db1' } })).toBe('LocationSame');
    expect(await refused({ to: { datacenter: 'sg', server: 'db1' } })).toBe('ResidencyForbidden');
    expect(await refused({}, newCompany(world, ['US']))).toBe('ResidencyForbidden');
    expect(await refused({}, newCompany(world, ['US', 'EU']))).toBeUndefined();
  });

  test('a task id that belongs to another execution, which stays as it was', async () => {
    const at = newCompany(world);
    await openTask(world, order(at.task, inputFor(at), 'arn:first'));
    expect((await openTask(world, order(at.task, inputFor(at), 'arn:first'))).refusal).toBeNull();
    expect((await openTask(world, order(at.task, inputFor(at), 'arn:second'))).refusal?.error).toBe(
      'TaskIdTaken',
    );
    expect((await world.tasks.get(at.task))?.state).toBe('open');
  });

  test('a company that another open task holds, naming that task', async () => {
    const actor = await planned();
    const { error, cause } = await refusalOf(world, { at: newTask(actor.company) });
    expect(error).toBe('CompanyBusy');
    expect(cause).toContain(actor.task);
  });

  const rows = { collections: [{ name: 'rows', rows: 1, bytes: 10 }] };
  test.each([
    ['ProviderMismatch', 'source', { describe: { name: 'others' } }],
    ['ContractUnsupported', 'target', { describe: { contractVersion: 2 } }],
    ['FormatUnreadable', 'target', { describe: { reads: [{ name: 'copy', version: 2 }] } }],
    ['TargetNotEmpty', 'target', { summary: rows }],
    ['TargetNotEmpty', 'target', { summary: { unclaimed: [{ place: 'public.extra', rows: 2 }] } }],
    ['RowsUnclaimed', 'source', { summary: { unclaimed: [{ place: 'public.extra', rows: 2 }] } }],
    [
      'LockBudgetExceeded',
      'source',
      { summary: { collections: [{ name: 'rows', rows: 1, bytes: 10 ** 9 }] } },
    ],
    ['ProviderMismatch', 'source', { describe: { importAfter: ['deals'] } }],
  ] as const)('%s, found at the %s', async (error, side, changes) => {
    const at = newCompany(world);
    const there = side === 'source' ? SOURCE : TARGET;
    const answers = (provider: string, location: Location) =>
      provider === 'contacts' && sameLocation(location, there) ? changes : {};
    expect((await refusalOf(world, { at, answers })).error).toBe(error);
    expect(await world.tasks.get(at.task)).toMatchObject({
      state: 'closed',
      outcome: 'refused',
      failure: { error },
    });
    expect(world.store.read(at.company)).toMatchObject({ epoch: 0, lock: null });
    expect(await world.claims.read(at.company)).toBeUndefined();
  });

  const id = { name: 'id', type: 'bigint', required: true };
  const note = { name: 'note', type: 'text', required: false };
  test.each([
    ['a field that the target has not', [id, note], [id], 'has no field note'],
    ['a field of another type', [id], [{ ...id, type: 'uuid' }], 'has id as uuid, not bigint'],
    [
      'a field that the target demands',
      [id],
      [id, { ...note, required: true }],
      'demands the field note, which the source does not have',
    ],
  ])('FormatUnreadable, for %s: the schemas differ', async (_, source, target, tells) => {
    const answers = (_provider: string, location: Location) => ({
      describe: { fields: { rows: sameLocation(location, SOURCE) ? source : target } },
    });
    const { error, cause } = await refusalOf(world, { answers });
    expect(error).toBe('FormatUnreadable');
    expect(cause).toContain(`contacts at eu/db1 ${tells}; contacts at us/db1 is the source`);
  });

  test('no field that may be empty at the target, and nobody who tells no fields', async () => {
    const wider = (_provider: string, location: Location) => ({
      describe: { fields: { rows: sameLocation(location, SOURCE) ? [id] : [id, note] } },
    });
    expect((await refusalOf(world, { answers: wider })).error).toBe('none');
    const silent = (_provider: string, location: Location) =>
      sameLocation(location, SOURCE) ? { describe: { fields: { rows: [id, note] } } } : {};
    expect((await refusalOf(world, { answers: silent })).error).toBe('none');
  });

  test('a provider that could not be asked, naming it and its location', async () => {
    const at = await openedTask(world);
    const failed = {
      provider: 'deals',
      location: TARGET,
      status: 'failed' as const,
      error: 'ProviderUnreachable',
      cause: 'refused',
    };
    const plan = await planOf(world, at, {}, [failed]);
    expect(plan.refusal).toMatchObject({
      error: 'ProviderUnreachable',
      cause: expect.stringContaining('deals at eu/db1'),
    });
  });

  test('a location with a debt of the company, with the way to settle it; other locations are free', async () => {
    const at = newCompany(world);
    const debt = {
      kind: 'debt',
      company: at.company,
      provider: 'deals',
      task: 'old',
      epoch: 1,
      version: 0,
      since: '2026-03-01T10:00:00.000Z',
      error: 'ProviderUnreachable',
      cause: '',
    } as const;
    await world.debts.record({ ...debt, location: TARGET });
    const { error, cause } = await refusalOf(world, { at });
    expect(error).toBe('DebtOutstanding');
    expect(cause).toContain(`tanker cleanup ${at.company} --at eu/db1`);
    const elsewhere = newCompany(world);
    await world.debts.record({
      ...debt,
      company: elsewhere.company,
      location: { datacenter: 'sg', server: 'db1' },
    });
    expect((await refusalOf(world, { at: elsewhere })).error).toBe('none');
  });
});

describe('plan takes the company', () => {
  test('in the table, then at the authority, above every epoch that was reported; a repeat answers the same', async () => {
    const at = await openedTask(world, {
      answers: (_, { datacenter }) => (datacenter === 'eu' ? { summary: { epoch: 41 } } : {}),
    });
    const plan = await planOf(world, at);
    expect(plan).toMatchObject({
      epoch: 42,
      from: SOURCE,
      to: TARGET,
      waves: [['contacts'], ['deals']],
      erases: [],
      leftover: null,
      hooks: PROVIDERS.map((provider) => ({ provider, location: TARGET, hook: 'after-migrate' })),
    });
    expect(await planOf(world, at)).toEqual(plan);
    expect(world.store.read(at.company)).toMatchObject({ epoch: 42, holder: plan.holder, lock: null });
  });

  test('takes over a row that a closed task left held', async () => {
    const actor = await planned();
    await world.tasks.close(actor, { outcome: 'undone', debts: [] });
    const next = await planned(newTask(actor.company));
    expect(next.epoch).toBeGreaterThan(actor.epoch);
  });

  test('lets the company go when a recovery closed the task meanwhile', async () => {
    const at = await openedTask(world);
    const closing = {
      ...world.claims,
      read: world.claims.read.bind(world.claims),
      release: world.claims.release.bind(world.claims),
      take: async (request: Parameters<typeof world.claims.take>[0]) => {
        const epoch = await world.claims.take(request);
        await world.tasks.close({ task: at.task, epoch: 0, holder: null }, { outcome: 'refused', debts: [] });
        return epoch;
      },
      retake: world.claims.retake.bind(world.claims),
    };
    const plan = planOf(world, at, { claims: closing as never });
    await expect(plan).rejects.toMatchObject({ name: 'TaskClosed' });
    expect((await world.claims.read(at.company))?.state).toBe('free');
  });
});

describe('a dry run', () => {
  const dryRun = (at = newCompany(world)) => openedTask(world, { at, input: { dryRun: true } });

  test('answers the plan and closes as planned: no claim, no epoch, the company free; a repeat answers the same', async () => {
    const at = await dryRun();
    const before = world.store.read(at.company);
    const answer = await planOf(world, at);
    expect(answer).toMatchObject({ refusal: null, epoch: 0, planned: { from: SOURCE, to: TARGET } });
    expect(await planOf(world, at)).toEqual(answer);
    expect(await world.tasks.get(at.task)).toMatchObject({
      state: 'closed',
      outcome: 'planned',
      epoch: 0,
      holder: null,
      plan: answer.planned,
    });
    expect(await world.claims.read(at.company)).toBeUndefined();
    expect(world.store.read(at.company)).toEqual(before);
  });

  test('is refused as the migration would be, while another task holds the company, which stays as it was', async () => {
    const at = await dryRun();
    const actor = await planned(newTask(at.company));
    expect((await planOf(world, at)).refusal?.error).toBe('CompanyBusy');
    expect((await dryRun(newTask(at.company))).opened.refusal?.error).toBe('CompanyBusy');
    expect(await world.claims.read(at.company)).toMatchObject({ state: 'held', task: actor.task });
    expect(await world.tasks.get(actor.task)).toMatchObject({ state: 'open', epoch: actor.epoch });
  });

  test('whose execution died is closed as refused by its recovery, which claims nothing', async () => {
    const at = await dryRun();
    const claimed = await claimCompany(world, {
      task: at.task,
      executionName: `recover-${at.task}-1`,
      reason: REASON,
    });
    expect(claimed).toMatchObject({ proceed: false, outcome: 'refused' });
    expect(world.store.read(at.company)).toMatchObject({ epoch: 0 });
  });
});

describe('the lock window', () => {
  test('walks from the lock to the close: the company is home at the target and free again', async () => {
    const actor = await planned();
    await prepareWorkers(world, actor);
    const lock = await lockTraffic(world, actor);
    expect((await lockTraffic(world, actor)).grant).toBe(lock.grant);
    await transferred(actor);
    expect(await verifyExports(world, actor)).toEqual({ providers: 2, rows: 6, bytes: 600 });
    expect(await verifyTarget(world, actor)).toEqual({ providers: 2, rows: 6 });
    const { version } = await commitPlacement(world, actor, lock.grant);
    expect((await commitPlacement(world, actor, lock.grant)).version).toBe(version);
    expect(await unlockTraffic(world, actor)).toMatchObject({
      unbroken: true,
      lockedSeconds: expect.any(Number),
    });
    expect(await unlockTraffic(world, actor)).toMatchObject({ unbroken: true, lockedSeconds: null });
    const end = { outcome: 'migrated' as const, reason: null, reported: [] };
    expect(await closeTask(world, actor, end)).toEqual({ outcome: 'migrated', debts: [] });
    expect(await closeTask(world, actor, end)).toEqual({ outcome: 'migrated', debts: [] });
    expect(world.store.read(actor.company)).toMatchObject({ home: { location: TARGET }, version: 1 });
    expect((await world.claims.read(actor.company))?.state).toBe('free');
    expect(await world.tasks.get(actor.task)).toMatchObject({
      state: 'closed',
      outcome: 'migrated',
      ttl: expect.any(Number),
    });
  });

  test.each([
    ['ExportMismatch', { bytesStored: 299 }],
    ['ExportMismatch', { bytesStreamed: 301 }],
    ['ExportMismatch', { rows: 2 }],
    ['ExportMismatch', { format: { name: 'copy', version: 9 } }],
  ])('%s when an export counts %j', async (name, changes) => {
    const actor = await planned();
    await transferred(actor);
    await settle(
      world,
      actor,
      { phase: 'export', provider: 'deals', location: SOURCE },
      exportResult(changes),
    );
    await expect(verifyExports(world, actor)).rejects.toMatchObject({ name });
  });

  test('an export that is missing, or of another epoch, is a failure', async () => {
    const actor = await planned();
    const older = { ...actor, epoch: actor.epoch - 1 };
    for (const provider of PROVIDERS) {
      await settle(world, older, { phase: 'export', provider, location: SOURCE }, exportResult());
    }
    await expect(verifyExports(world, actor)).rejects.toMatchObject({ name: 'ExportIncomplete' });
  });

  test('a differing digest, a missing collection and a moved watermark each stop the commit', async () => {
    const actor = await planned();
    const { grant } = await lockTraffic(world, actor);
    await transferred(actor);
    const target = { phase: 'verify' as const, provider: 'deals', location: TARGET };
    const other = { name: 'rows', digest: { rows: 3, sum: 'b'.repeat(32) } };
    await settle(world, actor, target, sealResult({ collections: [other] }));
    await expect(verifyTarget(world, actor)).rejects.toMatchObject({ name: 'VerificationFailed' });
    await settle(world, actor, target, sealResult({ collections: [] }));
    await expect(verifyTarget(world, actor)).rejects.toMatchObject({ name: 'VerificationFailed' });
    await settle(world, actor, target, sealResult());
    const source = { phase: 'verify' as const, provider: 'deals', location: SOURCE };
    await settle(world, actor, source, { action: 'drain', watermark: '8', polls: 2 });
    await expect(verifyTarget(world, actor)).rejects.toMatchObject({ name: 'SourceChanged' });
    await expect(commitPlacement(world, actor, grant)).rejects.toMatchObject({ name: 'VerificationFailed' });
    expect(world.store.read(actor.company)).toMatchObject({ home: { location: SOURCE }, version: 0 });
  });

  test('a lock budget that is used up stops the commit', async () => {
    const actor = await planned();
    const { grant } = await lockTraffic(world, actor);
    await transferred(actor);
    await verifyTarget(world, actor);
    const late = { ...world, now: () => new Date(world.clock.time + 61_000) };
    await expect(commitPlacement(late, actor, grant)).rejects.toMatchObject({ name: 'LockBudgetExceeded' });
    expect(world.store.read(actor.company).version).toBe(0);
  });
});
