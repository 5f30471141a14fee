import { formatLocation, TankerError } from '@tanker/contract/index.ts';
import { protectHome, readAsHighest } from './authority.ts';
import { fenceOf, type Procedure } from './procedure.ts';

/** Erases everything of the company at this provider, only where the authority says now that home is not. */
export const erase: Procedure<'erase'> = async ({ event, ports, signal }) => {
  const { company, location, version, reason } = event;
  protectHome(await readAsHighest(ports.authority, event), location);
  // This epoch is the highest and home is elsewhere; only a claim of a higher epoch can change that, and the provider
  // is fenced by then or erases first.
  const order = { company, location, version, reason };
  const { erased, left } = await ports.provider.erase(fenceOf(event), order, signal);
  if (left.rows === 0 && left.staging === 0) return { result: { action: 'erase', erased, left }, work: [] };
  throw new TankerError('EraseIncomplete', {
    what: `${event.provider} at ${formatLocation(location)} still holds ${left.rows} rows and ${left.staging} rows of staging.`,
    now: `It erased ${erased.rows} rows and ${erased.staging} of staging.`,
    next: 'The erase is tried again; what stays is recorded as a debt on that location.',
  });
};
