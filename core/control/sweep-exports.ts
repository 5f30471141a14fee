import type { DiscardDue, ExpireDue, Topology } from '@tanker/contract/index.ts';
import type { Backups, Cleanups, Debts, DueDates, Fallbacks, Functions, Log } from '../ports.ts';
import { tombstoneTtl } from './backup-record.ts';

export interface SweepDuesPorts {
  readonly topology: Topology;
  readonly backups: Backups;
  readonly cleanups: Cleanups;
  readonly debts: Pick<Debts, 'list'>;
  readonly dueDates: DueDates;
  readonly fallbacks: Pick<Fallbacks, 'get'>;
  readonly functions: Pick<Functions, 'invokeDiscard'>;
  readonly log: Log;
  readonly now: () => Date;
}

/** A backup that is still there this long after its end: twelve sweeps have not brought it to its end. */
const LATE_MS = 3_600_000;

export const isLate = (due: ExpireDue, now: Date): boolean => now.getTime() - Date.parse(due.at) >= LATE_MS;

/** The agent of a datacenter could not be asked: what else is due there need not try in this sweep. */
export class DatacenterSilent extends Error {
  readonly datacenter: string;

  constructor(datacenter: string, cause: unknown) {
    super(`The discard agent of ${datacenter} could not be asked.`, { cause });
    this.name = 'DatacenterSilent';
    this.datacenter = datacenter;
  }
}

async function ask({ functions }: SweepDuesPorts, due: DiscardDue | ExpireDue): Promise<void> {
  const { at, task, company, datacenter } = due;
  try {
    await functions.invokeDiscard({ due: due.due, at, task, company, datacenter });
  } catch (error) {
    throw new DatacenterSilent(datacenter, error);
  }
}

const tell = (ports: SweepDuesPorts, { task }: DiscardDue | ExpireDue, what: string): Promise<void> =>
  ports.log.write({ task, phase: 'close', by: 'sweep', epoch: 0, what });

/**
 * The exports of a task that nobody will read any more: asks the agent, or, once it has answered, puts its answer on the
 * task's log and lets the due date go.
 */
export async function discardExports(ports: SweepDuesPorts, due: DiscardDue): Promise<boolean> {
  const { discarded, datacenter } = due;
  const backup = await ports.backups.get(due.company, due.task);
  // What lies there is a backup: its own due date ends it, or the recovery of its task.
  if (backup?.state === 'available') await ports.dueDates.remove(due);
  if (backup?.state === 'available' || backup?.state === 'pending') return false;
  if (!discarded) {
    await ask(ports, due);
    return true;
  }
  const { objects, uploads, at } = discarded;
  if (backup?.state === 'discarded' && !backup.goneAt)
    await ports.backups.bury({ ...backup, goneAt: at, objects, uploads });
  await tell(
    ports,
    due,
    `the exports in ${datacenter} are gone: ${objects} objects deleted, ${uploads} uploads aborted at ${at}`,
  );
  await ports.dueDates.remove(due);
  return true;
}

/**
 * A backup whose day has come: asks the agent, and once it has answered makes a tombstone of the record. Answers whether
 * its objects were still there.
 */
export async function expireBackup(ports: SweepDuesPorts, due: ExpireDue): Promise<boolean> {
  const backup = await ports.backups.get(due.company, due.task);
  // Not committed yet: its task, or the recovery of it, decides.
  if (backup?.state === 'pending') return false;
  if (backup?.state !== 'available') {
    await ports.dueDates.remove(due);
    return false;
  }
  const now = ports.now();
  // A removal is about to end it: the due date is written before the backup's end, and waits for it.
  if (backup.expiresAt > now.toISOString()) return false;
  if (!due.discarded) {
    await ask(ports, due);
    return true;
  }
  const { objects, uploads, at } = due.discarded;
  await ports.backups.bury({
    ...backup,
    state: 'expired',
    goneAt: at,
    objects,
    uploads,
    ttl: tombstoneTtl(ports.topology, now),
  });
  await tell(
    ports,
    due,
    `the backup in ${due.datacenter} has expired: ${objects} objects deleted, ${uploads} uploads aborted at ${at}`,
  );
  await ports.dueDates.remove(due);
  return false;
}
