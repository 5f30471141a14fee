import { type Plan, type RemoveInput, TankerError, type Topology } from '@tanker/contract/index.ts';
import { FIXED_WINDOW_SECONDS } from './checks.ts';
import { homeOf, locationsOf } from './placement.ts';
import { expiryOf, planSlice } from './plan-home.ts';
import { everyProvider, type Planner } from './prospect.ts';
import { UNTOUCHED } from './refusal.ts';

/** Nothing is asked, exported or moved: home becomes erased, what is left of backups ends, and everybody erases once more. */
const planErasure = (topology: Topology, version: number, now: Date): Plan => ({
  erases: locationsOf(topology),
  final: true,
  expiresAt: now.toISOString(),
  version,
  providers: topology.providers.map(({ name }) => ({
    name,
    rows: 0,
    bytes: 0,
    transfer: 'lambda' as const,
    sourceHooks: [],
    targetHooks: [],
  })),
  waves: [],
  estimate: { bytes: 0, seconds: FIXED_WINDOW_SECONDS },
});

/**
 * Of a company that lives nowhere only the final removal is left: it gives up what could be restored.
 *
 * Every provider is asked at home, and nobody elsewhere: one that is down there must not refuse a removal. Erased is at
 * every location all the same.
 */
export const planRemove: Planner<'remove'> = async (ports, input, authority) => {
  const { topology, now } = ports;
  if (input.final && authority.home.state === 'removed') {
    keepDaysOf(input);
    return { checks: [], examine: () => planErasure(topology, authority.version, now()) };
  }
  const from = homeOf(authority);
  const expiresAt = expiryOf(topology, now(), keepDaysOf(input));
  return {
    checks: everyProvider(topology, from),
    examine: (answers) => ({
      ...planSlice(topology, 'remove', from, authority.version, answers),
      erases: locationsOf(topology),
      expiresAt,
      ...(input.final ? { final: true as const } : {}),
    }),
  };
};

/** What can never be restored is not kept. */
function keepDaysOf({ final, keepDays }: RemoveInput): number | undefined {
  if (!final) return keepDays;
  if (!keepDays) return 0;
  throw new TankerError('InputInvalid', {
    what: `keepDays is ${keepDays} and final is set: a final removal keeps no backup, for nobody could restore it.`,
    now: UNTOUCHED,
    next: 'Leave one of the two out.',
  });
}
