import { CHECKSUMS } from './checksums.ts';
import { MISTAKES } from './cli-mistakes.ts';
import { CUSTOMERS } from './customers.ts';
import { ENDS } from './ends.ts';
import { FAILURES } from './failures.ts';
import { FENCES } from './fences.ts';
import { FORMATS } from './formats.ts';
import { IMPORTS } from './imports.ts';
import { LOCK } from './lock.ts';
import { BACKUPS } from './plan-backups.ts';
import { INPUT } from './plan-input.ts';
import { PLACES } from './plan-places.ts';
import { PROVIDERS } from './plan-providers.ts';
import type { Reason, Refusals, Site } from './refusal.ts';
import { REQUESTS } from './requests.ts';
import { TRANSFER } from './transfer.ts';
import { VERIFICATION } from './verification.ts';

/** Every error that has a name, with each place that tells it and each reason there: a name without one is no Refusals. */
export const REFUSALS: Refusals = {
  ...INPUT,
  ...PLACES,
  ...PROVIDERS,
  ...FORMATS,
  ...BACKUPS,
  ...FENCES,
  ...LOCK,
  ...TRANSFER,
  ...IMPORTS,
  ...CHECKSUMS,
  ...VERIFICATION,
  ...ENDS,
  ...REQUESTS,
  ...FAILURES,
};

/** A reason with its name and site. */
export interface Entry extends Reason {
  readonly name: string;
  readonly site: Site;
  readonly title: string;
}

export const entriesOf = (table: Readonly<Record<string, readonly Site[]>>): Entry[] =>
  Object.entries(table).flatMap(([name, sites]) =>
    sites.flatMap((site) =>
      Object.entries(site.reasons).map(([title, reason]) => ({ ...reason, name, site, title })),
    ),
  );

export const ENTRIES: readonly Entry[] = [REFUSALS, MISTAKES, CUSTOMERS].flatMap(entriesOf);

/** What a table says of the source. */
export const sitesOf = (table: Readonly<Record<string, readonly Site[]>>) =>
  Object.entries(table).flatMap(([name, sites]) => sites.map(({ file }) => ({ file, names: [name] })));

/** A site that the walk does not reach. */
interface Unprovoked {
  readonly file: string;
  readonly names: readonly string[];
  readonly why: string;
}

export const UNPROVOKED: readonly Unprovoked[] = [
  {
    file: 'core/transfer/export-part.ts',
    names: ['ExportMismatch'],
    why: 'a part of more than 1 GiB takes seconds to stream; test/transfer/export-part.test.ts streams one',
  },
  {
    file: 'providers/files/store.ts',
    names: ['RequestInvalid'],
    why: 'a file of almost 1 GiB takes seconds to write',
  },
  {
    file: 'core/control/verify-erased.ts',
    names: ['EraseIncomplete', 'WorkerFailed'],
    why: 'refuses nothing: it says on the record of a debt why a provider is not clean',
  },
  {
    file: 'cli/aws/examine.ts',
    names: ['ContractUnsupported', 'ContractUnsupported', 'ProviderMismatch'],
    why: 'refuses nothing: it is a line of what the doctor has found',
  },
  {
    file: 'sdk/serve-provider.ts',
    names: ['InternalFailure'],
    why: "refuses nothing: it is a field of the provider's log",
  },
];
