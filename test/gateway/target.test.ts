import { createConnection } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { headerFault, inwardHeaders, withoutHops } from '../../examples/gateway/headers.ts';
import { isPlainTarget } from '../../examples/gateway/target.ts';
import { claimant, GatewayProcess, type Service, startService } from './gateway-process.ts';

let us: Service;
let gateway: GatewayProcess;

beforeAll(async () => {
  us = await startService();
  us.handle = (request, response) => {
    request.resume();
    request.on('end', () => response.end('ok'));
  };
  gateway = await new GatewayProcess({ 'us/db1': `http://127.0.0.1:${us.port}` }).start();
  for (const company of ['acme', 'bravo', 'chunks']) await gateway.signUp(company);
  await gateway.call('claim', 'bravo', claimant(1));
  await gateway.call('lock', 'bravo', { ...claimant(1), leaseSeconds: 600 });
});
afterAll(async () => {
  await gateway.stop();
  await us.stop();
});
beforeEach(() => {
  us.seen.length = 0;
});

/** Sends octets that no HTTP client would, and answers the status line. */
async function raw(octets: string): Promise<string> {
  const { port, hostname } = new URL(gateway.url);
  const socket = createConnection(Number(port), hostname);
  socket.write(octets);
  const [statusLine = ''] = (await text(socket)).split('\r\n');
  return statusLine;
}

const rawRequest = (line: string, ...headers: string[]) =>
  raw([`${line} HTTP/1.1`, 'Host: x', 'Connection: close', ...headers, '', ''].join('\r\n'));

const AMBIGUOUS = [
  '/c/acme/../bravo/deals',
  '/c/acme/x/../../bravo/deals',
  '/c/acme/./deals',
  '/c/acme/..',
  '/c/acme/%2e%2e/bravo/deals',
  '/c/acme/.%2E/bravo/deals',
  '/c/acme/%252e%252e/bravo/deals',
  '/c/acme/..\\bravo/deals',
  '/c/acme/..%5cbravo/deals',
  '/c/acme/..%2fbravo/deals',
  '/c/acme/..%252fbravo/deals',
  '/c/acme/..;/bravo/deals',
  '/c/acme/..%3bx=1/bravo/deals',
  '/c/acme/%c0%ae%c0%ae/bravo/deals',
  '/c/acme/%zz',
  '/c/acme/x%00',
  '/c/acme/x#/../bravo',
  '/c/acme%2f..%2fbravo/deals',
];

test.each(AMBIGUOUS)('%s is refused with 400 and reaches no service', async (target) => {
  expect(await rawRequest(`POST ${target}`, 'Content-Length: 0')).toBe('HTTP/1.1 400 Bad Request');
  expect(us.seen.length).toBe(0);
});

const NO_COMPANY_PATH = [
  'http://x/c/acme/deals',
  'http://x/c/bravo/deals',
  '//c/acme/deals',
  '/C/acme/deals',
  '/x/../c/acme/deals',
  '/c',
];

test.each(NO_COMPANY_PATH)('%s is no path of a company and is passed on to nobody', async (target) => {
  expect(await rawRequest(`GET ${target}`)).toBe('HTTP/1.1 401 Unauthorized');
  expect(us.seen.length).toBe(0);
});

test('a company has one spelling', async () => {
  for (const target of ['/c//acme/deals', '/c/%61cme/deals', '/c/ACME/deals', '/c/acme;v=1/deals']) {
    expect([target, await rawRequest(`GET ${target}`)]).toEqual([target, 'HTTP/1.1 404 Not Found']);
  }
  expect(us.seen.length).toBe(0);
});

test('every other path goes to the service octet by octet', async () => {
  const targets = [
    '/c/acme',
    '/c/acme/',
    '/c/acme?back=/../bravo',
    '/c/acme/...//a.b/.hidden/..c/%e2%82%ac%20%25?q=%2f..%2f',
    '/c/acme/{a|b}"^`<>/x;y=1',
  ];
  for (const target of targets) expect(await rawRequest(`GET ${target}`)).toBe('HTTP/1.1 200 OK');
  expect(us.seen.map(({ url }) => url)).toEqual(targets);
});

