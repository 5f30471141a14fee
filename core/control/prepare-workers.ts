import {
  type Action,
  agentFunctionName,
  type ControlFunction,
  controlFunctionName,
  type Plan,
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

/** Control functions that the lock window calls once. */
const ONCE: readonly ControlFunction[] = [
  'lock-traffic',
  'verify-exports',
  'verify-target',
  'commit-placement',
  'unlock-traffic',
];

/** What the lock window will call, and how many of each at the same time. */
export function windowFunctions(topology: Topology, plan: Plan) {
  const lanes = Math.min(plan.providers.length, topology.concurrency.providers);
  const source = findDatacenter(topology, plan.from.datacenter);
  const target = findDatacenter(topology, plan.to.datacenter);
  const byFunctions = plan.providers.filter(({ transfer }) => transfer === 'lambda').length;
  const transfers = Math.min(byFunctions, lanes);
  const agent = ({ region, name }: typeof source, action: Action, environments: number) => ({
    region,
    name: agentFunctionName(topology, name, action),
    environments,
  });
  return [
    agent(source, 'drain', lanes),
    agent(source, 'export', transfers),
    agent(target, 'import', transfers),
    agent(target, 'seal', lanes),
    { region: topology.controlRegion, name: controlFunctionName(topology, 'dispatch'), environments: lanes },
    ...ONCE.map((name) => ({
      region: topology.controlRegion,
      name: controlFunctionName(topology, name),
      environments: 1,
    })),
  ];
}

/**
 * Starts the Fargate workers and the execution environments of the lock window, so that no start-up falls into it. To be
 * called again while workers are `starting`: only then the functions are warmed, which would be cold again meanwhile.
 */
export async function prepareWorkers(ports: PreparePorts, actor: Actor) {
  const { plan } = await heldTask(ports.tasks, actor);
  const starting = await startWorkers(ports, actor, plan);
  if (starting > 0) return { environments: 0, starting };
  const environments = await ports.functions.warm(windowFunctions(ports.topology, plan));
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
