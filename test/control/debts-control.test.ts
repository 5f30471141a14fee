import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Location } from '@tanker/contract/index.ts';
import { closeTask } from '../../core/control/close-task.ts';
import { decideDirection } from '../../core/control/decide-direction.ts';
import { dispatch } from '../../core/control/dispatch.ts';
import { verifyErased } from '../../core/control/verify-erased.ts';
import type { Actor } from '../../core/ports.ts';
import { type ControlWorld, controlWorld, SOURCE, TARGET } from './control-world.ts';
import { committedCleanup, finishedMove, finishedRemoval } from './finished-task.ts';
import {
  erased,
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

const cleaning = (company: string, input: object = {}) => ({
  operation: 'cleanup' as const,
  at: newTask(company),
  input,
});
const everywhere = (location: Location) => PROVIDERS.map((provider) => ({ provider, location }));

/** The two providers owe at the source: the company lives at the target. */
async function indebted(): Promise<Actor> {
  const move = await finishedMove(world);
  const cleanup = await committedCleanup(world, cleaning(move.company, { early: true }));
  await verifyErased(world, cleanup);
  await closeTask(world, cleanup, { outcome: 'cleaned', reason: null, reported: [] });
  return cleanup;
}

describe('debts', () => {
  test('are what a cleanup could not erase: on record with a due date, and on the closed task', async () => {
    const cleanup = await indebted();
    const owed = await world.debts.list(cleanup.company);
    expect(owed.map(({ provider, task }) => [provider, task])).toEqual(
      PROVIDERS.map((provider) => [provider, cleanup.task]),
    );
    expect(await world.tasks.get(cleanup.task)).toMatchObject({
      outcome: 'cleaned',
      debts: everywhere(SOURCE),
    });
    expect(await world.dueDates.ofCompany('settle-debts', cleanup.company)).toMatchObject([
      { location: SOURCE, task: cleanup.task, tries: 0 },
    ]);
  });

  test('block what would use their location, and nothing else', async () => {
    const { company } = await indebted();
    const to = (datacenter: string) => ({ at: newTask(company), input: { to: { datacenter } } });
    expect((await refusalOf(world, to('us'))).error).toBe('DebtOutstanding');
    expect((await refusalOf(world, { operation: 'backup', at: newTask(company) })).error).toBe('none');
  });

  test('are erased at those who owe, without a commit, and settled one by one', async () => {
    const { company } = await indebted();
    const at = await openedTask(world, cleaning(company));
    expect(at.opened.checks).toEqual(everywhere(SOURCE));
    const plan = await planOf(world, at);
    expect(plan).toMatchObject({ leftover: 'debts', erases: everywhere(SOURCE) });
    const actor = { company, task: at.task, epoch: plan.epoch, holder: plan.holder };
    await erased(world, actor, [SOURCE], (provider) => (provider === 'deals' ? 1 : 0));
    const owed = { provider: 'deals', location: SOURCE };
    expect(await verifyErased(world, actor)).toMatchObject({ clean: 1, left: 1, debts: [owed] });
    await closeTask(world, actor, { outcome: 'cleaned', reason: null, reported: [] });
    const [debt, ...others] = await world.debts.list(company);
    expect(others).toEqual([]);
    expect(debt).toMatchObject({ ...owed, task: at.task, error: 'EraseIncomplete' });
    expect(await world.dueDates.ofCompany('settle-debts', company)).toHaveLength(1);

    const next = await openedTask(world, cleaning(company));
    expect(next.opened.checks).toEqual([owed]);
    const again = await planOf(world, next);
    const last = { company, task: next.task, epoch: again.epoch, holder: again.holder };
    await erased(world, last, [SOURCE]);
    expect(await verifyErased(world, last)).toMatchObject({ clean: 1, left: 0 });
    expect(await world.debts.list(company)).toEqual([]);
  });

  test('are erased by a recovery too: there is no way back from a debt', async () => {
    const { company } = await indebted();
    const actor = await plannedTask(world, cleaning(company));
    const recovery = await recoveryOf(world, actor);
    const way = await decideDirection(world, recovery);
    expect(way).toMatchObject({ outcome: 'cleaned', erases: everywhere(SOURCE) });
    const erase = { ...recovery, phase: 'erase', action: 'erase', attempt: 1, token: 't' } as const;
    await dispatch(world, { ...erase, provider: 'deals', location: SOURCE });
    expect(world.invoked.at(-1)).toMatchObject({
      reason: `task ${actor.task} erases what an earlier task had left`,
    });
  });

  test('are left alone by a recovery whose plan was made for another version: home may be there now', async () => {
    const { company } = await indebted();
    const at = await openedTask(world, cleaning(company));
    const read = async () => ({ ...(await world.authority.read(company)), version: 0 });
    const stale = planOf(world, at, { authority: { ...world.authority, read } });
    await expect(stale).rejects.toMatchObject({ name: 'PlacementChanged' });
    const recovery = await recoveryOf(world, at);
    expect(await decideDirection(world, recovery)).toMatchObject({ outcome: 'refused', erases: [] });
  });

  test('of a company that was removed for good can be settled as well', async () => {
    const { company } = await finishedRemoval(world, { at: newCompany(world), input: { final: true } });
    await world.debts.record({
      kind: 'debt',
      company,
      location: TARGET,
      provider: 'deals',
      task: 'old',
      epoch: 1,
      version: 1,
      since: '2026-03-01T10:00:00.000Z',
      error: 'ProviderUnreachable',
      cause: '',
    });
    const actor = await plannedTask(world, cleaning(company, { at: { datacenter: 'eu' } }));
    await erased(world, actor, [TARGET]);
    expect(await verifyErased(world, actor)).toMatchObject({ clean: 1, left: 0 });
    expect(await world.debts.list(company)).toEqual([]);
  });

  test('of an undone move have one due date, however many recoveries record them', async () => {
    const actor = await plannedTask(world);
    for (const name of ['recover-1', 'recover-2']) {
      const recovery = await recoveryOf(world, actor, name);
      await decideDirection(world, recovery);
      expect(await verifyErased(world, recovery)).toMatchObject({ left: 2, incomplete: false });
    }
    expect(await world.dueDates.ofCompany('settle-debts', actor.company)).toMatchObject([
      { location: TARGET, task: actor.task },
    ]);
  });

  test('keep the instant of their first record, also when a later task fails to erase them', async () => {
    const { company } = await indebted();
    const [first] = await world.debts.list(company);
    const actor = await plannedTask(world, cleaning(company));
    await verifyErased(world, actor);
    await closeTask(world, actor, { outcome: 'cleaned', reason: REASON, reported: [] });
    const [again] = await world.debts.list(company);
    expect(again).toMatchObject({ since: first?.since, task: actor.task });
  });
});
