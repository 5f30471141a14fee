import { formatLocation, sameLocation, TankerError } from '@tanker/contract/index.ts';
import type { Actor, Authority, Fallbacks, Log, Tasks } from '../ports.ts';
import { unverified } from './commit-placement.ts';
import { formatHome } from './placement.ts';
import { homeProtected } from './plan-cleanup.ts';
import { heldTask } from './records.ts';
import { fallbackOf } from './verify-fallback.ts';

export interface CommitCleanupPorts {
  readonly authority: Pick<Authority, 'read'>;
  readonly tasks: Tasks;
  readonly fallbacks: Fallbacks;
  readonly log: Log;
}

/**
 * The commit point of a cleanup: the conditional write that gives the fallback copy up. Only after verification under
 * this very epoch, and while the authority still has home elsewhere in the version of the plan; a recovery that has
 * decided against it has fenced the record. A repeat answers the first answer.
 */
export async function commitCleanup(ports: CommitCleanupPorts, actor: Actor) {
  const { plan, verified } = await heldTask(ports.tasks, actor);
  if (verified?.epoch !== actor.epoch) throw unverified(actor);
  const fallback = await fallbackOf(ports.fallbacks, actor, plan);
  const authority = await ports.authority.read(actor.company);
  if (authority.epoch !== actor.epoch || authority.holder !== actor.holder) {
    throw new TankerError('EpochStale', {
      what: `The authority's highest epoch is ${authority.epoch} of ${authority.holder ?? 'nobody'}, not ${actor.epoch} of ${actor.holder}.`,
      now: 'The fallback copy is kept.',
      next: 'Nothing: the execution that holds the company goes on.',
    });
  }
  if (authority.home.state === 'home' && sameLocation(authority.home.location, fallback.location)) {
    throw homeProtected(actor.company, fallback.location);
  }
  if (authority.version !== plan.version) {
    throw new TankerError('PlacementChanged', {
      what: `The cleanup was planned under version ${plan.version}; the authority says ${authority.version}, ${formatHome(authority.home)}.`,
      now: 'The fallback copy is kept.',
      next: 'Start a new cleanup, which looks at what is true now.',
    });
  }
  const givenUpAt = await ports.fallbacks.giveUp(fallback, actor);
  await ports.tasks.advance(actor, { committed: { version: plan.version, at: givenUpAt } });
  await ports.log.write({
    task: actor.task,
    phase: 'commit',
    by: actor.holder,
    epoch: actor.epoch,
    what: `the fallback copy of task ${fallback.task} at ${formatLocation(fallback.location)} is given up`,
  });
  return { givenUpAt };
}
