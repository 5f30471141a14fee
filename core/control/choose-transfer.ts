import { SUBTASK_TIMEOUT_SECONDS, type Topology, type TopologyProvider } from '@tanker/contract/index.ts';

/**
 * How long a transfer may take by the estimate to be given to a Lambda function. Lambda ends a function after 900 s;
 * SUBTASK_TIMEOUT_SECONDS (840) keep 60 s of it for the begin, the publish and the settling. Half of that: a provider
 * that moves half of the assumed bytes per second still ends in time. 840 s / 2 = 420 s, at 20 MB/s 8.4 GB.
 */
export const LAMBDA_TRANSFER_SECONDS = SUBTASK_TIMEOUT_SECONDS / 2;

/** Where a provider's export and import run, by what the topology wants and what the plan has found. */
export function chooseTransfer(
  topology: Pick<Topology, 'assumedBytesPerSecond' | 'providers'>,
  provider: TopologyProvider['name'],
  bytes: number,
): 'lambda' | 'fargate' {
  const wanted = topology.providers.find(({ name }) => name === provider)?.transfer ?? 'auto';
  if (wanted !== 'auto') return wanted;
  return bytes > topology.assumedBytesPerSecond * LAMBDA_TRANSFER_SECONDS ? 'fargate' : 'lambda';
}
