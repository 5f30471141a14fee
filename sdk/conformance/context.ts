import assert from 'node:assert/strict';
import type { ErrorName, HookName } from '@tanker/contract/index.ts';
import { ProviderCaller } from './caller.ts';

/** A running provider that serves two servers of one datacenter, and hands for what only its owner can do. */
export interface ProviderUnderTest {
  /** Base URL, as in the topology's `endpoints`. */
  readonly url: string;
  readonly token: string;
  readonly datacenter: string;
  readonly source: string;
  readonly target: string;
  /** Puts rows of a new company into the source, past Tanker; at least one. Answers how many, over all collections. */
  seed(company: string): Promise<number>;
  /** One change of a company by the service itself. Rejects when the provider refuses it. */
  change(server: string, company: string): Promise<void>;
  /** Makes the source another incarnation, as its operator would after a restore. */
  renewIncarnation(): Promise<void>;
  /** Puts a message of the company into the store that waits for its consumer. Without it no message is looked for. */
  pending?(server: string, company: string): Promise<void>;
  /** Puts a row of the company where no collection claims it, past Tanker. Without it none is looked for. */
  unclaimed?(server: string, company: string): Promise<void>;
  /** How often a hook's effect happened for a company. Without it only the provider's own word on that is looked at. */
  hookRuns?(server: string, company: string, hook: HookName): Promise<number>;
  close(): Promise<void>;
}

/** What a case works with: the provider, and companies that no other case knows. */
export class ConformanceContext {
  readonly provider: ProviderUnderTest;
  readonly company: string;

  constructor(provider: ProviderUnderTest, company: string) {
    this.provider = provider;
    this.company = company;
  }

  /** A caller with an epoch and the present incarnation. */
  async at(where: 'source' | 'target', epoch = 1, company = this.company): Promise<ProviderCaller> {
    const { url, token, datacenter } = this.provider;
    const fence = { task: 'conform', epoch, holder: `conform/e${epoch}`, incarnation: 'none' };
    const caller = new ProviderCaller({
      ...{ url, token, datacenter, company, fence },
      server: this.provider[where],
    });
    return caller.as({ incarnation: (await caller.describe()).incarnation });
  }

  /** Seeds the company and answers a caller at the source. */
  async seeded(epoch = 1): Promise<ProviderCaller> {
    await this.provider.seed(this.company);
    return this.at('source', epoch);
  }

  /** A change by the service at a location. */
  change = (where: 'source' | 'target'): Promise<void> =>
    this.provider.change(this.provider[where], this.company);
}

/** A sentence of behaviour, and what shows it. Throws when the provider behaves otherwise. */
export interface ConformanceCase {
  readonly title: string;
  run(context: ConformanceContext): Promise<void>;
}

/** JSON with the keys of every object in one order. */
const textOf = (value: unknown): string =>
  JSON.stringify(value, (_key, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );

/** Fails unless two answers are the same JSON: objects of another realm, as some runners make them, are equal too. */
export const equal = (actual: unknown, expected: unknown): void =>
  assert.equal(textOf(actual), textOf(expected));

/** Fails unless the call is refused by this name. */
export async function refused(call: Promise<unknown>, name: ErrorName): Promise<void> {
  await assert.rejects(call, (error: Error) => {
    assert.equal(error.name, name, `refused as ${error.name}, not as ${name}: ${error.message}`);
    return true;
  });
}

export const rowsOf = (collections: readonly { readonly rows: number }[]): number =>
  collections.reduce((sum, { rows }) => sum + rows, 0);