test('a path is plain when it was encoded as often as a service may decode it', () => {
  expect(isPlainTarget('/c/acme/100%25%20sure')).toBe(true);
  expect(isPlainTarget('/c/acme/%25252e%25252e/bravo')).toBe(false);
});

const INNER = 'POST /c/bravo/deals HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi';

test.each(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'POST'])(
  'a %s whose Connection names content-length and host smuggles nothing',
  async (method) => {
    const length = `Content-Length: ${INNER.length}`;
    const head = [`${method} /c/acme/x HTTP/1.1`, 'Host: x', length];
    await raw([...head, 'Connection: content-length, Host, close', '', INNER].join('\r\n'));
    expect(us.seen.map(({ url }) => url)).toEqual(['/c/acme/x']);
    expect(us.seen[0]?.headers).toMatchObject({ host: 'x', 'content-length': String(INNER.length) });
  },
);

test('what frames a request in two ways, or for two hosts, is refused', async () => {
  const both = ['Content-Length: 5', 'Transfer-Encoding: chunked'];
  expect(await rawRequest('POST /c/acme/x', ...both)).toMatch(/^HTTP\/1.1 400 /);
  expect(await rawRequest('POST /c/acme/x', 'Host: y')).toMatch(/^HTTP\/1.1 400 /);
  expect(await rawRequest('POST /c/acme/x', 'Transfer-Encoding: gzip, chunked')).toMatch(/^HTTP\/1.1 501 /);
  expect(us.seen.length).toBe(0);
});

test('content-length beside transfer-encoding is refused also when the parser lets it pass', () => {
  const headers = { host: 'x', 'content-length': '5', 'transfer-encoding': 'chunked' };
  expect(headerFault({ headers, headersDistinct: { host: ['x'] } })?.status).toBe(400);
});

test('the placement version is the gateway’s word, however a client spells and hides its own', () => {
  const sent = { 'x-placement-version': '9', x_placement_version: '9', 'x-placement_version': '9' };
  expect(inwardHeaders({ ...sent, connection: 'x-placement-version' }, 3)).toEqual({
    'x-placement-version': '3',
  });
});

test('an answer keeps its length, and loses what its Connection names', () => {
  const headers = { connection: 'Content-Length, x-mine', 'content-length': '5', 'x-mine': '1', etag: 'e' };
  expect(withoutHops(headers)).toEqual({ 'content-length': '5', etag: 'e' });
});

test('CONNECT is refused, an upgrade is not made, and OPTIONS is a request like any other', async () => {
  expect(await rawRequest('CONNECT acme:80')).toBe('HTTP/1.1 405 Method Not Allowed');
  expect(us.seen.length).toBe(0);
  const upgrade = ['Connection: upgrade', 'Upgrade: websocket'];
  expect(await rawRequest('GET /c/acme/socket', ...upgrade)).toBe('HTTP/1.1 200 OK');
  expect(us.seen.at(-1)?.headers.upgrade).toBeUndefined();
  expect(await rawRequest('OPTIONS /c/acme/deals')).toBe('HTTP/1.1 200 OK');
  expect(us.seen.at(-1)).toMatchObject({ method: 'OPTIONS', url: '/c/acme/deals' });
  expect(await rawRequest('OPTIONS *')).toMatch(/^HTTP\/1.1 4/);
});

test('a service that upgrades unasked is 502 and not waited for', async () => {
  us.handle = (_request, response) => {
    response.socket?.end('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n');
  };
  expect(await rawRequest('GET /c/chunks/socket')).toBe('HTTP/1.1 502 Bad Gateway');
  await gateway.call('claim', 'chunks', claimant(1));
  const locked = await gateway.call('lock', 'chunks', { ...claimant(1), leaseSeconds: 600 });
  expect(locked.status).toBe(200);
});
