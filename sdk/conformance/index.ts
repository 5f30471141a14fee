import { ConformanceContext, type ProviderUnderTest } from './context.ts';
import { EXPORT_CASES } from './export-cases.ts';
import { FENCE_CASES } from './fence-cases.ts';
import { HOOK_CASES } from './hook-cases.ts';
import { IMPORT_CASES } from './import-cases.ts';
import { LIFE_CASES } from './life-cases.ts';

export type { ConformanceCase, ProviderUnderTest } from './context.ts';

export interface ProviderSuite {
  /** Each may run alone, in any order; one after the other. */
  readonly cases: readonly { readonly title: string; run(): Promise<void> }[];
  /** Closes the provider, if a case has made it. */
  close(): Promise<void>;
}

/**
 * What every provider of the contract must do: fences, closing, exports, sessions, publish, seal, erase, second
 * lives, hooks, repeats, checksums and incarnations, over HTTP, so that the provider may be written in anything. For any test runner:
 *
 *     const suite = describeProvider({ make });
 *     afterAll(suite.close);
 *     for (const { title, run } of suite.cases) test(title, run);
 */
export function describeProvider({ make }: { make(): Promise<ProviderUnderTest> }): ProviderSuite {
  let made: Promise<ProviderUnderTest> | undefined;
  const cases = [...FENCE_CASES, ...EXPORT_CASES, ...IMPORT_CASES, ...LIFE_CASES, ...HOOK_CASES].map(
    ({ title, run }, index) => ({
      title,
      run: async () => {
        made ??= make();
        await run(new ConformanceContext(await made, `conform-${index}`));
      },
    }),
  );
  return { cases, close: async () => (await made)?.close() };
}
