import { homeOf } from './placement.ts';
import { expiryOf, planSlice } from './plan-home.ts';
import { everyProvider, type Planner } from './prospect.ts';

/** Every provider is asked at home. */
export const planBackup: Planner<'backup'> = async (ports, input, authority) => {
  const { topology, now } = ports;
  const from = homeOf(authority);
  const expiresAt = expiryOf(topology, now(), input.keepDays);
  return {
    checks: everyProvider(topology, from),
    examine: (answers) => ({ ...planSlice(topology, 'backup', from, authority.version, answers), expiresAt }),
  };
};
