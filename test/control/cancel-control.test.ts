import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DONE, TASK_OPERATIONS, type TaskOperation } from '@tanker/contract/index.ts';
import { claimCompany } from '../../core/control/claim-company.ts';
import { closeTask } from '../../core/control/close-task.ts';
import { commitBackup } from '../../core/control/commit-backup.ts';
import { commitCleanup } from '../../core/control/commit-cleanup.ts';
import { commitPlacement } from '../../core/control/commit-placement.ts';
import { decideDirection } from '../../core/control/decide-direction.ts';
import { unlockTraffic } from '../../core/control/lock-traffic.ts';
import { startRecovery } from '../../core/control/start-recovery.ts';
import { verifyErased } from '../../core/control/verify-erased.ts';
import { verifyFallback } from '../../core/control/verify-fallback.ts';
import type { Actor } from '../../core/ports.ts';
import { type ControlWorld, controlWorld, SOURCE } from './control-world.ts';
import {
  finishedMove,
  finishedRemoval,
  lookedAt,
  verifiedMove,
  verifiedRestore,
  verifiedSlice,
} from './finished-task.ts';
import { erased, newTask, plannedTask } from './planned-task.ts';

let world: ControlWorld;
beforeAll(async () => {
  world = await controlWorld();
});
afterAll(() => world.close());

const CANCEL = { error: 'TaskCancelled', cause: 'ada: it is the wrong day for this' };

interface Steps {
  /** A task of the operation that has its plan. */
  readonly plan: () => Promise<Actor>;
  /** All that comes before the commit point; answers the grant. */
  readonly verify: (actor: Actor) => Promise<number>;
  readonly commit: (actor: Actor, grant: number) => Promise<unknown>;
}

const place = (actor: Actor, grant: number) => commitPlacement(world, actor, grant);

const STEPS: Readonly<Record<TaskOperation, Steps>> = {
  migrate: { plan: () => plannedTask(world), verify: (actor) => verifiedMove(world, actor), commit: place },
  backup: {
    plan: () => plannedTask(world, { operation: 'backup' }),
    verify: (actor) => verifiedSlice(world, actor, 'open'),
    commit: (actor, grant) => commitBackup(world, actor, grant),
  },
  restore: {
    plan: async () => {
      const { company, task: backup } = await finishedRemoval(world);
      return plannedTask(world, { operation: 'restore', at: newTask(company), input: { backup } });
    },
    verify: (actor) => verifiedRestore(world, actor),
    commit: place,
  },
  remove: {
    plan: () => plannedTask(world, { operation: 'remove' }),
    verify: (actor) => verifiedSlice(world, actor, 'verify'),
    commit: place,
  },
  cleanup: {
    plan: async () => {
      const { company } = await finishedMove(world);
      return plannedTask(world, { operation: 'cleanup', at: newTask(company), input: { early: true } });
    },
    verify: async (actor) => {
      await lookedAt(world, actor, SOURCE);
      await verifyFallback(world, actor);
      return 0;
    },
    commit: (actor) => commitCleanup(world, actor),
  },
};

/** A recovery from its claim to its close, as its machine walks it. Answers what the record says then. */
async function recovered(actor: Actor, name: string, reason = CANCEL) {
  const { task, company } = actor;
  const { epoch, holder } = await claimCompany(world, { task, executionName: name, reason });
  const recovery = { task, company, epoch, holder };
  const way = await decideDirection(world, recovery);
  await unlockTraffic(world, recovery);
  const locations = new Map(way.erases.map(({ location }) => [JSON.stringify(location), location]));
  await erased(world, recovery, [...locations.values()]);
  await verifyErased(world, recovery);
  await closeTask(world, recovery, { outcome: way.outcome, reason, reported: [] });
  return world.tasks.get(task);
}

/** What the rule does after `StopExecution` with the words of a cancel. */
async function cancelled(operation: TaskOperation, actor: Actor) {
  const { task } = actor;
  const ended = { machine: operation, task, name: task, status: 'ABORTED', eventId: task, ...CANCEL };
  expect(await startRecovery(world, ended)).toBe('started');
  const { name, input } = world.started.at(-1) ?? {};
  return recovered(actor, name ?? '', input?.reason);
}

describe.each(TASK_OPERATIONS)('a %s that is cancelled', (operation) => {
  const { plan, verify, commit } = STEPS[operation];

  test('before its commit point is undone, with who and why on its record, and lets the company go', async () => {
    const actor = await plan();
    const before = world.store.read(actor.company);
    await verify(actor);
    expect(await cancelled(operation, actor)).toMatchObject({
      outcome: 'undone',
      failure: CANCEL,
      debts: [],
    });
    const { home, version, lock } = world.store.read(actor.company);
    expect({ home, version }).toEqual({ home: before.home, version: before.version });
    expect(lock?.state).not.toBe('held');
    expect((await world.claims.read(actor.company))?.state).toBe('free');
  });

  test('after its commit point is done all the same', async () => {
    const actor = await plan();
    await commit(actor, await verify(actor));
    expect(await cancelled(operation, actor)).toMatchObject({
      outcome: DONE[operation],
      committed: expect.anything(),
    });
    expect((await world.claims.read(actor.company))?.state).toBe('free');
  });

  test('and whose recoveries are interrupted ends as the first of them decided', async () => {
    const undone = await plan();
    await verify(undone);
    const done = await plan();
    await commit(done, await verify(done));
    for (const [actor, outcome] of [
      [undone, 'undone'],
      [done, DONE[operation]],
    ] as const) {
      const { task, company } = actor;
      const claim = { task, executionName: `recover-${task}-1`, reason: CANCEL };
      const { epoch, holder } = await claimCompany(world, claim);
      const first = { task, company, epoch, holder };
      expect((await decideDirection(world, first)).outcome).toBe(outcome);
      await unlockTraffic(world, first);
      expect(await recovered(actor, `recover-${task}-2`)).toMatchObject({ outcome });
      await expect(decideDirection(world, first)).rejects.toMatchObject({ name: 'TaskClosed' });
    }
  });
});
