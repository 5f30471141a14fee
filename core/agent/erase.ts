import { formatLocation, TankerError } from '@tanker/contract/index.ts';
import { protectHome, readAsHighest } from './authority.ts';
import { fenceOf, type Procedure } from './procedure.ts';

/**
 * Erases everything of the company at this provider, only where the authority says now that home is not. Nobody planned
 * with the provider's incarnation, so it is read here, and read first: a provider that is restored after the authority
 * was asked is another one and refuses.
 */
export const erase: Procedure<'erase'> = async ({ event, ports, signal }) => {
  const { company, location, version, reason } = event;
  const { incarnation } = await ports.provider.describe(signal);
  protectHome(await readAsHighest(ports.authority, event), location);
  // Home is elsewhere, and only a task of a higher epoch can bring it here: it seals this provider before it commits,
  // so an erase that comes later is refused, and one that comes earlier fails its verification.
  const order = { company, location, version, reason };
  const { erased, left } = await ports.provider.erase(fenceOf({ ...event, incarnation }), order, signal);
  if (left.rows === 0 && left.staging === 0) return { result: { action: 'erase', erased, left }, work: [] };
  throw new TankerError('EraseIncomplete', {
    what: `${event.provider} at ${formatLocation(location)} still holds ${left.rows} rows and ${left.staging} rows of staging.`,
    now: `It erased ${erased.rows} rows and ${erased.staging} of staging.`,
    next: "If it stays so when the erase is tried again, read the provider's summary of the company, which says where they lie. Until they are gone a removal stays open; of any other task they are a debt on that location.",
  });
};
