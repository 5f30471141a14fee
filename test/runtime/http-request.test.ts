import { once } from 'node:events';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import tls from 'node:tls';
import { afterAll, expect, test } from '@jest/globals';
import { CONNECT_TIMEOUT_MS, sendRequest } from '../../lambdas/runtime/http-request.ts';
import { loopbackCertificate } from '../support/loopback-certificate.ts';

const closing: (() => void)[] = [];
afterAll(() => {
  for (const close of closing.splice(0)) close();
});

async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (server.address() as AddressInfo).port;
}

const get = (port: number) =>
  sendRequest({ method: 'GET', url: new URL(`https://127.0.0.1:${port}/`), headers: {} });

test.concurrent('a host that takes the connection and never answers the TLS handshake is given up like one that takes none', async () => {
  const port = await listen(createServer());
  await expect(get(port)).rejects.toThrow(`No connection within ${CONNECT_TIMEOUT_MS} ms.`);
}, 10_000);

test.concurrent('a host that has shaken hands may take its time for the answer', async () => {
  const { key, cert } = loopbackCertificate();
  tls.setDefaultCACertificates([cert]);
  const port = await listen(
    createHttpsServer({ key, cert }, async (_request, response) => {
      await sleep(CONNECT_TIMEOUT_MS + 500);
      response.end('late');
    }),
  );
  expect(await text(await get(port))).toBe('late');
}, 10_000);
