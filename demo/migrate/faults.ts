import {
  agentFunctionName,
  controlFunctionName,
  type MigratePhase,
  type Topology,
} from '@tanker/contract/index.ts';
import type { FaultInput } from '../../local/faults.ts';
import type { Course } from './course.ts';
import type { FailingPhase } from './options.ts';

/** The function that does the work of a phase. Up to the commit none of them is used by the recovery that follows. */
function functionOf(
  topology: Topology,
  { from, to }: Course,
  phase: MigratePhase,
): { region: string; functionName: string } {
  const control = (name: Parameters<typeof controlFunctionName>[1]) => ({
    region: topology.controlRegion,
    functionName: controlFunctionName(topology, name),
  });
  const agent = (datacenter: string, action: Parameters<typeof agentFunctionName>[2]) => ({
    region: topology.datacenters.find(({ name }) => name === datacenter)?.region ?? '',
    functionName: agentFunctionName(topology, datacenter, action),
  });
  switch (phase) {
    case 'plan':
      return control('plan-task');
    case 'prepare':
      return control('prepare-workers');
    case 'lock':
      return control('lock-traffic');
    case 'drain':
      return agent(from.datacenter, 'drain');
    case 'export':
      return agent(from.datacenter, 'export');
    case 'verify-exports':
      return control('verify-exports');
    case 'import':
      return agent(to.datacenter, 'import');
    case 'verify':
      return agent(to.datacenter, 'seal');
    case 'commit':
      return control('commit-placement');
    case 'unlock':
      return control('unlock-traffic');
    case 'hooks':
      return control('close-task');
  }
}

/** The provider at which agents are hit. */
const HIT = 'deals';

const callsTo = (region: string, functionName: string, payload: object) => ({
  service: 'lambda',
  region,
  match: { operation: 'Run', functionName, payload },
});

/** The calls of a phase's function for this company. Agents are hit at one provider. */
function callsOf(topology: Topology, course: Course, phase: MigratePhase, company: string) {
  const { region, functionName } = functionOf(topology, course, phase);
  if (region === topology.controlRegion) return callsTo(region, functionName, { company });
  const byTask = topology.providers.find(({ name }) => name === HIT)?.transfer === 'fargate';
  if (!byTask || (phase !== 'export' && phase !== 'import')) {
    return callsTo(region, functionName, { company, provider: HIT });
  }
  // No function runs the transfer: the one is hit that gives it to the waiting task.
  const dispatch = controlFunctionName(topology, 'dispatch');
  return callsTo(topology.controlRegion, dispatch, { company, provider: HIT, action: phase });
}

/** Long enough for somebody who looks ten times a second to act meanwhile, also on a busy machine. */
const HELD_MS = 3000;

/**
 * Holds the phase open, so that an execution is stopped inside of it: its function runs only after the stop, as a late
 * worker of a dead task. In `commit` it runs at once and only its answer is held: the authority has written by then.
 */
export const holdOf = (
  topology: Topology,
  course: Course,
  phase: MigratePhase,
  company: string,
): FaultInput => ({
  ...callsOf(topology, course, phase, company),
  effect: { kind: phase === 'commit' ? 'answer-delayed' : 'delay', milliseconds: HELD_MS },
});

/** Makes every run of the phase's function for this company fail, for good. */
export const failureOf = (
  topology: Topology,
  course: Course,
  phase: FailingPhase,
  company: string,
): FaultInput => ({
  ...callsOf(topology, course, phase, company),
  times: 'forever',
  effect: { kind: 'error', errorType: 'PhaseFailed', errorMessage: `The demo makes phase ${phase} fail.` },
});
