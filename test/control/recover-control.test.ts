import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  keys,
  LEASE_MARGIN_SECONDS,
  type Machine,
  machineArn,
  NESTED_MACHINES,
  type SubtaskRecord,
  TASK_OPERATIONS,
  tableName,
} from '@tanker/contract/index.ts';
import { claimCompany } from '../../core/control/claim-company.ts';
import { closeTask } from '../../core/control/close-task.ts';
import { decideDirection } from '../../core/control/decide-direction.ts';
import { lockTraffic, unlockTraffic } from '../../core/control/lock-traffic.ts';
import { endedExecution, RECOVERY_STARTS, startRecovery } from '../../core/control/start-recovery.ts';
import { verifyErased } from '../../core/control/verify-erased.ts';
import type { Actor } from '../../core/ports.ts';
import { dynamoWorkerSubtask } from '../../lambdas/runtime/dynamo-worker-subtask.ts';
import { type ControlWorld, controlWorld, SOURCE, settle, TARGET } from './control-world.ts';
import { openedTask, plannedTask, REASON, recoveryOf } from './planned-task.ts';

let world: ControlWorld;
beforeAll(async () => {
  world = await controlWorld();
});
afterAll(() => world.close());

const planned = () => plannedTask(world);
const recover = (task: string, name?: string) => recoveryOf(world, { task }, name);
const reason = REASON;

/** A subtask as dispatch leaves it, and the worker that has it. */
async function underWay(actor: Actor, at: Pick<SubtaskRecord, 'phase' | 'action' | 'provider' | 'location'>) {
  const { task, company, epoch } = actor;
  const dispatchedAt = world.now().toISOString();
  const row = { ...at, task, company, epoch, attempt: 1, dispatchedAt, token: `token of ${at.provider}` };
  await world.dispatches.dispatch({ ...row, kind: 'subtask', state: 'dispatched' });
  return dynamoWorkerSubtask({
    client: world.client,
    table: tableName(world.topology),
    key: keys.subtask(row),
    attempt: 1,
    worker: 'of the dead execution',
    recordDays: 90,
  });
}
const commit = (actor: Actor, grant: number) =>
  world.authority.commit(actor, {
    grant,
    from: { state: 'home', location: SOURCE },
    to: { state: 'home', location: TARGET },
    version: 0,
  });

describe('a recovery claims, then decides', () => {
  test('back: a commit of the dead execution that arrives after the claim is refused', async () => {
    const actor = await planned();
    const { grant } = await lockTraffic(world, actor);
    const recovery = await recover(actor.task);
    expect(recovery.epoch).toBeGreaterThan(actor.epoch);
    await expect(commit(actor, grant)).rejects.toMatchObject({ name: 'EpochStale' });
    const way = await decideDirection(world, recovery);
    expect(way).toMatchObject({
      outcome: 'undone',
      fences: [],
      discards: [{ provider: 'contacts', location: SOURCE }],
    });
    expect(way.opens.map((open) => open.location)).toEqual([SOURCE, SOURCE]);
    expect(way.erases.map((erase) => erase.location)).toEqual([TARGET, TARGET]);
    expect(way.hooks.every((hook) => hook.hook === 'after-undo')).toBe(true);
  });

  test('forward: the commit had been made though its answer was lost', async () => {
    const actor = await planned();
    const { grant } = await lockTraffic(world, actor);
    await commit(actor, grant);
    const recovery = await recover(actor.task);
    const way = await decideDirection(world, recovery);
    expect(way).toMatchObject({ outcome: 'migrated', opens: [], erases: [] });
    expect(way.fences.map((fence) => fence.location)).toEqual([SOURCE, SOURCE]);
    await unlockTraffic(world, recovery);
    await closeTask(world, recovery, { outcome: 'migrated', reason, reported: [] });
    expect(await world.tasks.get(actor.task)).toMatchObject({
      outcome: 'migrated',
      committed: { version: 1 },
    });
  });

  test('a lock that its lease has ended lasted until then, not until a late recovery unlocks', async () => {
    const actor = await planned();
    await lockTraffic(world, actor);
    const { lock } = world.store.read(actor.company);
    world.store.endDueLeases(lock?.leaseUntil);
    const recovery = await recover(actor.task);
    const { unbroken, lockedSeconds } = await unlockTraffic(world, recovery);
    const { lockBudgetSeconds } = world.topology;
    expect(unbroken).toBe(false);
    expect(lockedSeconds).toBe(lockBudgetSeconds + LEASE_MARGIN_SECONDS);
    expect((await world.tasks.get(actor.task))?.lock?.unlockedAt).toBe(lock?.leaseUntil);
  });

  test('a second recovery takes over: the first may change nothing any more, and the decision is made anew', async () => {
    const actor = await planned();
    await lockTraffic(world, actor);
    const first = await recover(actor.task, 'recover-1');
    await decideDirection(world, first);
    const second = await recover(actor.task, 'recover-2');
    await expect(decideDirection(world, first)).rejects.toMatchObject({ name: 'TaskClosed' });
    await expect(world.authority.unlock(first)).rejects.toMatchObject({ name: 'EpochStale' });
    expect((await decideDirection(world, second)).outcome).toBe('undone');
    expect((await recover(actor.task, 'recover-2')).epoch).toBe(second.epoch);
  });

  test('a worker of the dead execution can make no object visible once the recovery has decided', async () => {
    const actor = await planned();
    const [runs, waits, done] = [
      { phase: 'export', action: 'export', provider: 'contacts', location: SOURCE },
      { phase: 'export', action: 'export', provider: 'deals', location: SOURCE },
      { phase: 'drain', action: 'drain', provider: 'deals', location: SOURCE },
    ] as const;
    await settle(world, actor, done, { action: 'drain', watermark: '7', polls: 2 });
    const running = await underWay(actor, runs);
    await running.begin();
    const waiting = await underWay(actor, waits);
    await running.confirm();
    await decideDirection(world, await recover(actor.task));
    await expect(running.confirm()).rejects.toMatchObject({ name: 'SubtaskSuperseded' });
    await expect(waiting.begin()).rejects.toMatchObject({ name: 'SubtaskSuperseded' });
    const rows = await world.subtasks.list(actor.task);
    const stateOf = (at: typeof runs | typeof waits | typeof done) =>
      rows.find(
        ({ action, provider, epoch }) =>
          action === at.action && provider === at.provider && epoch === actor.epoch,
      );
    expect(stateOf(runs)).toMatchObject({ state: 'failed', error: 'TaskClosed' });
    expect(stateOf(waits)).toMatchObject({ state: 'failed', error: 'TaskClosed' });
    expect(stateOf(done)).toMatchObject({ state: 'succeeded' });
  });

  test('a version that another task raised is no commit of this one', async () => {
    const actor = await planned();
    const recovery = await recover(actor.task);
    const { record } = await world.authority.claim(recovery);
    const { committedBy } = await import('../../core/control/decide-direction.ts');
    const plan = (await world.tasks.get(actor.task))?.plan;
    expect(plan && committedBy({ ...record, version: 5, versionTask: 'later-task' }, actor.task, plan)).toBe(
      false,
    );
  });
});

