import { fenceOf, type Procedure } from './procedure.ts';

/** Ends every import of the company at this provider, and tells what it then holds: what verification uses. */
export const seal: Procedure<'seal'> = async ({ event, ports, signal }) => {
  const { collections, watermark, work } = await ports.provider.seal(fenceOf(event), signal);
  return { result: { action: 'seal', collections, watermark }, work };
};
