import { agentFunctionName, controlFunctionName, type Topology } from '@tanker/contract/index.ts';
import type { FaultInput } from '../../local/faults.ts';
import type { FailingPhase } from './options.ts';

/** The function that does the work of a phase; none of them is used by the recovery that follows. */
function functionOf(topology: Topology, phase: FailingPhase): { region: string; functionName: string } {
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
      return control('plan-migration');
    case 'prepare':
      return control('prepare-workers');
    case 'lock':
      return control('lock-traffic');
    case 'drain':
      return agent('us', 'drain');
    case 'export':
      return agent('us', 'export');
    case 'verify-exports':
      return control('verify-exports');
    case 'import':
      return agent('eu', 'import');
    case 'verify':
      return agent('eu', 'seal');
    case 'commit':
      return control('commit-placement');
    default:
      throw new Error(`The demo can't make ${phase} fail: from the commit on a migration only goes forward.`);
  }
}

/** Makes every run of the phase's function for this company fail, for good. Agents fail at one provider: deals. */
export function failureOf(topology: Topology, phase: FailingPhase, company: string): FaultInput {
  const { region, functionName } = functionOf(topology, phase);
  const isAgent = region !== topology.controlRegion;
  return {
    service: 'lambda',
    region,
    match: {
      operation: 'Run',
      functionName,
      payload: isAgent ? { company, provider: 'deals' } : { company },
    },
    times: 'forever',
    effect: {
      kind: 'error',
      errorType: 'PhaseFailed',
      errorMessage: `The demo makes phase ${phase} fail.`,
    },
  };
}
