import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Plan, type TransferWork, WORKER_START_SECONDS } from '@tanker/contract/index.ts';
import { chooseTransfer, LAMBDA_TRANSFER_SECONDS } from '../../core/control/choose-transfer.ts';
import { dispatch } from '../../core/control/dispatch.ts';
import { prepareWorkers } from '../../core/control/prepare-workers.ts';
import { startWorkers } from '../../core/control/start-workers.ts';
import type { Actor } from '../../core/ports.ts';
import { dynamoWorkerRow } from '../../lambdas/runtime/dynamo-worker-row.ts';
import { type ControlWorld, controlWorld, SOURCE, TARGET, testTopology } from './control-world.ts';
import { finishedRemoval } from './finished-task.ts';
import { newTask, plannedTask } from './planned-task.ts';

const topology = testTopology({
  providers: ['contacts', 'deals'].map((name) => ({
    name,
    endpoints: { us: 'http://127.0.0.1:2', eu: 'http://127.0.0.1:3', sg: 'http://127.0.0.1:4' },
    secret: name,
    transfer: name === 'deals' ? 'fargate' : 'auto',
  })),
});

let world: ControlWorld;
beforeAll(async () => {
  world = await controlWorld(topology);
});
afterAll(() => world.close());

async function planned(): Promise<Actor> {
  world.startedWorkers.length = 0;
  world.launchedWorkers.length = 0;
  world.invoked.length = 0;
  return plannedTask(world);
}

const rowOf = (work: TransferWork) =>
  dynamoWorkerRow({ table: world.table, work, recordDays: 90, now: world.now });

const exportOf = (actor: Actor, attempt = 1) => ({
  ...actor,
  phase: 'export' as const,
  action: 'export' as const,
  provider: 'deals',
  location: SOURCE,
  attempt,
  token: `token-${attempt}`,
  grant: 1,
});

describe('the choice between function and Fargate', () => {
  test('is the topology’s, and by the estimate where it says auto', () => {
    const limit = topology.assumedBytesPerSecond * LAMBDA_TRANSFER_SECONDS;
    expect(chooseTransfer(topology, 'deals', 1)).toBe('fargate');
    expect(chooseTransfer(topology, 'contacts', limit)).toBe('lambda');
    expect(chooseTransfer(topology, 'contacts', limit + 1)).toBe('fargate');
  });

  test('is made once and kept in the plan', async () => {
    const actor = await planned();
    const record = await world.tasks.get(actor.task);
    expect(record?.plan?.providers.map(({ name, transfer }) => [name, transfer])).toEqual([
      ['contacts', 'lambda'],
      ['deals', 'fargate'],
    ]);
  });
});

describe('prepare', () => {
  test('starts each worker once and is not done before all of them wait', async () => {
    const actor = await planned();
    expect(await prepareWorkers(world, actor)).toEqual({ environments: 0, starting: 2 });
    expect(await prepareWorkers(world, actor)).toEqual({ environments: 0, starting: 2 });
    expect(world.startedWorkers.map(({ action, location }) => [action, location])).toEqual([
      ['export', SOURCE],
      ['import', TARGET],
    ]);
    for (const work of world.startedWorkers) await rowOf(work).waiting();
    expect(await prepareWorkers(world, actor)).toMatchObject({ starting: 0 });
  });

  test('starts many in rounds, notes each round, and leaves the rest to the next call when the time is over', async () => {
    const providers = Array.from({ length: 24 }, (_, index) => `p${String(index).padStart(2, '0')}`);
    const plan = {
      from: SOURCE,
      to: TARGET,
      providers: providers.map((name) => ({ name, transfer: 'fargate' })),
    } as unknown as Plan;
    const actor = await planned();
    const calls: TransferWork[][] = [];
    let time = world.clock.time;
    const ports = {
      workers: world.workers,
      now: () => new Date(time),
      functions: {
        ...world.functions,
        startWorkers: async (works: readonly TransferWork[]) => {
          calls.push([...works]);
          time += 7000;
        },
      },
    };
    const sizes = () =>
      calls.map((works) =>
        [SOURCE, TARGET].map((at) => works.filter(({ location }) => location === at).length),
      );
    expect(await startWorkers(ports, actor, plan)).toBe(48);
    expect(sizes()).toEqual([
      [10, 10],
      [10, 10],
    ]);
    expect(await startWorkers(ports, actor, plan)).toBe(48);
    expect(sizes()[2]).toEqual([4, 4]);
    expect(new Set(calls.flat().map(({ worker }) => worker)).size).toBe(48);
    expect(await startWorkers(ports, actor, plan)).toBe(48);
    expect(calls).toHaveLength(3);
  });

  test('counts on a worker that said so before its start was noted', async () => {
    const actor = await planned();
    await prepareWorkers(world, actor);
    for (const work of world.startedWorkers) {
      await rowOf(work).waiting();
      await world.workers.launched(work);
    }
    expect(await prepareWorkers(world, actor)).toMatchObject({ starting: 0 });
  });

  test('fails before the lock when a worker has stopped, with ECS’s reason', async () => {
    const actor = await planned();
    await prepareWorkers(world, actor);
    await rowOf(world.startedWorkers[0] as TransferWork).stopped('CannotPullContainerError');
    await expect(prepareWorkers(world, actor)).rejects.toMatchObject({
      name: 'WorkerNotStarted',
      message: expect.stringContaining('CannotPullContainerError'),
    });
  });

  test('fails when a worker does not come up in its time', async () => {
    const actor = await planned();
    await prepareWorkers(world, actor);
    const late = { ...world, now: () => new Date(world.clock.time + (WORKER_START_SECONDS + 1) * 1000) };
    await expect(prepareWorkers(late, actor)).rejects.toMatchObject({ name: 'WorkerNotStarted' });
  });
});

