import {
  LEASE_MARGIN_SECONDS,
  type Location,
  type Plan,
  type PlannedProvider,
  TankerError,
  type Topology,
  WORKER_START_SECONDS,
} from '@tanker/contract/index.ts';
import { bytesOf, checkClaimed, checkIdentity, estimateWindow, rowsOf } from './checks.ts';
import { chooseTransfer } from './choose-transfer.ts';
import type { Answer } from './prospect.ts';
import { UNTOUCHED } from './refusal.ts';

/** What a backup and a removal have in common: home is asked alone, and exports under the lock. */

const DAY_MS = 86_400_000;

/** Until when the backup may be restored. Throws InputInvalid when that is longer than the topology allows. */
export function expiryOf(topology: Topology, now: Date, asked: number | undefined): string {
  const { backupDays } = topology.retention;
  const days = asked ?? backupDays;
  if (days <= backupDays) return new Date(now.getTime() + days * DAY_MS).toISOString();
  throw new TankerError('InputInvalid', {
    what: `keepDays is ${days}; the topology keeps a backup for ${backupDays} days at most.`,
    now: UNTOUCHED,
    next: `Name at most ${backupDays} days, or raise retention.backupDays in the topology, if the law allows it, and deploy.`,
  });
}

/** From here on a restore that may lock for so long could not be sure to read the backup to its end. */
export const lastRestoreAt = (expiresAt: string, budgetSeconds: number): number =>
  Date.parse(expiresAt) - (WORKER_START_SECONDS + budgetSeconds + LEASE_MARGIN_SECONDS) * 1000;

/** The plan of one slice at home. */
export function planSlice(
  topology: Topology,
  operation: 'backup' | 'remove',
  from: Location,
  version: number,
  answers: readonly Answer[],
): Plan {
  const providers = answers.map((answer) => {
    checkIdentity(answer);
    checkClaimed(answer);
    return planned(topology, answer);
  });
  const bytes = new Map(providers.map((provider) => [provider.name, provider.bytes]));
  const estimate = estimateWindow(topology, operation, { bytes, exports: true, waves: [] });
  return { from, erases: [], version, providers, waves: [], estimate };
}

function planned(topology: Topology, answer: Answer): PlannedProvider {
  const bytes = bytesOf(answer.summary);
  return {
    name: answer.provider,
    sourceIncarnation: answer.describe.incarnation,
    format: answer.describe.writes,
    rows: rowsOf(answer.summary),
    bytes,
    transfer: chooseTransfer(topology, answer.provider, bytes),
    sourceHooks: answer.describe.hooks,
    targetHooks: [],
  };
}
