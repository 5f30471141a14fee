import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { closeTask } from '../../core/control/close-task.ts';
import { SWEEP_MARGIN_MS, sweep } from '../../core/control/sweep.ts';
import { DUES_PER_SWEEP, inTurns } from '../../core/control/sweep-dues.ts';
import { verifyErased } from '../../core/control/verify-erased.ts';
import type { Actor } from '../../core/ports.ts';
import { dynamoDiscardDues } from '../../lambdas/runtime/dynamo-discard-dues.ts';
import { type ControlWorld, controlWorld, SOURCE } from './control-world.ts';
import {
  committedCleanup,
  committedRemoval,
  finishedBackup,
  finishedCleanup,
  finishedMove,
  finishedRemoval,
  verifiedSlice,
} from './finished-task.ts';
import { erased, newTask, plannedTask, refusalOf } from './planned-task.ts';

let world: ControlWorld;
let failures: unknown[];
beforeAll(async () => {
  world = await controlWorld();
});
afterAll(() => world.close());
beforeEach(() => {
  failures = [];
  // The commit's instant is the gateway's, whose clock is the machine's.
  world.clock.time = Date.now();
  world.discards.length = 0;
  world.startedCleanups.length = 0;
});

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const run = (changes: Partial<Parameters<typeof sweep>[0]> = {}) =>
  sweep(
    {
      ...world,
      logError: (_, error) => failures.push(error),
      remainingMilliseconds: () => 240_000,
      ...changes,
    },
    'event',
  );
const startedFor = (company: string) =>
  world.startedCleanups.filter(({ input }) => input.company === company);
const discardsOf = ({ task }: Actor) => world.discards.filter((event) => event.task === task);
const forward = (milliseconds: number) => {
  world.clock.time += milliseconds;
};
const idOf = ({ company, task }: Actor) => ({ company, task });
const backupOf = ({ company, task }: Actor) => world.backups.get(company, task);

/** The agent's word that the objects of a due date are gone. */
async function discarded(actor: Actor): Promise<void> {
  const [event] = discardsOf(actor).slice(-1);
  if (!event) throw new Error('the agent was not asked');
  const gone = { objects: 4, uploads: 1, at: new Date(world.clock.time).toISOString() };
  await dynamoDiscardDues(world.client, world.topology.installation).confirm(event, gone);
}

describe('a fallback copy whose grace days are over', () => {
  test('gets its cleanup, under a task id that says which try of which due date it is', async () => {
    const move = await finishedMove(world);
    expect(startedFor(move.company)).toEqual([]);
    await run();
    expect(startedFor(move.company)).toEqual([]);
    forward(world.topology.graceDays * DAY_MS + MINUTE_MS);
    const result = await run();
    expect(failures).toEqual([]);
    expect(result.cleanups).toBeGreaterThan(0);
    const [started, ...others] = startedFor(move.company);
    expect(others).toEqual([]);
    expect(started?.name).toMatch(/^cleanup-[0-9a-f]{12}-0$/);
    expect(started?.input).toEqual({
      task: started?.name,
      company: move.company,
      requestedBy: 'sweeper',
      reason: `the grace days of task ${move.task} are over`,
      at: SOURCE,
    });
  });

  test('is tried again after an hour, then after two, and counted as waiting, until it is given up', async () => {
    const move = await finishedMove(world);
    forward(world.topology.graceDays * DAY_MS + MINUTE_MS);
    await run();
    await run();
    forward(HOUR_MS - MINUTE_MS);
    await run();
    expect(startedFor(move.company)).toHaveLength(1);
    forward(2 * MINUTE_MS);
    expect((await run()).cleanupsWaiting).toBeGreaterThan(0);
    forward(HOUR_MS + MINUTE_MS);
    // Nothing is due, and the copy waits all the same: the alarm rings until it is gone.
    expect((await run()).cleanupsWaiting).toBeGreaterThan(0);
    expect(startedFor(move.company)).toHaveLength(2);
    forward(HOUR_MS);
    await run();
    expect(startedFor(move.company).map(({ name }) => name.slice(-2))).toEqual(['-0', '-1', '-2']);
    await finishedCleanup(world, { at: newTask(move.company), input: { early: true } });
    forward(4 * HOUR_MS + MINUTE_MS);
    await run();
    expect(startedFor(move.company)).toHaveLength(3);
    expect(await world.dueDates.ofCompany('cleanup', move.company)).toEqual([]);
  });

  test('is tried once a day at most', async () => {
    const move = await finishedMove(world);
    const [due] = await world.dueDates.ofCompany('cleanup', move.company);
    if (due) {
      await world.dueDates.remove(due);
      await world.dueDates.schedule({ ...due, tries: 40 });
    }
    forward(world.topology.graceDays * DAY_MS + MINUTE_MS);
    await run();
    const [again] = await world.dueDates.ofCompany('cleanup', move.company);
    const pause = Date.parse(again?.at ?? '') - world.clock.time;
    expect(Math.abs(pause - DAY_MS)).toBeLessThan(HOUR_MS);
    expect(again?.tries).toBe(41);
  });

  test('keeps its due date when the start fails, and the others have their turn', async () => {
    const move = await finishedMove(world);
    forward(world.topology.graceDays * DAY_MS + MINUTE_MS);
    const cleanups = { start: () => Promise.reject(new Error('throttled')) };
    const result = await run({ cleanups });
    expect(result.failed).toBeGreaterThan(0);
    expect(await world.dueDates.ofCompany('cleanup', move.company)).toMatchObject([{ tries: 0 }]);
  });

  test('of a former move is nobody’s any more: its due date goes', async () => {
    const first = await finishedMove(world);
    await finishedCleanup(world, { at: newTask(first.company), input: { early: true } });
    await finishedMove(world, { at: newTask(first.company), input: { to: { datacenter: 'us' } } });
    const third = await finishedMove(world, { at: newTask(first.company) });
    forward(world.topology.graceDays * DAY_MS + MINUTE_MS);
    await run();
    const reasons = startedFor(first.company).map(({ input }) => input.reason);
    expect(reasons.filter((reason) => reason.includes(first.task))).toEqual([]);
    expect(reasons.filter((reason) => reason.includes(third.task))).toHaveLength(1);
  });
});

