import type { ImportBeginRequest } from '@tanker/contract/index.ts';
import type { FencedCall, ProviderImplementation } from '@tanker/sdk/index.ts';
import { FORMAT } from '../../providers/files/config.ts';

/** A task's call for a company at a server of the datacenter eu. */
export async function callAt(
  implementation: ProviderImplementation,
  company: string,
  { server = 'db1', epoch = 1, ...fence }: Partial<FencedCall['fence'] & { server: string }> = {},
): Promise<FencedCall> {
  const location = { datacenter: 'eu', server };
  const { signal } = new AbortController();
  const { incarnation } = await implementation.describe({ location, signal });
  const task = `move-${company}`;
  return {
    location,
    company,
    signal,
    fence: { task, epoch, holder: `${task}/${task}`, incarnation, ...fence },
  };
}

/** The manifest of an export without rows, in the format of files. */
export const emptyManifest = (changes: Partial<ImportBeginRequest> = {}): ImportBeginRequest => ({
  format: FORMAT,
  parts: [],
  collections: [],
  ...changes,
});
