import {
  type HookName,
  haveInverse,
  INVERSE_MISSING,
  type Location,
  MAX_PART_BYTES,
  ProviderName,
  ServerName,
} from '@tanker/contract/index.ts';
import type { ClientBase, PoolConfig } from 'pg';

/** A table whose rows belong to companies by one of its columns. */
export interface CollectionConfig {
  /** The collection's name in digests and manifests; the same at every location. */
  readonly name: string;
  /** `schema.table` */
  readonly table: string;
  /** A column of type text, varchar, uuid, smallint, integer or bigint that holds the company's id. */
  readonly companyColumn: string;
}

/** Where messages of companies wait for their consumer. Its rows are erased with the company and never copied. */
export interface OutboxConfig {
  /** `schema.table` */
  readonly table: string;
  readonly companyColumn: string;
  /** An SQL condition over the table's columns: true for a message that is not yet worked off. */
  readonly pending: string;
}

export interface HookContext {
  /** Inside the transaction that records the hook's key: what it does through this client happens once. */
  readonly client: ClientBase;
  readonly company: string;
  readonly location: Location;
  readonly version: number;
  readonly signal: AbortSignal;
}
/** A function, or one SQL statement with the company as `$1`. */
export type Hook = string | ((context: HookContext) => Promise<void>);

export interface PostgresProviderConfig {
  readonly name: string;
  readonly datacenter: string;
  /** Connection of each server of this datacenter. The role owns the tables, or may read, write and add triggers. */
  readonly servers: Readonly<Record<string, PoolConfig>>;
  /** In an order in which rows may be inserted: what others refer to comes first. Erased in the reverse order. */
  readonly collections: readonly CollectionConfig[];
  readonly outbox?: OutboxConfig;
  /** Providers that must be imported before this one. */
  readonly importAfter?: readonly string[];
  readonly hooks?: Readonly<Partial<Record<HookName, Hook>>>;
  /** Default and maximum: the contract's 1 GiB. */
  readonly maxPartBytes?: number;
  /** The provider's clock. Default: the machine's. */
  readonly now?: () => Date;
}

export const FORMAT = { name: 'tanker-postgres-copy', version: 1 } as const;

/** Checks what TypeScript can't. Throws an Error that names the field. */
export function checkConfig(config: PostgresProviderConfig): void {
  ProviderName.parse(config.name);
  for (const server of Object.keys(config.servers)) ServerName.parse(server);
  const names = config.collections.map((collection) => collection.name);
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice) throw new Error(`The collection "${twice}" of provider ${config.name} is there twice.`);
  for (const { table } of [...config.collections, ...(config.outbox ? [config.outbox] : [])]) {
    if (!/^[^.]+\.[^.]+$/.test(table)) throw new Error(`The table "${table}" is not named as schema.table.`);
  }
  if (!haveInverse(Object.keys(config.hooks ?? {}) as HookName[])) {
    throw new Error(`The hooks of provider ${config.name}: ${INVERSE_MISSING}.`);
  }
  if (config.maxPartBytes !== undefined && !(config.maxPartBytes <= MAX_PART_BYTES)) {
    throw new Error(`maxPartBytes is ${config.maxPartBytes}; the contract allows ${MAX_PART_BYTES}.`);
  }
}
