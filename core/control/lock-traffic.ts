import { LEASE_MARGIN_SECONDS, type Topology, type Unlocked } from '@tanker/contract/index.ts';
import type { Actor, Authority, Log, Tasks } from '../ports.ts';
import { lockBudgetSeconds } from './lock-budget.ts';
import { heldTask } from './records.ts';

export interface LockPorts {
  readonly topology: Topology;
  readonly authority: Authority;
  readonly tasks: Tasks;
  readonly log: Log;
  readonly now: () => Date;
}

/**
 * Locks the company's traffic under a lease of lock budget + margin. The budget is counted from before the call, so
 * that the gateway's clock is not needed, and from the beginning of the phase, so that a repeat does not lengthen it. A
 * repeat while the grant is held answers the same grant.
 */
export async function lockTraffic(ports: LockPorts, actor: Actor) {
  const { phases, operation, plan } = await heldTask(ports.tasks, actor);
  const budget = lockBudgetSeconds(ports.topology, operation, plan);
  const now = ports.now().getTime();
  const begun = phases['lock'] === undefined ? now : Math.min(now, Date.parse(phases['lock']));
  const deadlineMillis = begun + budget * 1000;
  const { grant, lockedAt } = await ports.authority.lock(actor, budget + LEASE_MARGIN_SECONDS);
  const lock = { grant: grant.grant, lockedAt, deadline: new Date(deadlineMillis).toISOString() };
  await ports.tasks.advance(actor, { lock });
  await ports.log.write({
    task: actor.task,
    phase: 'lock',
    by: actor.holder,
    epoch: actor.epoch,
    what: `locked under grant ${grant.grant}, lease until ${grant.leaseUntil}`,
  });
  return { grant: grant.grant, lockedAt, deadlineMillis };
}

/** When the lock ended: by this unlock, or before it by its lease. */
const endOf = ({ unbroken, unlockedAt, grant }: Unlocked): string =>
  !unbroken && grant?.state === 'expired' ? grant.leaseUntil : unlockedAt;

/**
 * Ends the traffic lock. The authority keeps the answer: a repeat returns the first.
 *
 * @returns beside the answer how many seconds the lock lasted; null when there was none, when its end is on record
 * already, and when an unlock ended it whose answer was lost: then nobody knows how long ago; and the last grant's number
 */
export async function unlockTraffic(ports: Omit<LockPorts, 'topology' | 'now'>, actor: Actor) {
  const { lock } = await heldTask(ports.tasks, actor);
  const unlocked = await ports.authority.unlock(actor);
  const { unbroken, unlockedAt, grant } = unlocked;
  const endsNow = lock !== undefined && lock.unlockedAt === undefined;
  const known = endsNow && (unbroken || grant?.state === 'expired');
  if (known) await ports.tasks.advance(actor, { lock: { ...lock, unlockedAt: endOf(unlocked) } });
  await ports.log.write({
    task: actor.task,
    phase: 'unlock',
    by: actor.holder,
    epoch: actor.epoch,
    what: unbroken ? 'unlocked' : 'unlocked; the grant had ended before, or there was none',
  });
  const lockedSeconds = known ? (Date.parse(endOf(unlocked)) - Date.parse(lock.lockedAt)) / 1000 : null;
  return { unbroken, unlockedAt, lockedSeconds, endedGrant: grant?.grant ?? null };
}
