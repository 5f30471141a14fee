import {
  type CleanupInput,
  type Debt,
  type DebtRecord,
  type FallbackRecord,
  formatLocation,
  type Location,
  sameLocation,
  TankerError,
  type Topology,
} from '@tanker/contract/index.ts';
import type { KeptFallback } from '../ports.ts';
import { bytesOf, checkIdentity, rowsOf, sum } from './checks.ts';
import { resolvePlace } from './placement.ts';
import { everyProvider, type Planner } from './prospect.ts';
import { UNTOUCHED } from './refusal.ts';

/** Of a fallback copy every provider there is asked; of debts, those that owe. */
export const planCleanup: Planner<'cleanup'> = async (ports, input, authority) => {
  const { topology } = ports;
  const { company } = input;
  const at = resolvePlace(topology, input.at);
  if (authority.home.state === 'home' && sameLocation(authority.home.location, at)) {
    throw homeProtected(company, at);
  }
  const fallback = await ports.fallbacks.get(company, at);
  const debts = (await ports.debts.list(company)).filter(({ location }) => sameLocation(location, at));
  const kept = fallback?.state === 'kept' ? fallback : undefined;
  if (kept) {
    checkGrace(kept, input, ports.now());
    checkVersion(kept, authority.version);
  }
  const checks = kept ? fallbackChecks(topology, kept) : debtChecks(topology, company, at, debts, fallback);
  return {
    checks,
    examine(answers) {
      answers.forEach(checkIdentity);
      const providers = answers.map(({ provider, describe, summary }) => ({
        name: provider,
        sourceIncarnation: describe.incarnation,
        rows: rowsOf(summary),
        bytes: bytesOf(summary),
        transfer: 'lambda' as const,
        sourceHooks: [],
        targetHooks: [],
      }));
      return {
        erases: [at],
        leftover: kept ? 'fallback' : 'debts',
        version: authority.version,
        providers,
        waves: [],
        estimate: { bytes: sum(providers.map(({ bytes }) => bytes)), seconds: 0 },
      };
    },
  };
};

export const homeProtected = (company: string, at: Location): TankerError =>
  new TankerError('HomeProtected', {
    what: `Company "${company}" lives at ${formatLocation(at)}.`,
    now: 'Nothing was given up and nothing was erased.',
    next: 'Name the location that the company has left. A company that is to go altogether is removed.',
  });

function checkGrace(kept: KeptFallback, { early, company }: CleanupInput, now: Date): void {
  if (early || now.toISOString() >= kept.cleanupAt) return;
  throw new TankerError('GraceNotOver', {
    what: `The fallback copy that task "${kept.task}" left at ${formatLocation(kept.location)} is to be kept until ${kept.cleanupAt}.`,
    now: `${UNTOUCHED} The sweeper cleans it up on that day.`,
    next: `Wait, or give it up now under a new task id (\`tanker cleanup ${company} --at ${formatLocation(kept.location)} --early\`).`,
  });
}

/** A move's version can't be above the authority's, unless the authority's store was set back. */
function checkVersion(kept: KeptFallback, version: number): void {
  if (version >= kept.version) return;
  throw new TankerError('PlacementChanged', {
    what: `The fallback copy at ${formatLocation(kept.location)} is of version ${kept.version}; the authority says ${version}.`,
    now: UNTOUCHED,
    next: "Find out where the company lives before anything is erased: the gateway's store was set back.",
  });
}

function fallbackChecks(topology: Topology, kept: KeptFallback): Debt[] {
  const checks = everyProvider(topology, kept.location);
  const missing = Object.keys(kept.slices).find((name) => !checks.some(({ provider }) => provider === name));
  if (missing === undefined) return checks;
  throw providerGone(kept.company, missing, kept.location);
}

function debtChecks(
  topology: Topology,
  company: string,
  at: Location,
  debts: readonly DebtRecord[],
  fallback: FallbackRecord | undefined,
): Debt[] {
  if (debts.length === 0) {
    throw new TankerError('NothingToClean', {
      what: `No fallback copy and no debt of company "${company}" is on record at ${formatLocation(at)}.`,
      now:
        fallback?.state === 'given-up'
          ? `${UNTOUCHED} The copy that was there was given up by task "${fallback.givenUpBy}" at ${fallback.givenUpAt}.`
          : UNTOUCHED,
      next: 'Nothing is left to do there, or another location was meant.',
    });
  }
  const gone = debts.find(({ provider }) => !topology.providers.some(({ name }) => name === provider));
  if (gone) throw providerGone(company, gone.provider, at);
  return debts.map(({ provider, location }) => ({ provider, location }));
}

const providerGone = (company: string, provider: string, at: Location): TankerError =>
  new TankerError('ProviderMismatch', {
    what: `The provider "${provider}" holds something of company "${company}" at ${formatLocation(at)}, and the topology no longer has it.`,
    now: UNTOUCHED,
    next: `Add "${provider}" to the topology again and deploy; only it can erase what it holds.`,
  });
