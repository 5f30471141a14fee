// One datacenter of Northwind CRM as a process: for each of its servers the product's API and the job that delivers
// messages, and the providers of all services, each for all servers. `node datacenter.ts CONFIG.json`.
import { createServer } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { FileStore } from '@tanker/providers/files/index.ts';
import { Hono } from 'hono';
import pg from 'pg';
import { runChild, type Service } from './child.ts';
import { startDeliveries } from './deliveries.ts';
import { documentsApi } from './documents-api.ts';
import { productApi } from './product-api.ts';
import { type ServerConfig, startProvider } from './providers.ts';
import { PROVIDER_NAMES, type ProviderName } from './schema.ts';

export interface DatacenterConfig {
  readonly datacenter: string;
  readonly servers: Readonly<Record<string, ServerConfig>>;
  /** Port of the product's API: each server's is below `/servers/<server>`. */
  readonly port: number;
  readonly providers: Readonly<Record<ProviderName, { readonly port: number; readonly token: string }>>;
}

/** Connections of the product to a database: 2 cores, and short statements. */
const POOL_SIZE = 10;
const KEEP_ALIVE_MS = 75_000;

/** The product on one server. */
function startProduct({ database, files }: ServerConfig) {
  const pool = new pg.Pool({ connectionString: database, max: POOL_SIZE });
  pool.on('error', (error) => console.error(error));
  const store = new FileStore(files);
  const deliveries = startDeliveries(pool);
  return {
    app: new Hono().route('/', documentsApi(store)).route('/', productApi(pool, deliveries.wake)),
    stop: async () => {
      await deliveries.stop();
      await pool.end();
      store.close();
    },
  };
}

async function startDatacenter(config: DatacenterConfig): Promise<Service> {
  const { datacenter, servers } = config;
  const providers = await Promise.all(
    PROVIDER_NAMES.map((service) =>
      startProvider({ datacenter, servers, ...config.providers[service], service }),
    ),
  );
  const app = new Hono();
  const products = Object.entries(servers).map(([server, at]) => {
    const product = startProduct(at);
    app.route(`/servers/${server}`, product.app);
    return product;
  });
  const listener = getRequestListener(app.fetch);
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
      await Promise.all([...products.map((one) => one.stop()), ...providers.map((one) => one.close())]);
      return {};
    },
  };
}

await runChild(startDatacenter);
