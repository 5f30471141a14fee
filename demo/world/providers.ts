import { createFilesProvider } from '@tanker/providers/files/index.ts';
import { createPostgresProvider, type PostgresProviderConfig } from '@tanker/providers/postgres/index.ts';
import { createQueueProvider } from '@tanker/providers/queue/index.ts';
import {
  type ProviderImplementation,
  type ProviderLogEntry,
  type RunningProvider,
  serveProvider,
} from '@tanker/sdk/index.ts';
import { FETCHER_HOOKS } from './fetcher.ts';
import {
  DOCUMENTS,
  HOOKED,
  OUTBOXES,
  type ProviderName,
  QUEUE,
  SERVICES,
  type ServiceName,
} from './schema.ts';
import { IMPORT_AFTER } from './topology.ts';

/** What a server of a datacenter is: its database, and the directory of its documents. */
export interface ServerConfig {
  /** Connection string. */
  readonly database: string;
  readonly files: string;
}

export interface ServiceProvider {
  readonly service: ProviderName;
  readonly datacenter: string;
  readonly servers: Readonly<Record<string, ServerConfig>>;
  readonly port: number;
  readonly token: string;
}

interface Made {
  readonly implementation: ProviderImplementation;
  install(server: string): Promise<unknown>;
  close(): Promise<void> | void;
}

const companyColumn = 'company_id';
const collectionsOf = (service: ServiceName, without: string) =>
  SERVICES[service]
    .filter((table) => table !== without)
    .map((table) => ({ name: table, table: `${service}.${table}`, companyColumn }));

/** Every table of the service is a collection, except its outbox, which is drained. */
function outboxOf(service: ServiceName): Pick<PostgresProviderConfig, 'outbox'> {
  if (!Object.hasOwn(OUTBOXES, service)) return {};
  return { outbox: { table: `${service}.outbox`, companyColumn, pending: 'delivered_at IS NULL' } };
}

const hooksOf = (service: ServiceName): Pick<PostgresProviderConfig, 'hooks'> =>
  service === HOOKED ? { hooks: FETCHER_HOOKS } : {};

function make({ service, datacenter, servers }: ServiceProvider): Made {
  const common = { name: service, datacenter, importAfter: [...(IMPORT_AFTER[service] ?? [])] };
  if (service === DOCUMENTS) {
    const directories = Object.entries(servers).map(([name, { files }]) => [name, { directory: files }]);
    return createFilesProvider({ ...common, servers: Object.fromEntries(directories) });
  }
  const databases = Object.entries(servers).map(([name, { database }]) => [
    name,
    { connectionString: database },
  ]);
  const onPostgres = { ...common, servers: Object.fromEntries(databases) };
  if (service === 'reminders') {
    return createQueueProvider({ ...onPostgres, queue: QUEUE, collections: collectionsOf(service, 'queue') });
  }
  return createPostgresProvider({
    ...onPostgres,
    collections: collectionsOf(service, 'outbox'),
    ...outboxOf(service),
    ...hooksOf(service),
  });
}

/** Only failures: requests that went well are on the task's own record. */
const logFailure = (entry: ProviderLogEntry): void => {
  if (entry.error !== undefined) console.error(entry);
};

/** Installs the provider of one service on every server of a datacenter, and serves it. */
export async function startProvider(options: ServiceProvider): Promise<RunningProvider> {
  const provider = make(options);
  await Promise.all(Object.keys(options.servers).map((server) => provider.install(server)));
  const server = serveProvider({
    implementation: provider.implementation,
    tokens: [options.token],
    log: logFailure,
  });
  const running = await server.listen({ port: options.port });
  return {
    url: running.url,
    close: async () => {
      await running.close();
      await provider.close();
    },
  };
}
