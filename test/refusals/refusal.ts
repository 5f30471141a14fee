import type { ErrorName } from '@tanker/contract/index.ts';
import type { Worlds } from './worlds.ts';

/** One reason for which somebody meets an error. */
export interface Reason {
  /** Words that its first sentence holds: the company, task, provider, place or field that it is about. */
  readonly names: readonly string[];
  /** Provokes it through the product's own code: throws it, or answers how it was told. */
  readonly provoke: (worlds: Worlds) => unknown;
}

/** One place that tells an error, with each of its reasons by a title. */
export interface Site {
  /** The file of its `new TankerError(`, or of its Fail state. */
  readonly file: string;
  readonly reasons: Readonly<Record<string, Reason>>;
}

/** Sites of some of the contract's names; each name is in one file of this folder. */
export type Refusals<Name extends ErrorName = ErrorName> = Readonly<Record<Name, readonly Site[]>>;

/** Some names of the contract with their sites. */
export const area = <Name extends ErrorName>(sites: Refusals<Name>): Refusals<Name> => sites;
