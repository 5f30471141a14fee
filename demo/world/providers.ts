import { createPostgresProvider, type PostgresProviderConfig } from '@tanker/providers/postgres/index.ts';
import { type ProviderLogEntry, type RunningProvider, serveProvider } from '@tanker/sdk/index.ts';
import { OUTBOXES, SERVICES, type ServiceName } from './schema.ts';
import { IMPORT_AFTER } from './topology.ts';

export interface ServiceProvider {
  readonly service: ServiceName;
  readonly datacenter: string;
  readonly server: string;
  readonly database: string;
  readonly port: number;
  readonly token: string;
}

/** Every table of the service is a collection, except its outbox, which is drained. */
const configOf = ({ service, datacenter, server, database }: ServiceProvider): PostgresProviderConfig => {
  const companyColumn = 'company_id';
  const pending = { table: `${service}.outbox`, companyColumn, pending: 'delivered_at IS NULL' };
  return {
    name: service,
    datacenter,
    servers: { [server]: { connectionString: database } },
    collections: SERVICES[service]
      .filter((table) => table !== 'outbox')
      .map((table) => ({ name: table, table: `${service}.${table}`, companyColumn })),
    importAfter: [...(IMPORT_AFTER[service] ?? [])],
    ...(Object.hasOwn(OUTBOXES, service) ? { outbox: pending } : {}),
  };
};

/** Only failures: requests that went well are on the task's own record. */
const logFailure = (entry: ProviderLogEntry): void => {
  if (entry.error !== undefined) console.error(entry);
};

/** Installs and serves the provider of one service of a datacenter. */
export async function startProvider(options: ServiceProvider): Promise<RunningProvider> {
  const provider = createPostgresProvider(configOf(options));
  await provider.install(options.server);
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