describe('a recovery does nothing', () => {
  test('for a task that is unknown or closed, and lets go what a lost last write left held', async () => {
    expect(await claimCompany(world, { task: 'unknown', executionName: 'r', reason })).toMatchObject({
      proceed: false,
    });
    const actor = await planned();
    await world.tasks.close(actor, { outcome: 'undone', debts: [] });
    expect((await world.claims.read(actor.company))?.state).toBe('held');
    const answer = await claimCompany(world, { task: actor.task, executionName: 'r', reason });
    expect(answer).toMatchObject({ proceed: false, outcome: 'undone' });
    expect((await world.claims.read(actor.company))?.state).toBe('free');
  });

  test('for an old task while a later one holds the company', async () => {
    const actor = await planned();
    await world.claims.release(actor.company, actor.task);
    await world.claims.take({ company: actor.company, task: 'later', holder: 'later/later', reported: 9 });
    await expect(recover(actor.task)).rejects.toMatchObject({ name: 'TaskClosed' });
    expect(await world.claims.read(actor.company)).toMatchObject({ task: 'later', epoch: 10 });
  });

  test('but closes a task that never took its company as refused', async () => {
    const at = await openedTask(world);
    const answer = await claimCompany(world, { task: at.task, executionName: 'r', reason });
    expect(answer).toMatchObject({ proceed: false, outcome: 'refused' });
    expect(await world.tasks.get(at.task)).toMatchObject({
      state: 'closed',
      outcome: 'refused',
      failure: reason,
    });
    expect(world.store.read(at.company).epoch).toBe(0);
  });

  test('and one that died between the table and its plan, so that a late plan finds it closed', async () => {
    const at = await openedTask(world);
    await world.claims.take({
      company: at.company,
      task: at.task,
      holder: `${at.task}/${at.task}`,
      reported: 0,
    });
    const answer = await claimCompany(world, { task: at.task, executionName: 'r', reason });
    expect(answer).toMatchObject({ proceed: false, outcome: 'refused' });
    expect((await world.claims.read(at.company))?.state).toBe('free');
    await expect(
      world.tasks.takeOver(at.task, { epoch: 1, holder: `${at.task}/${at.task}` }, {}),
    ).rejects.toMatchObject({ name: 'TaskClosed' });
  });
});

