import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { keys } from '@tanker/contract/index.ts';
import { closeTask } from '../../core/control/close-task.ts';
import { decideDirection } from '../../core/control/decide-direction.ts';
import { lockTraffic } from '../../core/control/lock-traffic.ts';
import { verifyErased } from '../../core/control/verify-erased.ts';
import type { Actor, Authority } from '../../core/ports.ts';
import { DynamoClaims } from '../../lambdas/runtime/dynamo-claims.ts';
import { type ControlWorld, controlWorld, SOURCE, settle, TARGET } from './control-world.ts';
import { type At, newCompany, openedTask, plannedTask, planOf, REASON, recoveryOf } from './planned-task.ts';

let world: ControlWorld;
beforeAll(async () => {
  world = await controlWorld();
});
afterAll(() => world.close());

const reason = REASON;
const opened = () => openedTask(world);
const plan = (at: At, ports: Partial<ControlWorld> = {}) => planOf(world, at, ports);
const planned = () => plannedTask(world);
const recover = (task: string, name?: string) => recoveryOf(world, { task }, name);

/** Moves the company for another task from its source to the target, from claim to release. */
async function moveFor(task: string, company: string): Promise<void> {
  const epoch = await world.claims.take({ company, task, holder: `${task}/${task}`, reported: 0 });
  moveAt(company, { task, epoch, holder: `${task}/${task}` });
  await world.claims.release(company, task);
}

/** What a move does at the authority alone. */
function moveAt(company: string, other: { task: string; epoch: number; holder: string }): void {
  world.store.claim(company, other);
  const { grant } = world.store.lock(company, other, 60);
  world.store.commit(company, other, {
    grant: grant.grant,
    from: { state: 'home', location: SOURCE },
    to: { state: 'home', location: TARGET },
    version: 0,
  });
  world.store.unlock(company, other);
}

/** The world's authority, after which something happens once that the first read has not seen. */
function afterFirstRead(happen: () => Promise<void>): Authority {
  let happened = false;
  return {
    ...world.authority,
    async read(company) {
      const record = await world.authority.read(company);
      if (!happened) await happen();
      happened = true;
      return record;
    },
  };
}

describe('a second run of plan', () => {
  test('takes nothing back from the recovery that has taken its task over', async () => {
    const actor = await planned();
    const recovery: { actor?: Actor } = {};
    const late = {
      // The repeat has read the record, then its execution is stopped and recovered, then it goes on.
      read: async (company: string) => {
        recovery.actor ??= await recover(actor.task);
        return world.claims.read(company);
      },
      take: (order: Parameters<ControlWorld['claims']['take']>[0]) => world.claims.take(order),
      retake: (order: Parameters<ControlWorld['claims']['retake']>[0]) => world.claims.retake(order),
      release: (company: string, task: string) => world.claims.release(company, task),
    };
    await expect(plan(actor, { claims: late as never })).rejects.toMatchObject({ name: 'TaskClosed' });
    const { epoch, holder } = recovery.actor as Actor;
    expect(await world.tasks.get(actor.task)).toMatchObject({ epoch, holder });
    expect(await world.claims.read(actor.company)).toMatchObject({ epoch, holder });
    expect((await decideDirection(world, recovery.actor as Actor)).outcome).toBe('undone');
  });
});

describe('a home that changes while it is planned', () => {
  test('is undone by nobody: the plan was never accepted, so nothing is opened or erased', async () => {
    const company = newCompany(world);
    for (const task of ['earlier', 'later']) {
      await world.claims.take({ company: company.company, task, holder: `${task}/${task}`, reported: 0 });
      await world.claims.release(company.company, task);
    }
    const at = await openedTask(world, { at: company });
    // By somebody whom the table does not know, under a lower epoch than its own.
    const unknown = { task: 'lost', epoch: 1, holder: 'lost/lost' };
    const authority = afterFirstRead(async () => moveAt(at.company, unknown));
    await expect(plan(at, { authority })).rejects.toMatchObject({ name: 'PlacementChanged' });
    const recovery = await recover(at.task);
    expect(await decideDirection(world, recovery)).toMatchObject({
      outcome: 'refused',
      opens: [],
      erases: [],
    });
  });

  test('is checked again: a company that has come to the target meanwhile is not moved there', async () => {
    const at = await opened();
    await moveFor('other', at.company);
    expect((await plan(at)).refusal?.error).toBe('LocationSame');
  });
});