describe('dispatch to Fargate', () => {
  test('writes the order for the worker that waits, and calls nobody', async () => {
    const actor = await planned();
    await prepareWorkers(world, actor);
    const [work] = world.startedWorkers as [TransferWork];
    await rowOf(work).waiting();
    await dispatch(world, exportOf(actor));
    expect(world.invoked).toEqual([]);
    expect(world.launchedWorkers).toEqual([]);
    expect(await rowOf(work).subtask()).toMatchObject({
      state: 'dispatched',
      token: 'token-1',
      attempt: 1,
      order: { holder: actor.holder, grant: 1, worker: work.worker },
    });
  });

  test('launches a worker of the attempt when none waits, or the one that waited has its subtask', async () => {
    const actor = await planned();
    await prepareWorkers(world, actor);
    const [work] = world.startedWorkers as [TransferWork];
    await rowOf(work).waiting();
    await rowOf(work).taken();
    await dispatch(world, exportOf(actor, 2));
    const [launched] = world.launchedWorkers;
    expect(launched).toMatchObject({ token: 'token-2', work: { action: 'export', provider: 'deals' } });
    expect(launched?.work.worker).not.toBe(work.worker);
    expect((await rowOf(work).subtask())?.order?.worker).toBe(launched?.work.worker);
  });

  test('launches when the beats of the waiting worker have stopped', async () => {
    const actor = await planned();
    await prepareWorkers(world, actor);
    await rowOf(world.startedWorkers[0] as TransferWork).waiting();
    const later = { ...world, now: () => new Date(world.clock.time + 16_000) };
    await dispatch(later, exportOf(actor));
    expect(world.launchedWorkers).toHaveLength(1);
  });

  test('of a restore has a worker at the target alone, which gets the backup’s manifest and whose it is', async () => {
    const removal = await finishedRemoval(world);
    const input = { backup: removal.task };
    const order = { operation: 'restore', at: newTask(removal.company), input } as const;
    world.startedWorkers.length = 0;
    const actor = await plannedTask(world, order);
    expect(await prepareWorkers(world, actor)).toEqual({ environments: 0, starting: 1 });
    const [work] = world.startedWorkers as [TransferWork];
    expect(work).toMatchObject({ action: 'import', location: TARGET });
    await rowOf(work).waiting();
    const { grant: _, ...event } = exportOf(actor);
    await dispatch(world, { ...event, phase: 'import', action: 'import', location: TARGET });
    expect((await rowOf(work).subtask())?.order).toMatchObject({
      manifest: { key: 'k' },
      exported: { task: removal.task, epoch: removal.epoch },
      version: 1,
    });
  });

  test('leaves the other providers to their functions', async () => {
    const actor = await planned();
    await dispatch(world, { ...exportOf(actor), provider: 'contacts' });
    expect(world.invoked).toMatchObject([{ action: 'export', provider: 'contacts' }]);
    expect(world.launchedWorkers).toEqual([]);
  });
});