describe('debts at a location', () => {
  test('get a cleanup of their own after an hour, again and again until nothing is owed there', async () => {
    const move = await finishedMove(world);
    const early = { at: newTask(move.company), input: { early: true } };
    const cleanup = await committedCleanup(world, early);
    await verifyErased(world, cleanup);
    await closeTask(world, cleanup, { outcome: 'cleaned', reason: null, reported: [] });
    await run();
    expect(startedFor(move.company)).toEqual([]);
    forward(HOUR_MS + MINUTE_MS);
    expect((await run()).settles).toBeGreaterThan(0);
    const [started] = startedFor(move.company);
    expect(started?.name).toMatch(/^settle-[0-9a-f]{12}-0$/);
    expect(started?.input).toMatchObject({ requestedBy: 'sweeper', at: SOURCE });

    const settling = await plannedTask(world, { operation: 'cleanup', at: newTask(move.company) });
    await erased(world, settling, [SOURCE]);
    await verifyErased(world, settling);
    await closeTask(world, settling, { outcome: 'cleaned', reason: null, reported: [] });
    forward(HOUR_MS + MINUTE_MS);
    await run();
    expect(startedFor(move.company)).toHaveLength(1);
    expect(await world.dueDates.ofCompany('settle-debts', move.company)).toEqual([]);
  });
});

