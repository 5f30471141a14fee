import { type RemoveInput, TankerError } from '@tanker/contract/index.ts';
import { homeOf, locationsOf } from './placement.ts';
import { checkUnused, expiryOf, planSlice } from './plan-home.ts';
import { everyProvider, type Planner } from './prospect.ts';
import { UNTOUCHED } from './refusal.ts';

/**
 * Every provider is asked at home, and nobody elsewhere: one that is down there must not refuse a removal. Erased is at
 * every location all the same.
 */
export const planRemove: Planner<'remove'> = async (ports, input, authority) => {
  const { topology, now } = ports;
  await checkUnused(ports, input);
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
