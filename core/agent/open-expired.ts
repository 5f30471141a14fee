import {
  type AuthorityRecord,
  type Closing,
  type Fence,
  formatLocation,
  type Location,
  type OpenExpiredResult,
  TankerError,
} from '@tanker/contract/index.ts';
import { countFailures, type Failures } from '../failures.ts';
import type { Authority, ClosedCompanies } from '../ports.ts';
import { several } from '../transfer/several.ts';
import { isHome } from './authority.ts';

/** A provider at one location of this datacenter. */
export interface ProviderSite {
  readonly name: string;
  readonly location: Location;
  readonly companies: ClosedCompanies;
}

export interface OpenExpiredPorts {
  readonly sites: readonly ProviderSite[];
  readonly authority: Pick<Authority, 'read'>;
  readonly departed: Departed;
  readonly signal: AbortSignal;
  readonly log: (message: string, fields: Readonly<Record<string, unknown>>) => void;
  readonly logError: (message: string, error: unknown) => void;
}

/** Calls at once to providers and to the gateway: 200 providers of 100 ms each are done in 1 s. */
const CALLS_AT_ONCE = 20;

/** Entries of at most about 100 octets: 10 MB of the function's memory. */
const MOST_KNOWN = 100_000;

/** Departed companies asked about again in a run: at 20 at once and 50 ms each these reads take 0.25 s. */
const AGAIN_A_RUN = 100;

/**
 * Closings that stay: a provider keeps them for every company that ever left, and asking the authority about each of
 * them every minute would be a load without an end.
 *
 * A company that lives elsewhere, or nowhere, may be restored to this very location, from a backup in which not every
 * provider of today has a part, and these would stay closed: it is asked about again, a hundred in each run, those first
 * whose turn is longest ago.
 */
export class Departed {
  /** Those asked about longest ago first. */
  readonly #known = new Set<string>();

  /** Those that the authority is to be asked about in this run. */
  due<F extends Where>(found: readonly F[]): F[] {
    const keys = new Set(found.map(keyOf));
    const again = new Set([...this.#known].filter((key) => keys.has(key)).slice(0, AGAIN_A_RUN));
    return found.filter((one) => !this.#known.has(keyOf(one)) || again.has(keyOf(one)));
  }

  note(where: Where): void {
    if (this.#known.size >= MOST_KNOWN) this.#known.clear();
    this.#known.delete(keyOf(where));
    this.#known.add(keyOf(where));
  }
}

interface Where {
  readonly site: Pick<ProviderSite, 'location'>;
  readonly closing: Pick<Closing, 'company' | 'grant'>;
}

const keyOf = ({ site, closing }: Where): string =>
  `${formatLocation(site.location)} ${closing.company} ${closing.grant}`;

/**
 * open: the closing's grant is dead and home is still here. departed: home is elsewhere or nowhere. wait: a lock is held,
 * or the authority knows less than the provider (it was restored): nothing is certain.
 *
 * A grant lives once, so what is read as dead here is dead when the open arrives, and no commit can be made any more on
 * what was exported under it. A lock of another task is waited for, though the closing's own grant is dead: that task
 * closes the provider anew, or its recovery opens it.
 */
export function verdictOn(
  record: AuthorityRecord,
  location: Location,
  { grant }: Pick<Closing, 'grant'>,
): 'open' | 'departed' | 'wait' {
  const { lock } = record;
  if (lock === null || lock.grant < grant) return 'wait';
  if (!isHome(record, location)) return 'departed';
  return lock.state === 'held' ? 'wait' : 'open';
}

/** In the name of the highest epoch that the provider has seen: it raises nothing, and a newer one refuses it. */
const fenceOf = ({ epoch, holder }: Closing, incarnation: string): Fence => ({
  task: holder.slice(0, holder.indexOf('/')),
  epoch,
  holder,
  incarnation,
});

interface Found {
  readonly site: ProviderSite;
  readonly incarnation: string;
  readonly closing: Closing;
}

/**
 * Adds the site's closings to what was found, page by page, so that what came before a failure counts.
 *
 * @throws ContractUnsupported when a page leads back to one that was read
 */
async function collectClosings(site: ProviderSite, found: Found[], signal: AbortSignal): Promise<void> {
  const asked = new Set<string>();
  let after: string | undefined;
  do {
    signal.throwIfAborted();
    const { incarnation, closings, next } = await site.companies.closings(after);
    if (next !== null && asked.has(next)) throw pagesInCircle(site, next);
    for (const closing of closings) found.push({ site, incarnation, closing });
    after = next ?? undefined;
    asked.add(after ?? '');
  } while (after !== undefined);
}

const pagesInCircle = ({ name, location }: ProviderSite, next: string): TankerError =>
  new TankerError('ContractUnsupported', {
    what: `${name} at ${formatLocation(location)} lists its closings in a circle: the page after ${next} leads to ${next} again.`,
    now: 'The companies of the pages before are looked after, those of later pages are not.',
    next: 'Let the provider answer only companies behind the one that `after` names.',
  });

/**
 * Opens the providers of this datacenter at which a company is closed under a dead grant though it still lives here:
 * with the gateway's read and the region's own providers only, so that it needs no control region. A failure at one
 * provider or company keeps no other from its turn. May run twice at once.
 */
export async function openExpired(ports: OpenExpiredPorts): Promise<OpenExpiredResult> {
  const failures = countFailures(ports.logError);
  const pages = await several(ports.sites, CALLS_AT_ONCE, ports.signal, async (site) => {
    const found: Found[] = [];
    await failures.attempt(
      `${site.name} at ${formatLocation(site.location)} did not tell all its closings.`,
      () => collectClosings(site, found, ports.signal),
    );
    return found;
  });
  const all = pages.flat();
  const asked = ports.departed.due(all);
  // What is closed is known; only now the authority is asked, so that its word is the newer one.

  const companies = [...new Set(asked.map(({ closing }) => closing.company))];
  const records = await several(companies, CALLS_AT_ONCE, ports.signal, (company) =>
    failures.attempt(`The gateway did not tell of company ${company}.`, () => ports.authority.read(company)),
  );
  const recordOf = new Map(companies.map((company, index) => [company, records[index]]));

  const opened = await several(asked, CALLS_AT_ONCE, ports.signal, (found) => {
    const record = recordOf.get(found.closing.company);
    return record === undefined ? Promise.resolve(false) : settle(ports, found, record, failures);
  });
  const count = opened.filter((done) => done).length;
  return { closed: all.length, opened: count, kept: all.length - count, failed: failures.count() };
}

/** Whether it was opened now. */
async function settle(
  ports: OpenExpiredPorts,
  found: Found,
  record: AuthorityRecord,
  failures: Failures,
): Promise<boolean> {
  const { site, incarnation, closing } = found;
  const verdict = verdictOn(record, site.location, closing);
  if (verdict === 'departed') ports.departed.note(found);
  if (verdict !== 'open') return false;
  const { company, grant } = closing;
  let done = false;
  await failures.attempt(
    `${site.name} at ${formatLocation(site.location)} did not open company ${company}.`,
    async () => {
      await site.companies.openExpired(company, fenceOf(closing, incarnation), grant);
      done = true;
    },
  );
  if (done) {
    ports.log('Opened a company whose lock had ended while it still lives here.', {
      company,
      provider: site.name,
      location: formatLocation(site.location),
      grant,
      epoch: closing.epoch,
    });
  }
  return done;
}
