import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Plan, TaskOperation } from '@tanker/contract/index.ts';
import { prepareWorkers, windowFunctions } from '../../core/control/prepare-workers.ts';
import type { WindowFunction } from '../../core/ports.ts';
import { CONTROL_GRANTS } from '../../lib/grants.ts';
import { type ControlWorld, controlWorld, SOURCE, TARGET, testTopology } from './control-world.ts';
import { plannedTask } from './planned-task.ts';

const topology = testTopology();
const plan = (sides: Pick<Plan, 'from' | 'to'>): Plan => ({
  ...sides,
  erases: [],
  version: 0,
  providers: ['contacts', 'deals'].map((name) => ({
    name,
    rows: 1,
    bytes: 1,
    transfer: name === 'deals' ? 'fargate' : 'lambda',
    sourceHooks: [],
    targetHooks: [],
  })),
  waves: [],
  estimate: { bytes: 2, seconds: 3 },
});

/** Short names of what is warmed, with how many environments. */
const warmed = (operation: TaskOperation, sides: Pick<Plan, 'from' | 'to'>) =>
  windowFunctions(topology, operation, plan(sides)).map(
    ({ name, environments }) => `${name.replace('tanker-', '')} ${environments}`,
  );
const agents = (names: readonly string[]) => names.filter((name) => /^(us|eu)-/.test(name));

describe('the lock window', () => {
  test('of a move has both sides, as many of each as work at once, and none for what Fargate transfers', () => {
    expect(agents(warmed('migrate', { from: SOURCE, to: TARGET }))).toEqual([
      'us-drain 2',
      'us-export 1',
      'eu-import 1',
      'eu-seal 2',
    ]);
  });

  test('of a backup has home alone, and opens there', () => {
    const names = warmed('backup', { from: SOURCE });
    expect(agents(names)).toEqual(['us-drain 2', 'us-export 1', 'us-open 2']);
    expect(names).toContain('commit-backup 1');
    expect(names).not.toContain('commit-placement 1');
  });

  test('of a removal has home alone, and of a restore its target alone', () => {
    expect(agents(warmed('remove', { from: SOURCE }))).toEqual(['us-drain 2', 'us-export 1']);
    const restore = warmed('restore', { to: TARGET });
    expect(agents(restore)).toEqual(['eu-import 1', 'eu-seal 2']);
    expect(restore).not.toContain('verify-exports 1');
  });

  test('is warmed with what the function may invoke, and nothing else', () => {
    const { invokesControl = [], invokesAgents = [] } = CONTROL_GRANTS['prepare-workers'];
    const sides = { from: SOURCE, to: TARGET };
    for (const operation of ['migrate', 'backup', 'restore', 'remove'] as const) {
      for (const name of warmed(operation, sides)) {
        const [short = ''] = name.replace(/^(us|eu)-/, '').split(' ');
        expect([...invokesControl, ...invokesAgents]).toContain(short);
      }
    }
  });
});

describe('prepare', () => {
  let world: ControlWorld;
  beforeAll(async () => {
    world = await controlWorld(topology);
  });
  afterAll(() => world.close());

  /** Prepares where one function is not warm as asked. */
  async function preparing(name: string, end: (one: WindowFunction) => { warm: number; refusals: string[] }) {
    const actor = await plannedTask(world);
    const warm = async (functions: readonly WindowFunction[]) =>
      functions.map((one) => ({
        ...one,
        ...(one.name === name ? end(one) : { warm: one.environments, refusals: [] }),
      }));
    const prepared = prepareWorkers({ ...world, functions: { ...world.functions, warm } }, actor);
    const ended = await prepared.catch((error: Error) => error);
    return { ended, log: (await world.logLines(actor.task)).at(-1) };
  }

  test('goes on to the lock when functions are only late, and names them', async () => {
    const { ended, log } = await preparing('tanker-us-drain', () => ({ warm: 0, refusals: [] }));
    expect(ended).toMatchObject({ starting: 0 });
    expect(log).toMatch(/^\d+ execution environments are warm; to start cold: tanker-us-drain 0 of 2$/);
  });

  test('goes on when some of a function was refused, and says why', async () => {
    const throttled = { warm: 1, refusals: ['TooManyRequestsException'] };
    const { ended, log } = await preparing('tanker-us-drain', () => throttled);
    expect(ended).toMatchObject({ starting: 0 });
    expect(log).toContain('to start cold: tanker-us-drain 1 of 2 (TooManyRequestsException)');
  });

  test('refuses before the lock when nothing of a function could be started', async () => {
    const { ended, log } = await preparing('tanker-eu-seal', ({ environments }) => ({
      warm: 0,
      refusals: Array.from({ length: environments }, () => 'ResourceNotFoundException'),
    }));
    expect(ended).toMatchObject({
      name: 'WorkerNotStarted',
      message: expect.stringContaining(
        'nothing of tanker-eu-seal in eu-central-1 (ResourceNotFoundException)',
      ),
    });
    expect(log).toContain('tanker-eu-seal 0 of 2');
  });
});
