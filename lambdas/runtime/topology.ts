import { readFileSync } from 'node:fs';
import path from 'node:path';
import {
  type Datacenter,
  mistakesOf,
  TankerError,
  Topology,
  type TopologyProvider,
} from '@tanker/contract/index.ts';

let loaded: Topology | undefined;

/**
 * The topology that is bundled beside the handler, read once for each execution environment. TOPOLOGY_FILE is relative
 * to LAMBDA_TASK_ROOT, or to the bundle where that is not set.
 *
 * @throws InternalFailure when the file is missing or is no topology
 */
export function loadTopology(): Topology {
  loaded ??= readTopology(process.env['TOPOLOGY_FILE'] ?? 'topology.json');
  return loaded;
}

function readTopology(name: string): Topology {
  const file = path.resolve(process.env['LAMBDA_TASK_ROOT'] ?? import.meta.dirname, name);
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    const failed = error as NodeJS.ErrnoException;
    throw broken(`The topology file ${file} can't be read: ${failed.code ?? failed.name}.`);
  }
  const parsed = Topology.safeParse(value);
  if (parsed.success) return parsed.data;
  throw broken(`The topology file ${file} is wrong: ${mistakesOf(parsed.error.issues, 'the file')}.`);
}

const broken = (what: string): TankerError =>
  new TankerError('InternalFailure', {
    what,
    now: 'The function did nothing.',
    next: 'Deploy the stacks again from a topology that synthesizes.',
  });

/** A datacenter of the topology. @throws DatacenterUnknown */
export function datacenterOf(topology: Topology, name: string): Datacenter {
  const found = topology.datacenters.find((datacenter) => datacenter.name === name);
  if (found) return found;
  throw new TankerError('DatacenterUnknown', {
    what: `The topology has no datacenter "${name}".`,
    now: `It has ${topology.datacenters.map((datacenter) => datacenter.name).join(', ')}.`,
    next: 'Name one of these, or add the datacenter to the topology and deploy.',
  });
}

/** A provider of the topology. @throws ProviderMismatch */
export function providerOf(topology: Topology, name: string): TopologyProvider {
  const found = topology.providers.find((provider) => provider.name === name);
  if (found) return found;
  throw new TankerError('ProviderMismatch', {
    what: `The topology of this function has no provider "${name}".`,
    now: 'The task was planned with another topology than the one deployed here.',
    next: 'Deploy every stack from the same topology. A recovery then ends the task: back before its commit, forward after it.',
  });
}
