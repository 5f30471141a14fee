import { type AuthorityRecord, formatLocation, type Home, TankerError } from '@tanker/contract/index.ts';

/** Who asks: the part that claim, lock, unlock and commit have in common. */
export interface Claimant {
  readonly task: string;
  readonly epoch: number;
  readonly holder: string;
}

const formatHome = (home: Home): string =>
  home.state === 'home' ? formatLocation(home.location) : home.state;

export const companyUnknown = (company: string): TankerError =>
  new TankerError('CompanyUnknown', {
    what: `The gateway has no record of the company ${company}.`,
    now: 'Nothing was changed.',
    next: 'Check the company id; a new company is signed up first.',
  });

export const epochStale = (record: AuthorityRecord, claimant: Claimant): TankerError =>
  new TankerError('EpochStale', {
    what: `Epoch ${claimant.epoch} of ${claimant.holder} is not the highest of company ${record.company}.`,
    now: `The highest epoch is ${record.epoch}, held by ${record.holder ?? 'nobody'}; nothing was changed.`,
    next: 'Stop: another holder decides now. A recovery claims under a newer epoch of its own.',
  });

export const lockRefused = (record: AuthorityRecord, claimant: Claimant): TankerError =>
  new TankerError('LockRefused', {
    what: `Epoch ${claimant.epoch} of company ${record.company} had its grant, or was unlocked, and may not lock again.`,
    now: `Its traffic lock has ended${record.lock ? ` (${record.lock.state})` : ''}; nothing was changed.`,
    next: 'Recover the task; a new task locks under an epoch of its own.',
  });

export const trafficNotQuiet = (company: string, inFlight: number, seconds: number): TankerError =>
  new TankerError('TrafficNotQuiet', {
    what: `${inFlight} request(s) of company ${company} were still in flight after ${seconds} s.`,
    now: 'The company is locked: new requests are refused, the old ones go on.',
    next: 'Repeat the lock to go on waiting, or unlock.',
  });

export const grantBroken = (record: AuthorityRecord, grant: number): TankerError =>
  new TankerError('GrantBroken', {
    what: record.lock
      ? `Grant ${grant} of company ${record.company} is not held any more.`
      : `Company ${record.company} was never locked: it has no grant ${grant}.`,
    now: record.lock
      ? `The last grant is ${record.lock.grant}, ${record.lock.state}; home and version are as they were.`
      : 'Home and version are as they were.',
    next: record.lock
      ? 'Recover the task: customers may have written since the lock ended.'
      : 'Recover the task: without a lock customers may have written all the time.',
  });

export const placementChanged = (record: AuthorityRecord, from: Home, version: number): TankerError =>
  new TankerError('PlacementChanged', {
    what: `Company ${record.company} is not at ${formatHome(from)} in version ${version}.`,
    now: `It is at ${formatHome(record.home)} in version ${record.version}; nothing was changed.`,
    next: afterChange(record, version),
  });

/** Every change of home raises the version, so the same version is the same home. */
function afterChange(record: AuthorityRecord, version: number): string {
  if (record.version > version) {
    return `Recover the task: ${record.versionTask ? `task ${record.versionTask}` : 'another task'} has changed the home since it was claimed.`;
  }
  return record.version < version
    ? "Find out whether the gateway's store was set back: it knows less of the company than this task."
    : 'Name the home as the record has it: nobody has changed it since the company was claimed.';
}

export const companyErased = (record: AuthorityRecord): TankerError =>
  new TankerError('CompanyErased', {
    what: `Company ${record.company} was erased for good.`,
    now: 'Nothing was changed.',
    next: 'Nothing can bring it back; a new company signs up under a new id.',
  });

export const signedUpAlready = (record: AuthorityRecord): TankerError =>
  new TankerError('PlacementChanged', {
    what: `The company id ${record.company} is taken.`,
    now: `It is at ${formatHome(record.home)} in version ${record.version}; nothing was changed.`,
    next: 'Sign up under another id: ids are never used twice.',
  });

export const leadsNowhere = (home: Home): TankerError =>
  requestInvalid(`A commit from ${formatHome(home)} to ${formatHome(home)} changes nothing.`);

export const locationUnknown = (location: string, known: readonly string[]): TankerError =>
  new TankerError('ResourceUnknown', {
    what: `The gateway has no route to ${location}.`,
    now: `It routes to ${known.join(', ')}; nothing was changed.`,
    next: 'Name one of these, or add the route to the configuration of the gateway.',
  });

export const requestInvalid = (what: string): TankerError =>
  new TankerError('RequestInvalid', {
    what,
    now: 'Nothing was changed.',
    next: 'Send what the gateway contract (gateway.openapi.json) asks for.',
  });

export const requestUnauthorized = (): TankerError =>
  new TankerError('RequestUnauthorized', {
    what: 'The bearer token is missing or does not allow this call.',
    now: 'Nothing was changed.',
    next: "Send the operator's token; the reader's token only reads records.",
  });