describe('a company that somebody has held since its task was opened', () => {
  test.each([
    ['and has moved', (company: string) => moveFor('other', company)],
    [
      'and left as it was, but for a debt perhaps',
      async (company: string) => {
        await world.claims.take({ company, task: 'other', holder: 'other/other', reported: 0 });
        await world.claims.release(company, 'other');
      },
    ],
  ])('%s is not taken: what the providers have told is older', async (_, holds) => {
    const at = await opened();
    const authority = afterFirstRead(() => holds(at.company));
    const { refusal } = await plan(at, { authority });
    expect(refusal).toMatchObject({
      error: 'CompanyBusy',
      cause: expect.stringContaining('since this one was opened'),
    });
    expect(await world.claims.read(at.company)).toMatchObject({ state: 'free' });
  });
});

describe('epochs only grow', () => {
  test('a recovery whose table was set back takes one above all that the authority has seen', async () => {
    const actor = await planned();
    world.store.claim(actor.company, { task: 'lost', epoch: 7, holder: 'lost/lost' });
    expect((await recover(actor.task)).epoch).toBe(8);
  });

  test('a release that meets a recovery does not give its epoch out again', async () => {
    const actor = await planned();
    let met = false;
    const table = {
      get: world.table.get.bind(world.table),
      put: async (...args: Parameters<typeof world.table.put>) => {
        const order = { ...actor, holder: `${actor.task}/recover-1`, reported: 0 };
        if (!met) await world.claims.retake(order);
        met = true;
        return world.table.put(...args);
      },
    };
    await new DynamoClaims(table as never, world.now).release(actor.company, actor.task);
    expect(await world.claims.read(actor.company)).toMatchObject({ state: 'free', epoch: actor.epoch + 1 });
  });
});

describe('the lock budget', () => {
  test('runs from the first try of the lock, not from its repeat', async () => {
    const actor = await planned();
    const begun = world.now();
    const changes = { set: { phases: { lock: begun.toISOString() } } };
    await world.table.update(keys.task(actor.task), changes, { expression: 'attribute_exists(pk)' });
    // The authority has granted, and then the function died: nothing of it is on the task's record.
    world.store.lock(actor.company, actor, 120);
    world.clock.time += 31_000;
    const deadline = begun.getTime() + world.topology.lockBudgetSeconds * 1000;
    expect((await lockTraffic(world, actor)).deadlineMillis).toBe(deadline);
  });
});

describe('a second recovery', () => {
  test('settles the debts of the first that it could clean', async () => {
    const actor = await planned();
    const first = await recover(actor.task, 'recover-1');
    await decideDirection(world, first);
    expect((await verifyErased(world, first)).debts).toHaveLength(2);
    const second = await recover(actor.task, 'recover-2');
    await decideDirection(world, second);
    for (const provider of ['contacts', 'deals']) {
      const clean = {
        action: 'erase' as const,
        erased: { rows: 0, staging: 0 },
        left: { rows: 0, staging: 0 },
      };
      await settle(world, second, { phase: 'erase', provider, location: TARGET }, clean);
    }
    expect((await verifyErased(world, second)).debts).toEqual([]);
    expect(await world.debts.list(actor.company)).toEqual([]);
    expect((await closeTask(world, second, { outcome: 'undone', reason, reported: [] })).debts).toEqual([]);
  });

  test('keeps on record what made the first one necessary', async () => {
    const actor = await planned();
    await recover(actor.task, 'recover-1');
    const second = await recover(actor.task, 'recover-2');
    const aborted = { error: 'ExecutionABORTED', cause: '' };
    await closeTask(world, second, { outcome: 'undone', reason: aborted, reported: [] });
    expect((await world.tasks.get(actor.task))?.failure).toEqual(reason);
  });
});
