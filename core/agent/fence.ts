import { fenceOf, type Procedure } from './procedure.ts';

/** Raises the epoch at the provider, after which no worker of a lower one changes anything there. */
export const fence: Procedure<'fence'> = async ({ event, ports, signal }) => {
  await ports.provider.fence(fenceOf(event), signal);
  return { result: { action: 'fence' }, work: [] };
};
