import type { Procedure } from './procedure.ts';

/** What the provider is and what it holds of the company; without digests, which read every row. */
export const describe: Procedure<'describe'> = async ({ ports, signal }) => {
  const [description, summary] = await Promise.all([
    ports.provider.describe(signal),
    ports.provider.summary({ digest: false }, signal),
  ]);
  return { result: { action: 'describe', describe: description, summary }, work: summary.work };
};
