import { once } from 'node:events';
import {
  Agent,
  type ClientRequest,
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { type AddressInfo, createConnection, createServer as createRawServer, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from '@jest/globals';
import { forward } from '../../examples/gateway/forward.ts';
import { Traffic } from '../../examples/gateway/traffic.ts';

const endings: (() => void)[] = [];
afterEach(() => {
  for (const end of endings.splice(0)) end();
});

async function listening(server: ReturnType<typeof createRawServer>): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function serving(handle: RequestListener): Promise<{ server: Server; port: number }> {
  const server = createServer(handle);
  const port = await listening(server);
  endings.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return { server, port };
}

/** A service that is told when a connection ends, and ends its own side only when the test does. */
async function rawService(): Promise<{ port: number; connected: Promise<Socket> }> {
  const server = createRawServer({ allowHalfOpen: true });
  const connected = once(server, 'connection').then(([socket]) => socket as Socket);
  const port = await listening(server);
  endings.push(() => {
    server.close();
    connected.then((socket) => socket.destroy());
  });
  return { port, connected };
}

/** Passes every request on to the port; `admitted` sees each one before. */
async function forwarding(
  port: number,
  agent: Agent = new Agent({ keepAlive: true }),
  admitted: (request: IncomingMessage) => void = () => {},
) {
  const traffic = new Traffic();
  endings.push(() => agent.destroy());
  const { port: own } = await serving((request, response) => {
    admitted(request);
    const leave = traffic.enter('acme');
    forward(request, response, { route: `http://127.0.0.1:${port}/`, version: 1, agent, leave });
  });
  const send = (method: string, headers: object = {}): ClientRequest => {
    const request = httpRequest({
      port: own,
      host: '127.0.0.1',
      path: '/c/acme/x',
      method,
      headers: { ...headers },
    });
    request.on('error', () => {});
    return request;
  };
  return { traffic, send, port: own };
}

const until = async (holds: () => boolean) => {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
};

/** A request whose sender goes away in its middle; its service has heard the end. */
async function cutRequest() {
  const service = await rawService();
  const { traffic, send } = await forwarding(service.port);
  const request = send('POST', { 'content-length': 99 });
  request.write('half');
  const socket = await service.connected;
  await once(socket, 'data');
  request.destroy();
  socket.resume();
  await once(socket, 'end');
  return { traffic, socket };
}

test('a request that was cut is in flight until its service, told of the end, has ended the connection', async () => {
  const { traffic, socket } = await cutRequest();
  await sleep(30); // time in which a gateway that closed would notice its own closing
  expect(traffic.count('acme')).toBe(1);
  socket.end();
  expect(await traffic.quiet('acme', 60)).toBe(true);
});

test('a request that was cut is out of flight when its service has answered, also with the connection left open', async () => {
  const { traffic, socket } = await cutRequest();
  socket.write('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n');
  expect(await traffic.quiet('acme', 60)).toBe(true);
});

test('a request that came whole but was not sent on whole when its client left is told to the service as cut', async () => {
  const written: (() => void)[] = [];
  let octets = 0;
  const ended = Promise.withResolvers<void>();
  const stalled = new Duplex({
    read: () => {},
    write: (chunk, _encoding, done) => {
      octets += chunk.length;
      written.push(done);
    },
    final: (done) => {
      done();
      ended.resolve();
    },
  });
  const agent = new Agent();
  agent.createConnection = () => stalled as Socket;
  let incoming: IncomingMessage | undefined;
  const { traffic, send } = await forwarding(1, agent, (request) => {
    incoming = request;
  });
  const request = send('POST', { 'content-length': 100_000 });
  request.end(Buffer.alloc(100_000));
  await until(() => incoming?.complete === true && octets > 0);
  request.destroy();
  await until(() => incoming?.closed === true);
  const release = setInterval(() => written.shift()?.(), 1);
  await ended.promise;
  clearInterval(release);
  expect(octets).toBeLessThan(100_000);
  expect(traffic.count('acme')).toBe(1);
  stalled.push(null);
  stalled.destroy();
  expect(await traffic.quiet('acme', 60)).toBe(true);
});

test('an answer without an end is ended by its service once the client has gone', async () => {
  const { port } = await serving((_request, response) => {
    const timer = setInterval(() => response.write('tick'), 5);
    response.on('close', () => clearInterval(timer));
  });
  const { traffic, send } = await forwarding(port);
  const request = send('GET');
  request.end();
  const [answer] = (await once(request, 'response')) as [IncomingMessage];
  await once(answer, 'data');
  expect(traffic.count('acme')).toBe(1);
  request.destroy();
  expect(await traffic.quiet('acme', 60)).toBe(true);
});

test('an answer that begins when the client has gone already is not waited for either', async () => {
  const held = Promise.withResolvers<ServerResponse>();
  const { port } = await serving((_request, response) => held.resolve(response));
  const { traffic, send } = await forwarding(port);
  const request = send('GET');
  request.end();
  const response = await held.promise;
  request.destroy();
  const timer = setInterval(() => response.write('tick'), 5);
  response.on('close', () => clearInterval(timer));
  expect(await traffic.quiet('acme', 60)).toBe(true);
});

test('a connection to the service whose answer has ended carries the next request', async () => {
  const sockets: unknown[] = [];
  const { port } = await serving((request, response) => {
    sockets.push(request.socket);
    response.end('done');
  });
  const { send, traffic } = await forwarding(port);
  for (let round = 0; round < 2; round += 1) {
    const request = send('GET');
    request.end();
    const [answer] = (await once(request, 'response')) as [IncomingMessage];
    expect(await text(answer)).toBe('done');
    await traffic.quiet('acme', 60);
    await sleep(30);
  }
  expect(sockets[1]).toBe(sockets[0]);
});

test('a pipelined request whose turn to be answered never comes is out of flight when its service has answered', async () => {
  const { port } = await serving((request, response) => {
    if (request.url === '/c/acme/second') response.end(Buffer.alloc(10_000_000));
    else request.socket.once('end', () => response.end());
  });
  const { traffic, port: own } = await forwarding(port);
  const client = createConnection(own, '127.0.0.1');
  for (const name of ['first', 'second']) client.write(`GET /c/acme/${name} HTTP/1.1\r\nHost: x\r\n\r\n`);
  await until(() => traffic.count('acme') === 2);
  await sleep(30); // so that the second answer has filled what the gateway keeps of it
  client.destroy();
  await until(() => traffic.count('acme') === 1);
});

test('an answer that comes before the request is whole reaches the client, and the request is in flight until it is', async () => {
  const { port } = await serving((request, response) => {
    response.end('enough');
    request.resume();
  });
  const { traffic, send } = await forwarding(port);
  const request = send('POST', { 'content-length': 8 });
  request.write('half');
  const [answer] = (await once(request, 'response')) as [IncomingMessage];
  expect(await text(answer)).toBe('enough');
  expect(traffic.count('acme')).toBe(1);
  request.end('half');
  expect(await traffic.quiet('acme', 60)).toBe(true);
});

test('a request that can’t be made is counted out', async () => {
  const traffic = new Traffic();
  const request = { url: '/c/acme x', method: 'GET', headers: {} } as IncomingMessage;
  const leg = { route: 'http://127.0.0.1:1', version: 1, agent: new Agent(), leave: traffic.enter('acme') };
  expect(() => forward(request, {} as ServerResponse, leg)).toThrow('unescaped');
  expect(traffic.count('acme')).toBe(0);
});
