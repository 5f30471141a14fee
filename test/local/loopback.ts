import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { WireHandler } from '../../local/wire.ts';

export interface Loopback {
  readonly endpoint: string;
  readonly port: number;
  close(): Promise<void>;
}

/** Serves one handler on loopback; region, service and caller are read from the SigV4 credential scope. */
export async function serve(handle: WireHandler): Promise<Loopback> {
  const server = createServer((http, response) => {
    const url = new URL(http.url ?? '/', 'http://loopback');
    const credential = /Credential=([^/]+)\/\d{8}\/([^/]+)\/([^/]+)\//.exec(http.headers.authorization ?? '');
    const [, accessKeyId = 'AKIATEST', region = 'eu-central-1', service = 's3'] = credential ?? [];
    const path = (http.url ?? '/').split('?', 1)[0] ?? '/';
    const wire = {
      http,
      method: http.method ?? 'GET',
      path,
      query: url.searchParams,
      region,
      service,
      accessKeyId,
    };
    handle(wire, response).catch((error: unknown) => {
      console.error(error);
      response.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A clock that stands still until it's set; it fires no timers, which none of these services use. */
export function movableClock(startIso: string): {
  now(): number;
  after(): () => void;
  set(iso: string): number;
} {
  let time = Date.parse(startIso);
  return {
    now: () => time,
    after: () => () => undefined,
    set(iso) {
      time = Date.parse(iso);
      return time;
    },
  };
}
