// One datacenter of Northwind CRM as a process: the product's API, the job that delivers messages, and the five
// services' providers, all on the datacenter's one database. `node datacenter.ts CONFIG.json`.
import { createServer } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import pg from 'pg';
import { runChild, type Service } from './child.ts';
import { startDeliveries } from './deliveries.ts';
import { productApi } from './product-api.ts';
import { startProvider } from './providers.ts';
import { SERVICE_NAMES, type ServiceName } from './schema.ts';

export interface DatacenterConfig {
  readonly datacenter: string;
  readonly server: string;
  /** Connection string of the server's database. */
  readonly database: string;
  /** Port of the product's API. */
  readonly port: number;
  readonly providers: Readonly<Record<ServiceName, { readonly port: number; readonly token: string }>>;
}

/** Connections of the product to its database: 2 cores, and short statements. */
const POOL_SIZE = 10;
const KEEP_ALIVE_MS = 75_000;

async function startDatacenter(config: DatacenterConfig): Promise<Service> {
  const providers = await Promise.all(
    SERVICE_NAMES.map((service) => startProvider({ ...config, ...config.providers[service], service })),
  );
  const pool = new pg.Pool({ connectionString: config.database, max: POOL_SIZE });
  pool.on('error', (error) => console.error(error));
  const deliveries = startDeliveries(pool);
  const listener = getRequestListener(productApi(pool, deliveries.wake).fetch);
  const server = createServer((request, response) => {
    listener(request, response).catch((error) => console.error(error));
  });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(config.port, '127.0.0.1', resolve);
  });
  return {
    ready: { port: config.port },
    stop: async () => {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      await deliveries.stop();
      await Promise.all([pool.end(), ...providers.map((provider) => provider.close())]);
      return {};
    },
  };
}

await runChild(startDatacenter);
