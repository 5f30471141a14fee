import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CONTRACT_VERSION, type Describe, type Summary } from '@tanker/contract/index.ts';
import type { Annex } from '../../demo/world/topology.ts';

/**
 * A datacenter whose providers only answer plan's questions, each server with one thing wrong: at `dark` the mail
 * provider hangs up, at `old` and `new` the notes provider reads and writes another version, at `huge` a company has
 * 10 TB.
 */
export const ANNEX = 'annex';
export type AnnexServer = 'dark' | 'old' | 'new' | 'huge';
const SERVERS: readonly AnnexServer[] = ['dark', 'old', 'new', 'huge'];

const OTHER_VERSION = 99;
const HUGE_BYTES = 10e12;
const ROUTE = /^\/([a-z]+)\/tanker\/v1\/locations\/annex\/([a-z]+)(\/companies\/[^/]+\/summary)?$/;
/** Of the providers whose readers run at the other side. */
const formatOf = (provider: string): string =>
  provider === 'documents' ? 'tanker-files' : 'tanker-postgres-copy';

export interface ProvidersOfAnnex {
  readonly annex: Annex;
  stop(): Promise<void>;
}

function describe(provider: string, server: string): Describe {
  const version = (server === 'old' || server === 'new') && provider === 'notes' ? OTHER_VERSION : 1;
  return {
    name: provider,
    contractVersion: CONTRACT_VERSION,
    incarnation: 'annex-1',
    writes: { name: formatOf(provider), version },
    reads: [{ name: formatOf(provider), version }],
    abilities: ['export', 'import'],
    hooks: [],
    importAfter: [],
    collections: ['everything'],
    now: new Date().toISOString(),
  };
}

const summary = (server: string): Summary => ({
  incarnation: 'annex-1',
  epoch: 0,
  holder: null,
  closed: null,
  collections: server === 'huge' ? [{ name: 'everything', rows: 1, bytes: HUGE_BYTES }] : [],
  stagingRows: 0,
  unclaimed: [],
  watermark: '0',
  work: [],
});

function answer(request: IncomingMessage, response: ServerResponse): void {
  const [, provider = '', server = '', asksSummary] = ROUTE.exec(request.url ?? '') ?? [];
  if (!provider || (server === 'dark' && provider === 'mail')) return void request.socket.destroy();
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(asksSummary ? summary(server) : describe(provider, server)));
}

export async function startProvidersOfAnnex(): Promise<ProvidersOfAnnex> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    annex: { name: ANNEX, region: 'ap-southeast-2', jurisdiction: 'EU', servers: SERVERS, url },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
