import { once } from 'node:events';
import {
  type ClientRequest,
  request as httpRequest,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import {
  type Answer,
  claimant,
  EU,
  GatewayProcess,
  home,
  type Service,
  startService,
  US,
} from './gateway-process.ts';

let us: Service;
let eu: Service;
let gateway: GatewayProcess;

beforeAll(async () => {
  [us, eu] = [await startService(), await startService()];
  gateway = await new GatewayProcess({
    'us/db1': `http://127.0.0.1:${us.port}`,
    'eu/db1': `http://127.0.0.1:${eu.port}`,
  }).start();
});
afterAll(async () => {
  await gateway.stop();
  await us.stop();
  await eu.stop();
});
beforeEach(() => {
  us.handle = (_request, response) => response.end('{"from":"us"}');
  eu.handle = (_request, response) => response.end('{"from":"eu"}');
});

/** Lets the us service hold its next answer; resolves when the request has arrived there. */
function heldAtService(): { arrived: Promise<ServerResponse> } {
  const arrived = new Promise<ServerResponse>((resolve) => {
    us.handle = (request, response) => {
      request.resume();
      request.on('end', () => resolve(response));
    };
  });
  return { arrived };
}

function send(path: string, body: string): ClientRequest {
  const request = httpRequest(`${gateway.url}${path}`, { method: 'POST' });
  request.on('error', () => {});
  request.end(body);
  return request;
}

async function claimed(company: string): Promise<() => Promise<Answer>> {
  await gateway.signUp(company);
  await gateway.call('claim', company, claimant(1));
  return () => gateway.call('lock', company, { ...claimant(1), leaseSeconds: 600 });
}

const pending = Symbol('pending');
const stateOf = (promise: Promise<unknown>) =>
  Promise.race([promise, gateway.read('acme').then(() => pending)]);

test('a request goes home with the placement version, and follows a commit', async () => {
  const lock = await claimed('acme');
  expect(
    (await gateway.request('/c/acme/deals?q=1', { headers: { 'x-placement-version': '9' } })).body,
  ).toEqual({
    from: 'us',
  });
  expect(us.seen.at(-1)).toMatchObject({ url: '/c/acme/deals?q=1', headers: { 'x-placement-version': '0' } });
  await lock();
  await gateway.call('commit', 'acme', {
    ...claimant(1),
    grant: 1,
    from: home(US),
    to: home(EU),
    version: 0,
  });
  await gateway.call('unlock', 'acme', claimant(1));
  expect((await gateway.request('/c/acme/deals')).body).toEqual({ from: 'eu' });
  expect(eu.seen.at(-1)?.headers['x-placement-version']).toBe('1');
});

test('a locked company gets 423 with Retry-After and its neighbours are served', async () => {
  const lock = await claimed('locked');
  await gateway.signUp('neighbour');
  await lock();
  const refused = await gateway.request('/c/locked/deals', { method: 'POST', body: 'x' });
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([423, '2']);
  expect(refused.headers.get('content-type')).toBe('application/problem+json');
  expect((await gateway.request('/c/neighbour/deals')).status).toBe(200);
});

test('an unknown company is 404, a removed one 410, a dead service 502', async () => {
  expect((await gateway.request('/c/nobody/deals')).status).toBe(404);
  expect((await gateway.request('/c/%20/deals')).status).toBe(404);
  const lock = await claimed('leaver');
  us.handle = (request) => request.socket.destroy();
  expect((await gateway.request('/c/leaver/deals')).status).toBe(502);
  await lock();
  const removed = { state: 'removed' };
  await gateway.call('commit', 'leaver', {
    ...claimant(1),
    grant: 1,
    from: home(US),
    to: removed,
    version: 0,
  });
  await gateway.call('unlock', 'leaver', claimant(1));
  expect((await gateway.request('/c/leaver/deals')).status).toBe(410);
});

test('bodies stream both ways while the request is under way', async () => {
  await gateway.signUp('streamer');
  us.handle = (request, response) => request.pipe(response);
  const request = httpRequest(`${gateway.url}/c/streamer/echo`, { method: 'POST' });
  request.write('first ');
  const [answer] = (await once(request, 'response')) as [IncomingMessage];
  const [chunk] = await once(answer, 'data');
  expect(String(chunk)).toBe('first ');
  request.end('last');
  expect(await text(answer)).toBe('last');
});

test('a DELETE with a chunked body reaches the service whole', async () => {
  await gateway.signUp('deleter');
  let seen = '';
  us.handle = async (request, response) => {
    seen = await text(request);
    response.end();
  };
  const request = httpRequest(`${gateway.url}/c/deleter/deals`, {
    method: 'DELETE',
    headers: { 'transfer-encoding': 'chunked' },
  });
  request.end('{"all":true}');
  const [answer] = (await once(request, 'response')) as [IncomingMessage];
  answer.resume();
  expect([answer.statusCode, seen]).toEqual([200, '{"all":true}']);
});

test('the lock answers only when the last request in flight is finished, and refuses new ones meanwhile', async () => {
  const lock = await claimed('busy');
  const { arrived } = heldAtService();
  const request = send('/c/busy/deals', 'body');
  const answered = once(request, 'response');
  const response = await arrived;
  const locking = lock();
  while ((await gateway.read('busy')).body.lock === null);
  expect((await gateway.request('/c/busy/deals')).status).toBe(423);
  expect(await stateOf(locking)).toBe(pending);
  response.end('{"done":true}');
  const [answer] = (await answered) as [IncomingMessage];
  expect(await text(answer)).toBe('{"done":true}');
  expect((await locking).status).toBe(200);
});

test('a request whose client has gone away is in flight until its service has finished', async () => {
  const lock = await claimed('zombie');
  const { arrived } = heldAtService();
  const request = send('/c/zombie/deals', 'body');
  const response = await arrived;
  request.destroy();
  const locking = lock();
  while ((await gateway.read('zombie')).body.lock === null);
  expect(await stateOf(locking)).toBe(pending);
  response.end('{"done":true}');
  expect((await locking).status).toBe(200);
});

test('a request whose body never came whole is ended at its service and is not waited for', async () => {
  const lock = await claimed('half');
  const begun = Promise.withResolvers<void>();
  const aborted = Promise.withResolvers<void>();
  us.handle = (request) => {
    request.once('data', () => begun.resolve());
    request.once('close', () => aborted.resolve());
  };
  const request = httpRequest(`${gateway.url}/c/half/deals`, {
    method: 'POST',
    headers: { 'content-length': 99 },
  });
  request.on('error', () => {});
  request.write('half');
  await begun.promise;
  request.destroy();
  await aborted.promise;
  expect((await lock()).status).toBe(200);
});
