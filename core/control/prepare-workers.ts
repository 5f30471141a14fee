import {
  agentFunctionName,
  type ControlFunction,
  controlFunctionName,
  type Plan,
  type Topology,
} from '@tanker/contract/index.ts';
import type { Actor, Functions, Log, Tasks } from '../ports.ts';
import { findDatacenter } from './placement.ts';
import { heldTask } from './records.ts';

export interface PreparePorts {
  readonly topology: Topology;
  readonly tasks: Tasks;
  readonly functions: Functions;
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
  return [
    ...(['drain', 'export'] as const).map((action) => ({
      region: source.region,
      name: agentFunctionName(topology, source.name, action),
      environments: lanes,
    })),
    ...(['import', 'seal'] as const).map((action) => ({
      region: target.region,
      name: agentFunctionName(topology, target.name, action),
      environments: lanes,
    })),
    { region: topology.controlRegion, name: controlFunctionName(topology, 'dispatch'), environments: lanes },
    ...ONCE.map((name) => ({
      region: topology.controlRegion,
      name: controlFunctionName(topology, name),
      environments: 1,
    })),
  ];
}

/** Starts the execution environments of the lock window, so that no start-up falls into it. Saves time, decides nothing. */
export async function prepareWorkers(ports: PreparePorts, actor: Actor) {
  const { plan } = await heldTask(ports.tasks, actor);
  const environments = await ports.functions.warm(windowFunctions(ports.topology, plan));
  await ports.log.write({
    task: actor.task,
    phase: 'prepare',
    by: actor.holder,
    epoch: actor.epoch,
    what: `${environments} execution environments are warm`,
  });
  return { environments };
}
