import {
  type Action,
  agentFunctionName,
  type ControlFunction,
  controlFunctionName,
  type Location,
  type Plan,
  type TaskOperation,
  type Topology,
} from '@tanker/contract/index.ts';
import type { Actor, Functions, Log, Tasks, Workers } from '../ports.ts';
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
export function windowFunctions(topology: Topology, operation: TaskOperation, plan: Plan) {
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
 */
export async function prepareWorkers(ports: PreparePorts, actor: Actor) {
  const { plan, operation } = await heldTask(ports.tasks, actor);
  const starting = await startWorkers(ports, actor, plan);
  if (starting > 0) return { environments: 0, starting };
  const environments = await ports.functions.warm(windowFunctions(ports.topology, operation, plan));
  const workers = fargateSubtasks(plan).length;
  await ports.log.write({
    task: actor.task,
    phase: 'prepare',
    by: actor.holder,
    epoch: actor.epoch,
    what: `${environments} execution environments are warm${workers > 0 ? `, ${workers} Fargate workers wait` : ''}`,
  });
  return { environments, starting };
}
