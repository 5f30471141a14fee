import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { closeTask } from '../../core/control/close-task.ts';
import { lockTraffic } from '../../core/control/lock-traffic.ts';
import { LATE_WRITES_MS } from '../../core/control/settle-end.ts';
import { startRecovery } from '../../core/control/start-recovery.ts';
import { SWEEP_PAUSE_MINUTES, sweep } from '../../core/control/sweep.ts';
import { dynamoDiscardDues } from '../../lambdas/runtime/dynamo-discard-dues.ts';
import { type ControlWorld, controlWorld } from './control-world.ts';
import { finishedMove } from './finished-task.ts';
import { plannedTask, recoveryOf } from './planned-task.ts';

let world: ControlWorld;
let failures: string[];
beforeAll(async () => {
  world = await controlWorld();
});
afterAll(() => world.close());
beforeEach(() => {
  failures = [];
  world.started.length = 0;
  world.discards.length = 0;
  world.running.clear();
});

const run = (eventId = 'event-1', changes: Partial<Parameters<typeof sweep>[0]> = {}) =>
  sweep(
    {
      ...world,
      logError: (message) => failures.push(message),
      remainingMilliseconds: () => 240_000,
      ...changes,
    },
    eventId,
  );
const startedFor = (task: string) => world.started.filter(({ input }) => input.task === task);
const forward = (minutes: number) => {
  world.clock.time += minutes * 60_000;
};

describe('a sweep of the open tasks', () => {
  test('starts a recovery for a task whose event was lost, and tells why on its log', async () => {
    const { task } = await plannedTask(world);
    const result = await run('0a1b2c3d-4e5f');
    expect(result.recovered).toBeGreaterThan(0);
    expect(startedFor(task)).toEqual([
      {
        name: `recover-${task}-0a1b2c3d4e5f`,
        input: { task, reason: expect.objectContaining({ error: 'ExecutionLost' }) },
      },
    ]);
    expect((await world.tasks.get(task))?.recoveries).toBe(1);
  });

  test('leaves a task alone while its own execution runs, or the recovery that holds it, or the one started last', async () => {
    const own = await plannedTask(world);
    const held = await plannedTask(world);
    const started = await plannedTask(world);
    await recoveryOf(world, held, 'recover-held');
    await world.tasks.countRecovery(started.task, {
      name: 'recover-started',
      at: '2020-01-01T00:00:00.000Z',
    });
    for (const name of [own.task, 'recover-held', 'recover-started']) world.running.add(name);
    await run();
    for (const { task } of [own, held, started]) expect(startedFor(task)).toEqual([]);
  });

  test('takes up a task whose recovery was interrupted, but not more often than the pause allows', async () => {
    const { task } = await plannedTask(world);
    await run('first');
    await run('first');
    forward(SWEEP_PAUSE_MINUTES - 1);
    await run('second');
    expect(startedFor(task).map(({ name }) => name)).toEqual([`recover-${task}-first`]);
    forward(2);
    await run('third');
    expect(startedFor(task).map(({ name }) => name)).toEqual([
      `recover-${task}-first`,
      `recover-${task}-third`,
    ]);
  });

  test('goes on after the rule has given up, and waits for a recovery that the rule has just started', async () => {
    const { task } = await plannedTask(world);
    const ended = { machine: 'migrate', task, name: task, status: 'ABORTED' } as const;
    for (const eventId of ['1', '2', '3', '4', '5']) await startRecovery(world, { ...ended, eventId });
    await expect(startRecovery(world, { ...ended, eventId: '6' })).rejects.toMatchObject({
      name: 'RecoveryFailed',
    });
    await run('soon');
    expect(startedFor(task)).toHaveLength(5);
    forward(SWEEP_PAUSE_MINUTES + 1);
    await run('later');
    expect(startedFor(task).at(-1)?.name).toBe(`recover-${task}-later`);
  });

  test('sees no closed task: it has left the index', async () => {
    const { task } = await finishedMove(world);
    expect(await world.tasks.listOpen()).not.toContain(task);
    await run();
    expect(startedFor(task)).toEqual([]);
  });

  test('tells the age of the oldest open task, and goes on when one of them fails', async () => {
    await plannedTask(world);
    const { task } = await plannedTask(world);
    const [first] = await world.tasks.listOpen();
    const executions = {
      ...world.executions,
      running: async (_operation: string, name: string) => {
        if (name === first) throw new Error('throttled');
        return false;
      },
    };
    forward(60);
    const result = await run('failing', { executions });
    expect(result).toMatchObject({ failed: 1 });
    expect(result.oldestSeconds).toBeGreaterThanOrEqual(3600);
    expect(failures).toHaveLength(1);
    expect(startedFor(task)).toHaveLength(1);
  });
});

