import {
  type AuthorityRecord,
  type Closing,
  type Fence,
  formatLocation,
  type Location,
  type OpenExpiredResult,
} from '@tanker/contract/index.ts';
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
  readonly moved: MovedAway;
  readonly signal: AbortSignal;
  readonly log: (message: string, fields: Readonly<Record<string, unknown>>) => void;
  readonly logError: (message: string, error: unknown) => void;
}

/** Calls at once to providers and to the gateway: 200 providers of 100 ms each are done in 1 s. */
const CALLS_AT_ONCE = 20;

/** Entries of at most about 100 octets: 10 MB of the function's memory. */
const MOST_MOVED = 100_000;

/**
 * Closings that stay for good, because the company has moved away from them: a provider keeps them for every company
 * that ever left, and asking the authority about each of them every minute would be a load without an end. Such a
 * closing never needs this schedule again, since a company comes back only by imports, which end it.
 */
export class MovedAway {
  readonly #known = new Set<string>();

  has(at: Location, { company, grant }: Pick<Closing, 'company' | 'grant'>): boolean {
    return this.#known.has(`${formatLocation(at)} ${company} ${grant}`);
  }

  note(at: Location, { company, grant }: Pick<Closing, 'company' | 'grant'>): void {
    if (this.#known.size >= MOST_MOVED) this.#known.clear();
    this.#known.add(`${formatLocation(at)} ${company} ${grant}`);
  }
}

/**
 * open: the closing's grant is dead and home is still here. moved: home is elsewhere, and the closing stays. wait: a
 * lock is held, or the authority knows less than the provider (it was restored): nothing is certain.
 *
 * A grant lives once, so what is read as dead here is dead when the open arrives, and no commit can be made any more on
 * what was exported under it. A lock of another task is waited for, though the closing's own grant is dead: that task
 * closes the provider anew, or its recovery opens it.
 */
export function verdictOn(
  record: AuthorityRecord,
  location: Location,
  { grant }: Pick<Closing, 'grant'>,
): 'open' | 'moved' | 'wait' {
  const { lock } = record;
  if (lock === null || lock.grant < grant) return 'wait';
  if (!isHome(record, location)) return 'moved';
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

async function closingsAt(site: ProviderSite): Promise<Found[]> {
  const found: Found[] = [];
  let after: string | undefined;
  do {
    const page = await site.companies.closings(after);
    for (const closing of page.closings) found.push({ site, incarnation: page.incarnation, closing });
    after = page.next ?? undefined;
  } while (after !== undefined);
  return found;
}

/**
 * Opens the providers of this datacenter at which a company is closed under a dead grant though it still lives here:
 * with the gateway's read and the region's own providers only, so that it needs no control region. A failure at one
 * provider or company keeps no other from its turn. May run twice at once.
 */
export async function openExpired(ports: OpenExpiredPorts): Promise<OpenExpiredResult> {
  let failed = 0;
  const attempt = async <T>(what: string, work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      failed += 1;
      ports.logError(what, error);
      return undefined;
    }
  };
  const pages = await several(ports.sites, CALLS_AT_ONCE, ports.signal, (site) =>
    attempt(`${site.name} at ${formatLocation(site.location)} did not tell its closings.`, () =>
      closingsAt(site),
    ),
  );
  const all = pages.flatMap((page) => page ?? []);
  const asked = all.filter(({ site, closing }) => !ports.moved.has(site.location, closing));
  // What is closed is known; only now the authority is asked, so that its word is the newer one.

  const companies = [...new Set(asked.map(({ closing }) => closing.company))];
  const records = await several(companies, CALLS_AT_ONCE, ports.signal, (company) =>
    attempt(`The gateway did not tell of company ${company}.`, () => ports.authority.read(company)),
  );
  const recordOf = new Map(companies.map((company, index) => [company, records[index]]));

  const opened = await several(asked, CALLS_AT_ONCE, ports.signal, (found) => {
    const record = recordOf.get(found.closing.company);
    return record === undefined ? Promise.resolve(false) : settle(ports, found, record, attempt);
  });
  const count = opened.filter((done) => done).length;
  return { closed: all.length, opened: count, kept: all.length - count, failed };
}

/** Whether it was opened now. */
async function settle(
  ports: OpenExpiredPorts,
  { site, incarnation, closing }: Found,
  record: AuthorityRecord,
  attempt: (what: string, work: () => Promise<void>) => Promise<unknown>,
): Promise<boolean> {
  const verdict = verdictOn(record, site.location, closing);
  if (verdict === 'moved') ports.moved.note(site.location, closing);
  if (verdict !== 'open') return false;
  const { company, grant } = closing;
  let done = false;
  await attempt(
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