describe('the end of a recovery', () => {
  test('every provider that is not proven clean is a debt, and the task lists it', async () => {
    const actor = await planned();
    const recovery = await recover(actor.task);
    await decideDirection(world, recovery);
    const at = { phase: 'erase' as const, location: TARGET };
    await settle(
      world,
      recovery,
      { ...at, provider: 'contacts' },
      {
        action: 'erase',
        erased: { rows: 3, staging: 0 },
        left: { rows: 0, staging: 0 },
      },
    );
    const dead = {
      provider: 'deals',
      location: TARGET,
      status: 'failed' as const,
      error: 'ProviderUnreachable',
      cause: 'connection refused',
    };
    const debts = [{ provider: 'deals', location: TARGET }];
    const worker = await underWay(recovery, { ...at, action: 'erase', provider: 'deals' });
    await worker.begin();
    await worker.fail(dead.error, dead.cause);
    expect(await verifyErased(world, recovery)).toEqual({
      clean: 1,
      left: 1,
      incomplete: false,
      debts,
    });
    expect(await world.debts.list(actor.company)).toMatchObject([
      { error: 'ProviderUnreachable', task: actor.task },
    ]);
    const end = await closeTask(world, recovery, { outcome: 'undone', reason, reported: [dead] });
    expect(end).toEqual({ outcome: 'undone', debts });
  });

  test('rows or staging that are left are a debt even though the provider answered', async () => {
    const actor = await planned();
    const recovery = await recover(actor.task);
    await decideDirection(world, recovery);
    for (const [provider, left] of [
      ['contacts', { rows: 1, staging: 0 }],
      ['deals', { rows: 0, staging: 2 }],
    ] as const) {
      const result = { action: 'erase' as const, erased: { rows: 0, staging: 0 }, left };
      await settle(world, recovery, { phase: 'erase', provider, location: TARGET }, result);
    }
    expect((await verifyErased(world, recovery)).debts).toHaveLength(2);
  });
});

describe('the rule on ended executions', () => {
  const ended = (task: string, changes: object = {}) => ({
    machine: 'migrate' as const,
    task,
    name: task,
    status: 'ABORTED',
    eventId: 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee',
    ...changes,
  });

  test('starts one recovery for an open task, named after the event', async () => {
    const actor = await planned();
    expect(await startRecovery(world, ended(actor.task))).toBe('started');
    expect(world.started.at(-1)).toMatchObject({
      name: `recover-${actor.task}-aaaaaaaabbbb`,
      input: { task: actor.task, reason: { error: 'ExecutionABORTED' } },
    });
  });

  test('passes on who stopped the execution and why, of the event or of Step Functions', async () => {
    const actor = await planned();
    const cancelled = { error: 'TaskCancelled', cause: 'ada: wrong target' };
    await startRecovery(world, ended(actor.task, cancelled));
    expect(world.started.at(-1)?.input.reason).toEqual(cancelled);
    world.ends.set(actor.task, cancelled);
    await startRecovery(world, ended(actor.task));
    expect(world.started.at(-1)?.input.reason).toEqual(cancelled);
    const executions = { endOf: () => Promise.reject(new Error('throttled')) };
    await startRecovery({ ...world, executions }, ended(actor.task));
    expect(world.started.at(-1)?.input.reason.error).toBe('ExecutionABORTED');
  });

  test('knows the task of every machine’s execution, and that a nested one is its parent’s to handle', () => {
    const of = (machine: Machine, input: object = {}) =>
      endedExecution(world.topology, {
        id: 'e',
        detail: {
          stateMachineArn: machineArn(world.topology, machine),
          name: 'name',
          status: 'FAILED',
          input: JSON.stringify(input),
        },
      })?.task;
    for (const operation of TASK_OPERATIONS) expect(of(operation)).toBe('name');
    expect(of('recover', { task: 'task-1', reason })).toBe('task-1');
    for (const nested of NESTED_MACHINES) expect(of(nested)).toBeUndefined();
  });

  test('starts none for a closed task, nor while another recovery holds it', async () => {
    const actor = await planned();
    await recover(actor.task, 'recover-1');
    expect(await startRecovery(world, ended(actor.task))).toBe('nothing');
    const itself = { machine: 'recover', name: 'recover-1', status: 'FAILED' };
    expect(await startRecovery(world, ended(actor.task, itself))).toBe('started');
    expect(await startRecovery(world, ended('unknown'))).toBe('nothing');
  });

  test('leaves a task alone whose id another operation was started under: that execution was refused', async () => {
    const actor = await planned();
    const other = { machine: 'backup', status: 'FAILED', error: 'TaskIdTaken' };
    expect(await startRecovery(world, ended(actor.task, other))).toBe('nothing');
    expect(await world.tasks.get(actor.task)).toMatchObject({ state: 'open', recoveries: 0 });
  });

  test('stops starting them after a few, saying what to do', async () => {
    const actor = await planned();
    for (let start = 0; start < RECOVERY_STARTS; start += 1) await startRecovery(world, ended(actor.task));
    await expect(startRecovery(world, ended(actor.task))).rejects.toMatchObject({ name: 'RecoveryFailed' });
  });
});
