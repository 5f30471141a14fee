import { isHome, readAsHighest } from './authority.ts';
import { fenceOf, type Procedure } from './procedure.ts';

/** Opens the company at its provider, only where the authority says now that home is; elsewhere it stays closed. */
export const open: Procedure<'open'> = async ({ event, ports, signal }) => {
  const home = isHome(await readAsHighest(ports.authority, event), event.location);
  if (home) await ports.provider.open(fenceOf(event), signal);
  return { result: { action: 'open', home }, work: [] };
};
