import { type Format, formatLocation, type Location, TankerError } from '@tanker/contract/index.ts';

/** Refusals that every provider of this package makes in the same words. */

export const staleEpoch = (): TankerError =>
  new TankerError('EpochStale', {
    what: 'This provider has seen a newer epoch of the company, or another holder of the same epoch.',
    now: 'The call has had no effect.',
    next: 'Stop: another task or its recovery works on the company now.',
  });

export const otherIncarnation = (): TankerError =>
  new TankerError('IncarnationChanged', {
    what: "The provider's store is not the incarnation that the task was planned with.",
    now: 'The call has had no effect; what the store promised before its restore is unknown.',
    next: 'Let the task be undone, check the restored store, then plan anew.',
  });

export const sessionUnknown = (): TankerError =>
  new TankerError('SessionUnknown', {
    what: 'The session is not the current one of the company here: a newer call has ended it, or the provider was restarted.',
    now: 'The call has had no effect.',
    next: 'Begin anew if this attempt is still the current one.',
  });

export const importSealed = (): TankerError =>
  new TankerError('ImportSealed', {
    what: 'The company is sealed here: imports of this epoch have ended.',
    now: 'The call has had no effect.',
    next: 'Nothing: a later task imports under a higher epoch.',
  });

export const unknownLocation = (name: string, location: Location): TankerError =>
  new TankerError('ResourceUnknown', {
    what: `The provider ${name} does not serve ${formatLocation(location)}.`,
    now: 'Nothing was done.',
    next: "Correct the topology's endpoint, or add the server to the provider.",
  });

export const unknownHook = (name: string): TankerError =>
  new TankerError('ResourceUnknown', {
    what: `The provider has no hook ${name}.`,
    now: 'Nothing was run.',
    next: 'Call the hooks that describe names.',
  });

export const companyClosed = (): TankerError =>
  new TankerError('CompanyClosed', {
    what: 'A change of the company was refused, because the company is closed here.',
    now: 'Nothing was changed.',
    next: 'Ask the gateway where the company lives. If it is here, try again later: it opens when the task that closed it has ended. If not, it stays closed.',
  });

export const targetNotEmpty = (what: string): TankerError =>
  new TankerError('TargetNotEmpty', {
    what,
    now: 'Nothing was imported by this call.',
    next: 'Find out whose they are. If nobody needs them, have the company erased at this location; then start again under a new task id.',
  });

export const formatUnreadable = (asked: Format, readable: Format): TankerError =>
  new TankerError('FormatUnreadable', {
    what: `The format ${asked.name} ${asked.version} can't be read here; ${readable.name} ${readable.version} can.`,
    now: 'Nothing was touched.',
    next: 'Run versions of the provider at both locations that share a format.',
  });

export const checksumMismatch = (part: number, what: string): TankerError =>
  new TankerError('ChecksumMismatch', {
    what: `Part ${part} is not what the manifest says: ${what}.`,
    now: 'The part counts as not imported; nothing is visible.',
    next: 'Send the part again, exactly as the manifest names it.',
  });

export const unreadablePart = (part: number): TankerError =>
  checksumMismatch(part, 'it is not in the manifest, or does not begin with a header of this format');

export const stagingMismatch = (what: string): TankerError =>
  new TankerError('StagingMismatch', {
    what: `Staging does not equal the manifest: ${what}.`,
    now: 'Nothing is visible.',
    next: 'Begin the import anew and send every part.',
  });
