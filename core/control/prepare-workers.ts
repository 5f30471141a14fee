import {
  type Action,
  agentFunctionName,
  type ControlFunction,
  controlFunctionName,
  type Location,
  type Plan,
  TankerError,
  type TaskOperation,
  type Topology,
} from '@tanker/contract/index.ts';
import type { Actor, Functions, Log, Tasks, Warmed, WindowFunction, Workers } from '../ports.ts';
import { findDatacenter } from './placement.ts';
import { heldTask } from './records.ts';
import { startWorkers } from './start-workers.ts';
import { fargateSubtasks } from './transfer-work.ts';

export interface PreparePorts {
  readonly topology: Topology;
  readonly tasks: Tasks;
  readonly workers: Workers;
  readonly functions: Functions;
  readonly now: () => Date;
  readonly log: Log;
}

/** Control functions that the operation's lock window calls once; a cleanup has none. */
const ONCE: Readonly<Record<TaskOperation, readonly ControlFunction[]>> = {
  migrate: ['lock-traffic', 'verify-exports', 'verify-target', 'commit-placement', 'unlock-traffic'],
  backup: ['lock-traffic', 'verify-exports', 'verify-source', 'commit-backup'],
  restore: ['lock-traffic', 'verify-target', 'commit-placement', 'unlock-traffic'],
  remove: ['lock-traffic', 'verify-exports', 'verify-source', 'commit-placement', 'unlock-traffic'],
  cleanup: [],
};

/** What the lock window will call, and how many of each at the same time. */
export function windowFunctions(topology: Topology, operation: TaskOperation, plan: Plan): WindowFunction[] {
  const lanes = Math.min(plan.providers.length, topology.concurrency.providers);
  const byFunctions = plan.providers.filter(({ transfer }) => transfer === 'lambda').length;
  const transfers = Math.min(byFunctions, lanes);
  const agents = (location: Location | undefined, calls: readonly (readonly [Action, number])[]) => {
    if (!location) return [];
    const { region, name } = findDatacenter(topology, location.datacenter);
    return calls.map(([action, environments]) => ({
      region,
      name: agentFunctionName(topology, name, action),
      environments,
    }));
  };
  const opens = operation === 'backup' ? ([['open', lanes]] as const) : [];
  const control = (name: ControlFunction, environments: number) => ({
    region: topology.controlRegion,
    name: controlFunctionName(topology, name),
    environments,
  });
  return [
    ...agents(plan.from, [['drain', lanes], ['export', transfers], ...opens]),
    ...agents(plan.to, [
      ['import', transfers],
      ['seal', lanes],
    ]),
    control('dispatch', lanes),
    ...ONCE[operation].map((name) => control(name, 1)),
  ];
}

/**
 * Starts the Fargate workers and the execution environments of the lock window, so that no start-up falls into it. To be
 * called again while workers are `starting`: only then the functions are warmed, which would be cold again meanwhile.
 * What is not warm in time starts cold, later; a function of which nothing could be started would fail under the lock.
 *
 * @throws WorkerNotStarted before anything is locked
 */
export async function prepareWorkers(ports: PreparePorts, actor: Actor) {
  const { plan, operation } = await heldTask(ports.tasks, actor);
  const starting = await startWorkers(ports, actor, plan);
  if (starting > 0) return { environments: 0, starting };
  const warmed = await ports.functions.warm(windowFunctions(ports.topology, operation, plan));
  const environments = warmed.reduce((sum, { warm }) => sum + warm, 0);
  const workers = fargateSubtasks(plan).length;
  await ports.log.write({
    task: actor.task,
    phase: 'prepare',
    by: actor.holder,
    epoch: actor.epoch,
    what: `${environments} execution environments are warm${workers > 0 ? `, ${workers} Fargate workers wait` : ''}${coldOnes(warmed)}`,
  });
  expectSomeOfEach(warmed);
  return { environments, starting };
}

/** The functions of which fewer are warm than will work at once, for the log. */
function coldOnes(warmed: readonly Warmed[]): string {
  const cold = warmed
    .filter(({ warm, environments }) => warm < environments)
    .map(({ name, warm, environments, refusals: [why] }) =>
      [`${name} ${warm} of ${environments}`, ...(why ? [`(${why})`] : [])].join(' '),
    );
  return cold.length > 0 ? `; to start cold: ${cold.join(', ')}` : '';
}

function expectSomeOfEach(warmed: readonly Warmed[]): void {
  const dead = warmed.filter(
    ({ environments, refusals }) => environments > 0 && refusals.length === environments,
  );
  if (dead.length === 0) return;
  const named = dead.map(({ name, region, refusals: [why] }) => `${name} in ${region} (${why})`);
  throw new TankerError('WorkerNotStarted', {
    what: `Lambda started nothing of ${named.join(', ')}.`,
    now: 'No traffic was locked.',
    next: 'Look at the concurrency of those regions, and whether the stacks there are deployed in this version; then start the task again under a new id.',
  });
}
