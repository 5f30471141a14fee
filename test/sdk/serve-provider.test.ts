import { once } from 'node:events';
import { type ClientRequest, createServer, type IncomingMessage, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { TankerError } from '@tanker/contract/index.ts';
import { type ProviderImplementation, serveProvider } from '@tanker/sdk/index.ts';

const TOKEN = 'a-token-for-tests-only';
/** More than the buffers of both ends and of the sockets between them. */
const LARGE = 64 * 2 ** 20;

let server: Server;
/** The last request as the server has it. */
let received: IncomingMessage;

beforeEach(async () => {
  const implementation = {
    importPart: async () => {
      throw new TankerError('SessionUnknown', {
        what: 'Refused.',
        now: 'Nothing was touched.',
        next: 'Stop.',
      });
    },
    fence: async () => undefined,
  } as unknown as ProviderImplementation;
  const { listener } = serveProvider({ implementation, tokens: [TOKEN] });
  server = createServer((asked, response) => {
    received = asked;
    listener(asked, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

const call = (method: string, path: string): ClientRequest =>
  request({
    port: (server.address() as AddressInfo).port,
    method,
    path: `/tanker/v1/locations/eu/db1/companies/acme${path}`,
    headers: {
      authorization: `Bearer ${TOKEN}`,
      'tanker-task': 't-1',
      'tanker-epoch': '1',
      'tanker-holder': 't-1/e1',
      'tanker-incarnation': 'i',
      'content-length': String(method === 'PUT' ? LARGE : 2),
    },
  });

async function statusOf(asked: ClientRequest): Promise<number | undefined> {
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  response.on('error', () => undefined);
  response.resume();
  return response.statusCode;
}

/** Sends a beginning, hears the refusal, and lets the server see that no more comes. */
async function refusedUpload(): Promise<number | undefined> {
  const upload = call('PUT', '/imports/gone/parts/0');
  upload.on('error', () => undefined);
  upload.write(Buffer.alloc(2 ** 20));
  const status = await statusOf(upload);
  const ended = once(received, 'close');
  upload.destroy();
  await ended;
  await setImmediate();
  return status;
}

// An error that nobody catches fails the test during which it comes.
test('an upload that was refused and broken off ends no process: the next call is answered', async () => {
  expect(await refusedUpload()).toBe(409);
  expect(await statusOf(call('POST', '/fence').end('{}'))).toBe(200);
});
