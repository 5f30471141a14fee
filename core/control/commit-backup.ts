import { TankerError } from '@tanker/contract/index.ts';
import type { Actor } from '../ports.ts';
import { beginBackup, type CommitPorts, demandCommittable } from './commit-placement.ts';
import { unlockTraffic } from './lock-traffic.ts';
import { heldTask } from './records.ts';
import { settleCommit } from './settle-commit.ts';

/**
 * The commit point of a backup: the unlock, if it ends the very grant that the slice was taken under. The authority keeps
 * who ended it, so that a recovery knows too. A repeat answers the first answer.
 *
 * @returns beside the answer how many seconds the lock lasted, as unlockTraffic does
 */
export async function commitBackup(ports: CommitPorts, actor: Actor, grant: number) {
  const record = await heldTask(ports.tasks, actor);
  demandCommittable(record, actor, ports.now());
  await beginBackup(ports, actor, record);
  const { unbroken, unlockedAt, lockedSeconds, endedGrant } = await unlockTraffic(ports, actor);
  if (!unbroken || endedGrant !== grant) throw broken(actor, grant);
  const { plan } = record;
  await ports.tasks.advance(actor, { committed: { version: plan.version, at: unlockedAt } });
  await settleCommit(ports, actor, record);
  await ports.log.write({
    task: actor.task,
    phase: 'unlock',
    by: actor.holder,
    epoch: actor.epoch,
    what: `the backup is available until ${plan.expiresAt}: the grant was unbroken`,
  });
  return { unlockedAt, expiresAt: plan.expiresAt as string, lockedSeconds };
}

const broken = (actor: Actor, grant: number): TankerError =>
  new TankerError('GrantBroken', {
    what: `The traffic lock (grant ${grant}) of task "${actor.task}" had ended before the backup was complete.`,
    now: 'Customers may have written in between; the backup is of no use, and home is open.',
    next: 'Look which phase took too long, then start again under a new task id; recovery discards the backup.',
  });
