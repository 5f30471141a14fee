import {
  type Fence,
  type Format,
  formatLocation,
  type Location,
  TankerError,
} from '@tanker/contract/index.ts';

/** Refusals that every provider of this package makes in the same words. */

/** The provider at one location, which refuses. */
export interface Place {
  readonly config: { readonly name: string };
  readonly location: Location;
}

export const placeOf = ({ config, location }: Place): string =>
  `${config.name} at ${formatLocation(location)}`;

/** @param newest the call that has come since, under the higher epoch */
export const staleEpoch = (
  place: Place,
  { company, epoch }: { readonly company: string; readonly epoch: number },
  newest: { readonly epoch: number; readonly holder: string | null },
): TankerError =>
  new TankerError('EpochStale', {
    what: `Epoch ${epoch} of company ${company} is over at ${placeOf(place)}, which has seen epoch ${newest.epoch}.`,
    now: `That epoch is held by ${newest.holder ?? 'nobody'}; this call has had no effect.`,
    next: 'Stop: another task or its recovery works on the company now.',
  });

export const otherHolder = (
  place: Place,
  { company, fence }: { readonly company: string; readonly fence: Pick<Fence, 'epoch' | 'holder'> },
  holder: string,
): TankerError =>
  new TankerError('EpochStale', {
    what: `Epoch ${fence.epoch} of company ${company} is held by ${holder} at ${placeOf(place)}, not by ${fence.holder}.`,
    now: 'The call has had no effect.',
    next: 'Stop, and ask the gateway who holds the company: an epoch is given out once.',
  });

export const otherIncarnation = (place: Place, company: string): TankerError =>
  new TankerError('IncarnationChanged', {
    what: `The store of ${placeOf(place)} is not the incarnation that the task of company ${company} was planned with.`,
    now: 'The call has had no effect; what the store promised before its restore is unknown.',
    next: 'Let the task be undone, check the restored store, then plan anew.',
  });

const sessionOver = (what: string): TankerError =>
  new TankerError('SessionUnknown', {
    what,
    now: 'The call has had no effect.',
    next: 'Begin anew if this attempt is still the current one.',
  });

export const sessionUnknown = (place: Place, company: string): TankerError =>
  sessionOver(
    `The session is not the current one of company ${company} at ${placeOf(place)}: a newer call has ended it, or the provider was restarted.`,
  );

/** A published session takes nothing more: its rows are the company's. */
export const sessionPublished = (place: Place, company: string): TankerError =>
  sessionOver(
    `The session of company ${company} at ${placeOf(place)} was published, and takes no part any more.`,
  );

export const importSealed = (place: Place, company: string, sealedEpoch: number): TankerError =>
  new TankerError('ImportSealed', {
    what: `Company ${company} is sealed at ${placeOf(place)}: imports up to epoch ${sealedEpoch} have ended.`,
    now: 'The call has had no effect.',
    next: 'Nothing: a later task imports under a higher epoch.',
  });

export const unknownLocation = (name: string, location: Location): TankerError =>
  new TankerError('ResourceUnknown', {
    what: `The provider ${name} does not serve ${formatLocation(location)}.`,
    now: 'Nothing was done.',
    next: "Correct the topology's endpoint, or add the server to the provider.",
  });

export const unknownHook = (place: Place, name: string): TankerError =>
  new TankerError('ResourceUnknown', {
    what: `${placeOf(place)} has no hook ${name}.`,
    now: 'Nothing was run.',
    next: 'Call the hooks that describe names.',
  });

/** @param where as the sentence ends: `here`, `at crm at eu/db1` */
export const companyClosed = (
  company: string | undefined,
  where: string,
  options?: { readonly cause: unknown },
): TankerError =>
  new TankerError(
    'CompanyClosed',
    {
      what: `A change of ${company === undefined ? 'a company' : `company ${company}`} was refused, because the company is closed ${where}.`,
      now: 'Nothing was changed.',
      next: 'Ask the gateway where the company lives. If it is here, try again later: it opens when the task that closed it has ended. If not, it stays closed.',
    },
    options,
  );

const notEmpty = (place: Place, company: string, what: string, next: string): TankerError =>
  new TankerError('TargetNotEmpty', {
    what: `${placeOf(place)} already holds something of company ${company}: ${what}.`,
    now: 'Nothing was imported by this call.',
    next,
  });

/** Rows that were there before an import: a cleanup erases those that a record names. */
export const notEmptyAtBegin = (place: Place, company: string, what: string): TankerError =>
  notEmpty(
    place,
    company,
    what,
    `If a task has left them there, give them up (\`tanker cleanup ${company} --at ${formatLocation(place.location)}\`, within the grace days of a fallback copy with --early). If no record names them, find out whose they are and have them erased at this provider. Then start again under a new task id.`,
  );

/** Rows that came while an import was under way: no record names them. */
export const notEmptyAtPublish = (place: Place, company: string, what: string): TankerError =>
  notEmpty(
    place,
    company,
    what,
    'Find out who writes there: these rows came after the import had begun, where the company does not live. Then start again under a new task id.',
  );

export const formatUnreadable = (place: Place, asked: Format, readable: Format): TankerError =>
  new TankerError('FormatUnreadable', {
    what: `The format ${asked.name} ${asked.version} can't be read by ${placeOf(place)}; ${readable.name} ${readable.version} can.`,
    now: 'Nothing was touched.',
    next: 'Run versions of the provider at both locations that share a format.',
  });

export const checksumMismatch = (place: Place, company: string, part: number, what: string): TankerError =>
  new TankerError('ChecksumMismatch', {
    what: `Part ${part} of company ${company} is not what the manifest says at ${placeOf(place)}: ${what}.`,
    now: 'The part counts as not imported; nothing is visible.',
    next: 'Send the part again, exactly as the manifest names it.',
  });

export const unreadablePart = (place: Place, company: string, part: number): TankerError =>
  checksumMismatch(
    place,
    company,
    part,
    'it is not in the manifest, or does not begin with a header of this format',
  );

export const stagingMismatch = (place: Place, company: string, what: string): TankerError =>
  new TankerError('StagingMismatch', {
    what: `Staging of company ${company} at ${placeOf(place)} does not equal the manifest: ${what}.`,
    now: 'Nothing is visible.',
    next: 'Begin the import anew and send every part.',
  });
