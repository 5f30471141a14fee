import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { SubtaskResult, SubtaskStatus } from '@tanker/contract/index.ts';
import { claimCompany } from '../../core/control/claim-company.ts';
import { closeTask } from '../../core/control/close-task.ts';
import { commitPlacement } from '../../core/control/commit-placement.ts';
import { dispatch } from '../../core/control/dispatch.ts';
import { lockTraffic, unlockTraffic } from '../../core/control/lock-traffic.ts';
import { openTask } from '../../core/control/open-task.ts';
import { planMigration } from '../../core/control/plan-migration.ts';
import { prepareWorkers } from '../../core/control/prepare-workers.ts';
import { verifyExports } from '../../core/control/verify-exports.ts';
import { verifyTarget } from '../../core/control/verify-target.ts';
import type { Actor } from '../../core/ports.ts';
import {
  type ControlWorld,
  controlWorld,
  describeResult,
  exportResult,
  SOURCE,
  sealResult,
  settle,
  TARGET,
} from './control-world.ts';

let world: ControlWorld;
beforeAll(async () => {
  world = await controlWorld();
});
afterAll(() => world.close());

let count = 0;
/** A company of its own for each test, living at the source. */
function newCompany(jurisdictions?: readonly string[]): { company: string; task: string } {
  count += 1;
  const company = `company-${count}`;
  world.store.signUp(company, SOURCE, jurisdictions);
  return { company, task: `move-${count}` };
}

const order = (task: string, input: object, executionArn = `arn:${task}`) => ({
  operation: 'migrate' as const,
  executionName: task,
  executionArn,
  input,
});
const inputOf = (at: { company: string; task: string }, changes: object = {}) => ({
  ...at,
  to: { datacenter: 'eu' },
  requestedBy: 'tests',
  reason: 'to prove it',
  ...changes,
});

const PROVIDERS = ['contacts', 'deals'];
async function describeAll(
  at: { company: string; task: string },
  changes: (provider: string, side: 'source' | 'target') => object = () => ({}),
): Promise<SubtaskStatus[]> {
  const statuses: SubtaskStatus[] = [];
  for (const provider of PROVIDERS) {
    for (const [side, location] of [
      ['source', SOURCE],
      ['target', TARGET],
    ] as const) {
      const result: SubtaskResult = describeResult(provider, changes(provider, side));
      await settle(world, { ...at, epoch: 0 }, { phase: 'plan', provider, location }, result);
      statuses.push({ provider, location, status: 'succeeded' });
    }
  }
  return statuses;
}

/** A task that has been planned: its actor. */
async function planned(at = newCompany()): Promise<Actor> {
  await openTask(world, order(at.task, inputOf(at)));
  const describes = await describeAll(at);
  const plan = await planMigration(world, { ...at, executionName: at.task, describes });
  expect(plan.refusal).toBeNull();
  return { ...at, epoch: plan.epoch, holder: plan.holder };
}

async function transferred(actor: Actor): Promise<void> {
  for (const provider of PROVIDERS) {
    const source = { provider, location: SOURCE };
    const target = { provider, location: TARGET };
    await settle(world, actor, { phase: 'export', ...source }, exportResult());
    await settle(
      world,
      actor,
      { phase: 'import', ...target },
      {
        action: 'import',
        rows: 3,
        bytes: 300,
        manifestSha256: '0'.repeat(64),
      },
    );
    await settle(world, actor, { phase: 'verify', ...target }, sealResult());
    await settle(world, actor, { phase: 'verify', ...source }, { action: 'drain', watermark: '7', polls: 2 });
  }
}

