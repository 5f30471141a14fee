import type { PoolConfig } from 'pg';
import type { CollectionConfig, PostgresProviderConfig } from '../postgres/config.ts';
import { createPostgresProvider, type PostgresProvider } from '../postgres/index.ts';
import type { QueueTable } from './queue.ts';

export interface QueueProviderConfig {
  readonly name: string;
  readonly datacenter: string;
  /** Connection of each server of this datacenter. */
  readonly servers: Readonly<Record<string, PoolConfig>>;
  /** The queue, made by `queueSql` or of the same columns and more. */
  readonly queue: QueueTable;
  /** Tables beside it, such as the record of what was delivered. */
  readonly collections?: readonly CollectionConfig[];
  readonly importAfter?: readonly string[];
  readonly hooks?: PostgresProviderConfig['hooks'];
}

/**
 * A provider for a queue with delayed messages. It is the PostgreSQL provider told two things about one table: a
 * message that is due counts as pending, so a drain waits until consumers have worked it off; and the table is a
 * collection, so every message that is there when the company closes is exported with its due time, imported and
 * delivered at the target. A message that becomes due between the drain and the closing moves like any other, and none
 * is pending where the company is closed: what is there then is the copy of what moved.
 */
export const createQueueProvider = (config: QueueProviderConfig): PostgresProvider =>
  createPostgresProvider({
    name: config.name,
    datacenter: config.datacenter,
    servers: config.servers,
    collections: [{ ...config.queue, name: 'messages' }, ...(config.collections ?? [])],
    outbox: { ...config.queue, pending: 'deliver_at <= now()' },
    ...(config.importAfter ? { importAfter: config.importAfter } : {}),
    ...(config.hooks ? { hooks: config.hooks } : {}),
  });
