import {
  type AuthorityRecord,
  formatLocation,
  type Location,
  sameLocation,
  TankerError,
} from '@tanker/contract/index.ts';
import type { Actor, Authority } from '../ports.ts';

/**
 * The authority record, read linearizably, if it shows this actor's epoch as the highest.
 *
 * @throws EpochStale when a newer epoch, or another holder of the same one, was claimed
 */
export async function readAsHighest(
  authority: Pick<Authority, 'read'>,
  actor: Actor,
): Promise<AuthorityRecord> {
  const record = await authority.read(actor.company);
  if (record.epoch === actor.epoch && record.holder === actor.holder) return record;
  throw new TankerError('EpochStale', {
    what: `The authority's highest epoch is ${record.epoch} of ${record.holder ?? 'nobody'}, not ${actor.epoch} of ${actor.holder}.`,
    now: 'The provider was not asked for anything.',
    next: 'Nothing: the task that holds the company goes on.',
  });
}

export const isHome = (record: AuthorityRecord, location: Location): boolean =>
  record.home.state === 'home' && sameLocation(record.home.location, location);

/** @throws HomeProtected when the record says that the company lives at the location */
export function protectHome(record: AuthorityRecord, location: Location): void {
  if (!isHome(record, location)) return;
  throw new TankerError('HomeProtected', {
    what: `${formatLocation(location)} is the home of company ${record.company}.`,
    now: 'Nothing was erased.',
    next: 'Find out why the task wants to erase a home before starting anything else for this company.',
  });
}
