import type { Location } from '@tanker/contract/index.ts';
import { Client, type ClientBase, escapeIdentifier, Pool } from 'pg';
import { OpenCalls } from '../open-calls.ts';
import type { PostgresProviderConfig } from './config.ts';
import type { ExportSession } from './export-session.ts';

/** Calls are short transactions; parts hold a connection for as long as their client reads. */
const CALL_CONNECTIONS = 8;
const STREAM_CONNECTIONS = 16;

/** From version 17 a server can end transactions by their age. Older ones don't know the name, hence the condition. */
const NO_TRANSACTION_TIMEOUT = `SELECT set_config('transaction_timeout', '0', false)
  WHERE current_setting('transaction_timeout', true) IS NOT NULL`;

/** The provider at one location: its server's connections and what this process has open there. */
export interface Site {
  readonly config: PostgresProviderConfig;
  readonly location: Location;
  /** The quoted name of Tanker's schema on this server. */
  readonly schema: string;
  readonly pool: Pool;
  readonly streams: Pool;
  /** Ends backends; never busy with anything else. */
  readonly control: Pool;
  readonly calls: OpenCalls;
  /** By company: the one snapshot that this process holds. */
  readonly exports: Map<string, ExportSession>;
  connect(): Promise<Client>;
  /** The provider's clock as the contract writes instants. */
  now(): string;
}

export function createSite(config: PostgresProviderConfig, server: string): Site {
  const connection = config.servers[server];
  const prepare = async (client: ClientBase) => {
    await connection?.onConnect?.(client);
    await client.query(NO_TRANSACTION_TIMEOUT);
  };
  const pool = (max: number) => {
    const made = new Pool({ max, ...connection, onConnect: prepare });
    // A connection lost while idle is replaced at its next use; without a listener it would end the process.
    made.on('error', () => undefined);
    return made;
  };
  return {
    config,
    location: { datacenter: config.datacenter, server },
    schema: escapeIdentifier(schemaName(config.name)),
    pool: pool(CALL_CONNECTIONS),
    streams: pool(STREAM_CONNECTIONS),
    control: pool(1),
    calls: new OpenCalls(),
    exports: new Map(),
    connect: async () => {
      const client = new Client(connection);
      await client.connect();
      await prepare(client);
      return client;
    },
    now: () => (config.now?.() ?? new Date()).toISOString(),
  };
}

export const schemaName = (provider: string): string => `tanker_${provider}`;

/** `schema.table` as quoted SQL. */
export const quoteTable = (table: string): string => table.split('.').map(escapeIdentifier).join('.');
