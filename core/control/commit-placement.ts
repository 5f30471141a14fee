import { formatLocation, TankerError } from '@tanker/contract/index.ts';
import type { Actor, Authority, Log, Tasks } from '../ports.ts';
import { heldTask } from './records.ts';

export interface CommitPorts {
  readonly authority: Authority;
  readonly tasks: Tasks;
  readonly log: Log;
  readonly now: () => Date;
}

/**
 * The commit point. Sent only when verification passed under this very epoch and the lock budget is not used up; the
 * authority refuses it unless the epoch is the highest, the grant unbroken, and home and version as claimed. A repeat
 * answers the first answer. An unknown answer goes to recovery, which asks the authority.
 */
export async function commitPlacement(ports: CommitPorts, actor: Actor, grant: number) {
  const { plan, verified, lock } = await heldTask(ports.tasks, actor);
  if (verified?.epoch !== actor.epoch) {
    throw new TankerError('VerificationFailed', {
      what: `Task "${actor.task}" is not verified under epoch ${actor.epoch}.`,
      now: 'Home is still the source.',
      next: 'Recovery goes back; the log tells which verification is missing.',
    });
  }
  if (!lock || ports.now().toISOString() > lock.deadline) {
    throw new TankerError('LockBudgetExceeded', {
      what: `The lock budget of task "${actor.task}" is used up before the commit.`,
      now: 'Home is still the source; recovery unlocks it and erases the target.',
      next: 'Look which phase took longer than planned; raise the budget or the concurrency, or move at another time.',
    });
  }
  const { version, committedAt } = await ports.authority.commit(actor, {
    grant,
    from: { state: 'home', location: plan.from },
    to: { state: 'home', location: plan.to },
    version: plan.version,
  });
  await ports.tasks.advance(actor, { committed: { version, at: committedAt } });
  await ports.log.write({
    task: actor.task,
    phase: 'commit',
    by: actor.holder,
    epoch: actor.epoch,
    what: `home is ${formatLocation(plan.to)}, version ${version}`,
  });
  return { version, committedAt };
}