describe('a backup', () => {
  test('ends three times: refused at its hour, deleted by the agent, and then a tombstone', async () => {
    const actor = await finishedBackup(world);
    const removal = await finishedRemoval(world, { at: newTask(actor.company) });
    const restore = { operation: 'restore', input: { backup: actor.task } } as const;
    const refused = async () => (await refusalOf(world, { ...restore, at: newTask(actor.company) })).error;
    forward(world.topology.retention.backupDays * DAY_MS - HOUR_MS);
    await run();
    expect(discardsOf(actor)).toEqual([]);
    forward(HOUR_MS);
    expect(await refused()).toBe('BackupExpired');
    expect((await backupOf(actor))?.state).toBe('available');

    expect((await run()).expiries).toBeGreaterThan(0);
    expect(discardsOf(actor)).toEqual([
      expect.objectContaining({ due: 'expire-backup', company: actor.company, datacenter: 'us' }),
    ]);
    expect((await backupOf(actor))?.state).toBe('available');
    await discarded(actor);
    await run();
    expect(await backupOf(actor)).toMatchObject({ state: 'expired', objects: 4, uploads: 1 });
    expect((await world.logLines(actor.task)).at(-1)).toMatch(/the backup in us has expired: 4 objects/);
    expect(await refused()).toBe('BackupExpired');
    const left = await world.dueDates.ofCompany('expire-backup', actor.company);
    expect(left.map(({ task }) => task)).toEqual([removal.task]);
  });

  test('that is not deleted an hour after its end is counted as late', async () => {
    const actor = await finishedBackup(world, { input: { keepDays: 0 } });
    expect((await run()).expiriesLate).toBe(0);
    forward(HOUR_MS + MINUTE_MS);
    expect((await run()).expiriesLate).toBeGreaterThan(0);
    expect(discardsOf(actor)).toHaveLength(2);
    await discarded(actor);
    await run();
    expect((await backupOf(actor))?.state).toBe('expired');
  });

  test('that is pending is left to its task, and its due date stays', async () => {
    const actor = await plannedTask(world, { operation: 'backup', input: { keepDays: 0 } });
    await verifiedSlice(world, actor, 'open');
    const backup = await backupOf(await finishedBackup(world));
    await world.table.put(
      { pk: `company#${actor.company}`, sk: `backup#${actor.task}` },
      { ...backup, company: actor.company, task: actor.task, state: 'pending' },
    );
    await world.dueDates.schedule({
      kind: 'due',
      due: 'expire-backup',
      at: new Date(world.clock.time).toISOString(),
      task: actor.task,
      company: actor.company,
      datacenter: 'us',
    });
    await run();
    expect(discardsOf(actor)).toEqual([]);
    expect(await world.dueDates.ofCompany('expire-backup', actor.company)).toHaveLength(1);
  });

  test('that can be restored is not taken for exports that nobody reads any more', async () => {
    const actor = await finishedBackup(world);
    const at = new Date(world.clock.time).toISOString();
    const due = { kind: 'due', due: 'discard-exports', at, ...idOf(actor), datacenter: 'us' } as const;
    await world.dueDates.schedule(due);
    await run();
    expect(discardsOf(actor)).toEqual([]);
    expect(await world.dueDates.ofCompany('discard-exports', actor.company)).toEqual([]);
    expect((await backupOf(actor))?.state).toBe('available');
  });

  test('that a removal is about to end keeps the early due date, which was written before its end', async () => {
    const actor = await finishedBackup(world);
    const [due] = await world.dueDates.ofCompany('expire-backup', actor.company);
    if (!due) throw new Error('the backup has no due date');
    const early = { ...due, at: new Date(world.clock.time).toISOString() };
    await world.dueDates.schedule(early);
    await run();
    expect(discardsOf(actor)).toEqual([]);
    expect(await world.dueDates.ofCompany('expire-backup', actor.company)).toEqual([early, due]);
    await world.backups.endBy(actor.company, actor.task, early.at);
    await run();
    expect(discardsOf(actor)).toHaveLength(1);
  });
});

describe('a datacenter that does not answer', () => {
  const dueIn = (datacenter: string, number: number) => ({
    kind: 'due' as const,
    due: 'discard-exports' as const,
    at: new Date(Date.parse('2020-01-01T00:00:00.000Z') + number).toISOString(),
    task: `gone-${datacenter}-${number}`,
    company: 'of-nobody',
    datacenter,
  });
  const fill = async (datacenter: string, count: number) => {
    const dues = Array.from({ length: count }, (_, number) => dueIn(datacenter, number));
    await Promise.all(dues.map((due) => world.dueDates.schedule(due)));
    return dues;
  };
  const drop = (dues: readonly ReturnType<typeof dueIn>[]) =>
    Promise.all(dues.map((due) => world.dueDates.remove(due)));

  test('is asked once in a sweep, and the others have their turn', async () => {
    const dues = [...(await fill('us', 5)), ...(await fill('eu', 1))];
    const asked: string[] = [];
    const functions = {
      ...world.functions,
      invokeDiscard: async (event: { datacenter: string; task: string }) => {
        if (!event.task.startsWith('gone-')) return;
        asked.push(event.datacenter);
        if (event.datacenter === 'us') throw new Error('timed out');
      },
    };
    const result = await run({ functions });
    expect(asked.sort()).toEqual(['eu', 'us']);
    expect(result.failed).toBe(1);
    await drop(dues);
  });

  test('keeps no other from its turn, however many of its due dates stay', () => {
    const stuck = Array.from({ length: DUES_PER_SWEEP + 10 }, (_, number) => dueIn('us', number));
    const turns = inTurns([...stuck, dueIn('eu', 90_000)]);
    expect(turns).toHaveLength(stuck.length + 1);
    expect(turns.slice(0, 2).map(({ task }) => task)).toEqual(['gone-us-0', 'gone-eu-90000']);
  });

  test('is left for the next sweep when the time of this one is over', async () => {
    const dues = await fill('us', 1);
    await run({ remainingMilliseconds: () => SWEEP_MARGIN_MS });
    expect(world.discards).toEqual([]);
    await run();
    expect(world.discards.map(({ task }) => task)).toContain('gone-us-0');
    await drop(dues);
  });
});

test('a removal that is incomplete is counted at each sweep, and recovered again', async () => {
  const actor = await committedRemoval(world);
  await verifyErased(world, actor);
  const result = await run();
  expect(result.incomplete).toBe(1);
  expect(world.started.filter(({ input }) => input.task === actor.task)).toHaveLength(1);
});
