import type { Plan, Topology } from '@tanker/contract/index.ts';
import type { Actor, Backups, DueDates, Log } from '../ports.ts';
import { expireDue } from './backup-record.ts';
import type { HeldRecord } from './records.ts';

export interface SettleCommitPorts {
  readonly topology: Topology;
  readonly backups: Backups;
  readonly dueDates: DueDates;
  readonly log: Log;
  readonly now: () => Date;
}

/**
 * What follows from the commit point on record, whoever finds it made: the backup is available and has its due date; a
 * removal ends everything else that could bring the company back. May be called twice.
 */
export async function settleCommit(
  ports: SettleCommitPorts,
  actor: Actor,
  record: HeldRecord,
): Promise<void> {
  const { operation, plan } = record;
  if (operation !== 'backup' && operation !== 'remove') return;
  if (!plan.expiresAt) throw new Error(`the plan of a ${operation} says until when its backup is kept`);
  await makeAvailable(ports, actor, plan.expiresAt);
  if (operation === 'remove') await endOtherCopies(ports, actor, plan, plan.expiresAt);
}

/** The due date first: no backup is ever available without the day of its end. */
async function makeAvailable(
  ports: SettleCommitPorts,
  { company, task }: Actor,
  expiresAt: string,
): Promise<void> {
  const own = await ports.backups.get(company, task);
  if (!own) {
    // A removal may stay open for longer than the tombstone of its backup is kept.
    if (expiresAt <= ports.now().toISOString()) return;
    throw new Error('the task was committed without a backup on record');
  }
  await ports.dueDates.schedule(expireDue(own, own.expiresAt));
  await ports.backups.makeAvailable(company, task);
}

/**
 * No older backup and no transfer of the company outlives the removal's own backup. One of a version above the plan's was
 * made after a restore: this call is late, and it is none of its.
 */
async function endOtherCopies(
  ports: SettleCommitPorts,
  actor: Actor,
  plan: Plan,
  latest: string,
): Promise<void> {
  let ended = 0;
  for (const backup of await ports.backups.list(actor.company)) {
    if (backup.state !== 'available' || backup.expiresAt <= latest || backup.version > plan.version) continue;
    await ports.dueDates.schedule(expireDue(backup, latest));
    await ports.backups.endBy(actor.company, backup.task, latest);
    ended += 1;
  }
  for (const due of await ports.dueDates.ofCompany('discard-exports', actor.company)) {
    if (due.at <= latest) continue;
    // The later row stays: only the sweeper deletes rows, and finds nothing left to discard on that day.
    await ports.dueDates.schedule({ ...due, at: latest });
    ended += 1;
  }
  if (ended === 0) return;
  await ports.log.write({
    task: actor.task,
    phase: 'commit',
    by: actor.holder,
    epoch: actor.epoch,
    what: `${ended} older backup(s) and exports of the company end at ${latest} too`,
  });
}