describe('plan refuses before anything is touched', () => {
  const refusal = async (input: object, task: string) =>
    (await openTask(world, order(task, input))).refusal?.error;

  test('an input that does not match, with the fields named and the refusal on the record', async () => {
    const at = newCompany();
    const opened = await openTask(world, order(at.task, { ...inputOf(at), to: 'eu' }));
    expect(opened.refusal).toMatchObject({ error: 'InputInvalid', cause: expect.stringContaining('to:') });
    expect(await world.tasks.get(at.task)).toMatchObject({ state: 'closed', outcome: 'refused' });
  });

  test('a task id that is not the name of the execution', async () => {
    const at = newCompany();
    expect(await refusal({ ...inputOf(at), task: 'another' }, at.task)).toBe('InputInvalid');
  });

  test('unknown company, datacenter and server, the same location, and a forbidden jurisdiction', async () => {
    const at = newCompany();
    let next = 0;
    const refused = (changes: object, who = at) => {
      next += 1;
      return refusal({ ...inputOf(who), task: `${who.task}-${next}`, ...changes }, `${who.task}-${next}`);
    };
    expect(await refused({ company: 'nobody' })).toBe('CompanyUnknown');
    expect(await refused({ to: { datacenter: 'mars' } })).toBe('DatacenterUnknown');
    expect(await refused({ to: { datacenter: 'eu', server: 'db9' } })).toBe('ServerUnknown');
    expect(await refused({ to: { datacenter: 'sg' } })).toBe('ServerUnknown');
    expect(await refused({ to: { datacenter: 'us', server: 'db1' } })).toBe('LocationSame');
    expect(await refused({ to: { datacenter: 'sg', server: 'db1' } })).toBe('ResidencyForbidden');
    expect(await refused({}, newCompany(['US']))).toBe('ResidencyForbidden');
    expect(await refused({}, newCompany(['US', 'EU']))).toBeUndefined();
  });

  test('a task id that belongs to another execution, which stays as it was', async () => {
    const at = newCompany();
    await openTask(world, order(at.task, inputOf(at), 'arn:first'));
    expect((await openTask(world, order(at.task, inputOf(at), 'arn:first'))).refusal).toBeNull();
    expect((await openTask(world, order(at.task, inputOf(at), 'arn:second'))).refusal?.error).toBe(
      'TaskIdTaken',
    );
    expect((await world.tasks.get(at.task))?.state).toBe('open');
  });

  test('a company that another open task holds, naming that task', async () => {
    const actor = await planned();
    const at = { company: actor.company, task: `${actor.task}-b` };
    const { refusal } = await openTask(world, order(at.task, inputOf(at)));
    expect(refusal).toMatchObject({ error: 'CompanyBusy', cause: expect.stringContaining(actor.task) });
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
    const at = newCompany();
    await openTask(world, order(at.task, inputOf(at)));
    const describes = await describeAll(at, (provider, s) =>
      provider === 'contacts' && s === side ? changes : {},
    );
    const plan = await planMigration(world, { ...at, executionName: at.task, describes });
    expect(plan.refusal?.error).toBe(error);
    expect(await world.tasks.get(at.task)).toMatchObject({
      state: 'closed',
      outcome: 'refused',
      failure: { error },
    });
    expect(world.store.read(at.company)).toMatchObject({ epoch: 0, lock: null });
    expect(await world.claims.read(at.company)).toBeUndefined();
  });

  test('a provider that could not be asked, naming it and its location', async () => {
    const at = newCompany();
    await openTask(world, order(at.task, inputOf(at)));
    const failed = {
      provider: 'deals',
      location: TARGET,
      status: 'failed' as const,
      error: 'ProviderUnreachable',
      cause: 'refused',
    };
    const plan = await planMigration(world, { ...at, executionName: at.task, describes: [failed] });
    expect(plan.refusal).toMatchObject({
      error: 'ProviderUnreachable',
      cause: expect.stringContaining('deals at eu/db1'),
    });
  });

  test('a location with a debt of the company', async () => {
    const at = newCompany();
    await world.debts.record({
      kind: 'debt',
      company: at.company,
      location: TARGET,
      provider: 'deals',
      task: 'old',
      epoch: 1,
      version: 0,
      since: '2026-03-01T10:00:00.000Z',
      error: 'ProviderUnreachable',
      cause: '',
    });
    await openTask(world, order(at.task, inputOf(at)));
    const plan = await planMigration(world, {
      ...at,
      executionName: at.task,
      describes: await describeAll(at),
    });
    expect(plan.refusal?.error).toBe('DebtOutstanding');
  });
});

