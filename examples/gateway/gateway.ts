import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { refuse, refuseTunnel } from './answers.ts';
import { gatewayApi } from './api.ts';
import { AuthorityStore } from './authority-store.ts';
import type { GatewayConfig } from './config.ts';
import { gatewayProxy } from './proxy.ts';
import { Traffic } from './traffic.ts';

/** How often ended leases are looked for; a request or call that meets one ends it at once. */
const LEASE_SWEEP_MS = 250;

/** Longer than clients and load balancers keep a connection: the server never closes one under a request. */
const KEEP_ALIVE_MS = 75_000;

/** Requests in flight get this long when the gateway is stopped; an operator's stop is not a promise to customers. */
const STOP_GRACE_MS = 2000;

export interface Gateway {
  readonly port: number;
  /** Takes no new requests, gives those in flight STOP_GRACE_MS, and closes the record. */
  stop(): Promise<void>;
}

/** Starts the gateway on 127.0.0.1. `onDefect` is told what no refusal explains. */
export async function startGateway(
  config: GatewayConfig,
  onDefect: (error: unknown) => void,
): Promise<Gateway> {
  const store = new AuthorityStore(config.database);
  const traffic = new Traffic();
  const api = getRequestListener(gatewayApi({ store, traffic, config, onDefect }).fetch);
  const proxy = gatewayProxy({ store, traffic, routes: config.routes });
  const server = createServer((request, response) => {
    if (!request.url?.startsWith('/c/')) {
      api(request, response).catch(onDefect);
      return;
    }
    try {
      proxy(request, response);
    } catch (error) {
      onDefect(error);
      refuse(response, 500, 'failed');
    }
  });
  server.on('connect', refuseTunnel);
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.requestTimeout = 0;
  const sweep = setInterval(() => store.endDueLeases(), LEASE_SWEEP_MS);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(config.port, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    stop: async () => {
      clearInterval(sweep);
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        setTimeout(() => server.closeAllConnections(), STOP_GRACE_MS).unref();
      });
      store.close();
    },
  };
}