describe('a sweep of what is due', () => {
  test('has the exports of a closed task discarded at their hour, and lets the due date go once the agent has said so', async () => {
    const { task, company } = await finishedMove(world);
    await run();
    expect(world.discards).toEqual([]);
    forward(world.topology.retention.transferDays * 24 * 60 + 1);
    await run();
    const [event] = world.discards.filter((due) => due.task === task);
    expect(event).toMatchObject({ due: 'discard-exports', company, datacenter: 'us' });
    await run();
    expect(world.discards.filter((due) => due.task === task)).toHaveLength(2);

    const dues = dynamoDiscardDues(world.client, world.topology.installation);
    await dues.confirm(
      { due: 'discard-exports', at: event?.at ?? '', task },
      { objects: 4, uploads: 1, at: '2026-03-09T00:00:00.000Z' },
    );
    await run();
    const left = (await world.dueDates.come('discard-exports', world.now())).dues;
    expect(left.map((due) => due.task)).not.toContain(task);
    const lines = await world.logLines(task);
    expect(lines.at(-1)).toMatch(/the exports in us are gone: 4 objects deleted, 1 uploads aborted/);
    // A word that comes late makes no row again.
    await dues.confirm(
      { due: 'discard-exports', at: event?.at ?? '', task },
      { objects: 0, uploads: 0, at: '2026-03-09T00:00:00.000Z' },
    );
    const again = (await world.dueDates.come('discard-exports', world.now())).dues;
    expect(again.map((due) => due.task)).not.toContain(task);
  });

  test('comes before the open tasks, which may take all of its time; that they had no turn is told', async () => {
    const { task } = await finishedMove(world);
    forward(world.topology.retention.transferDays * 24 * 60 + 1);
    await plannedTask(world);
    const open = await world.tasks.listOpen();
    let left = 240_000;
    const executions = {
      ...world.executions,
      running: async () => {
        left -= 50_000;
        return true;
      },
    };
    const result = await run('slow', { executions, remainingMilliseconds: () => left });
    expect(world.discards.map((due) => due.task)).toContain(task);
    expect(open.length).toBeGreaterThan(3);
    expect(result).toMatchObject({ open: open.length, failed: 1 });
    expect(failures).toEqual([`${open.length - 3} of ${open.length} open tasks had no turn.`]);
  });

  test('looks after all open tasks in turn, though no sweep has time for all', async () => {
    const open = await world.tasks.listOpen();
    const looked = new Set<string>();
    for (let sweeps = 0; sweeps < 4 * open.length; sweeps += 1) {
      let left = 240_000;
      const executions = {
        ...world.executions,
        running: async (_operation: string, name: string) => {
          looked.add(name);
          left -= 50_000;
          return true;
        },
      };
      await run(`turn-${sweeps}`, { executions, remainingMilliseconds: () => left });
      forward(5);
    }
    expect([...open].filter((task) => !looked.has(task))).toEqual([]);
  });

  test('goes on beside a row that is no due date, which is told and counted', async () => {
    const { task } = await finishedMove(world);
    forward(world.topology.retention.transferDays * 24 * 60 + 1);
    const broken = { pk: 'due#discard-exports', sk: '2020-01-01T00:00:00.000Z#broken' };
    await world.table.put(broken, { kind: 'due', due: 'discard-exports' });
    const result = await run();
    await world.table.remove(broken);
    expect(world.discards.map((due) => due.task)).toContain(task);
    expect(result).toMatchObject({ failed: 1 });
    expect(failures).toEqual([
      'The row "due#discard-exports 2020-01-01T00:00:00.000Z#broken" could not be looked after.',
    ]);
  });
});

test('the exports of an undone task are discarded once more, for a write that was on its way to S3', async () => {
  const actor = await plannedTask(world);
  await lockTraffic(world, actor);
  const recovery = await recoveryOf(world, actor);
  await closeTask(world, recovery, { outcome: 'undone', reason: null, reported: [] });
  const record = await world.tasks.get(actor.task);
  const closedAt = record?.state === 'closed' ? record.closedAt : '';
  const tasksDueBy = async (ms: number) =>
    (await world.dueDates.come('discard-exports', new Date(Date.parse(closedAt) + ms))).dues.map(
      ({ task }) => task,
    );
  expect(await tasksDueBy(LATE_WRITES_MS - 60_000)).not.toContain(actor.task);
  expect(await tasksDueBy(LATE_WRITES_MS + 60_000)).toContain(actor.task);
});