describe('plan takes the company', () => {
  test('in the table, then at the authority, above every epoch that was reported; a repeat answers the same', async () => {
    const at = newCompany();
    await openTask(world, order(at.task, inputOf(at)));
    const describes = await describeAll(at, (_, side) =>
      side === 'target' ? { summary: { epoch: 41 } } : {},
    );
    const request = { ...at, executionName: at.task, describes };
    const plan = await planMigration(world, request);
    expect(plan).toMatchObject({ epoch: 42, from: SOURCE, to: TARGET, waves: [['contacts'], ['deals']] });
    expect(await planMigration(world, request)).toEqual(plan);
    expect(world.store.read(at.company)).toMatchObject({ epoch: 42, holder: plan.holder, lock: null });
  });

  test('takes over a row that a closed task left held', async () => {
    const actor = await planned();
    await world.tasks.close(actor, { outcome: 'undone', debts: [] });
    const next = await planned({ company: actor.company, task: `${actor.task}-b` });
    expect(next.epoch).toBeGreaterThan(actor.epoch);
  });

  test('lets the company go when a recovery closed the task meanwhile', async () => {
    const at = newCompany();
    await openTask(world, order(at.task, inputOf(at)));
    const describes = await describeAll(at);
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
    const plan = planMigration({ ...world, claims: closing }, { ...at, executionName: at.task, describes });
    await expect(plan).rejects.toMatchObject({ name: 'TaskClosed' });
    expect((await world.claims.read(at.company))?.state).toBe('free');
  });
});

describe('a dry run', () => {
  const dryRun = async (at = newCompany()) => {
    const opened = await openTask(world, order(at.task, inputOf(at, { dryRun: true })));
    const describes = opened.refusal ? [] : await describeAll(at);
    return { at, opened, request: { ...at, executionName: at.task, describes } };
  };

  test('answers the plan and closes as planned: no claim, no epoch, the company free; a repeat answers the same', async () => {
    const { at, request } = await dryRun();
    const before = world.store.read(at.company);
    const answer = await planMigration(world, request);
    expect(answer).toMatchObject({ refusal: null, epoch: 0, planned: { from: SOURCE, to: TARGET } });
    expect(await planMigration(world, request)).toEqual(answer);
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
    const { at, request } = await dryRun();
    const actor = await planned({ company: at.company, task: `${at.task}-real` });
    expect((await planMigration(world, request)).refusal?.error).toBe('CompanyBusy');
    expect((await dryRun({ company: at.company, task: `${at.task}-again` })).opened.refusal?.error).toBe(
      'CompanyBusy',
    );
    expect(await world.claims.read(at.company)).toMatchObject({ state: 'held', task: actor.task });
    expect(await world.tasks.get(actor.task)).toMatchObject({ state: 'open', epoch: actor.epoch });
  });

  test('whose execution died is closed as refused by its recovery, which claims nothing', async () => {
    const { at } = await dryRun();
    const reason = { error: 'States.Timeout', cause: '' };
    const claimed = await claimCompany(world, {
      task: at.task,
      executionName: `recover-${at.task}-1`,
      reason,
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

describe('dispatch', () => {
  const event = (actor: Actor, changes: object = {}) => ({
    ...actor,
    phase: 'export' as const,
    action: 'export' as const,
    provider: 'contacts',
    location: SOURCE,
    attempt: 1,
    token: 't1',
    grant: 1,
    ...changes,
  });

  test('hands the planned incarnation to the agent, and takes each newer attempt', async () => {
    const actor = await planned();
    await dispatch(world, event(actor));
    await dispatch(world, event(actor, { attempt: 2, token: 't2' }));
    expect(world.invoked.at(-1)).toMatchObject({ action: 'export', incarnation: 'contacts-1', attempt: 2 });
    await expect(dispatch(world, event(actor, { attempt: 1, token: 't1' }))).rejects.toMatchObject({
      name: 'SubtaskSuperseded',
    });
  });

  test('starts no worker for an execution that was taken over, or for a closed task', async () => {
    const actor = await planned();
    const before = world.invoked.length;
    await world.tasks.takeOver(actor.task, { epoch: actor.epoch + 1, holder: `${actor.task}/recover-x` }, {});
    await expect(dispatch(world, event(actor))).rejects.toMatchObject({ name: 'TaskClosed' });
    expect(world.invoked.length).toBe(before);
  });

  test('an import gets the manifest of its own epoch, and none without one', async () => {
    const actor = await planned();
    const wanted = event(actor, { phase: 'import', action: 'import', location: TARGET });
    await expect(dispatch(world, wanted)).rejects.toMatchObject({ name: 'ExportIncomplete' });
    await settle(world, actor, { phase: 'export', provider: 'contacts', location: SOURCE }, exportResult());
    await dispatch(world, wanted);
    expect(world.invoked.at(-1)).toMatchObject({ action: 'import', manifest: { bucket: 'b' } });
  });
});
