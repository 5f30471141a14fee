import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type AuthorityRecord, Drain, type Fence, type TankerError } from '@tanker/contract/index.ts';
import { httpAuthority } from '../../lambdas/runtime/http-authority.ts';
import { httpProvider } from '../../lambdas/runtime/http-provider.ts';
import { callJson, type Peer } from '../../lambdas/runtime/json-http.ts';
import { problem, receiptOf } from '../support/memory-provider.ts';
import { hangUp, json, refusal, rotating, startServer } from './http-world.ts';

const FENCE: Fence = { task: 'move-1', epoch: 3, holder: 'move-1/move-1', incarnation: 'i1' };
const RECORD: AuthorityRecord = {
  company: 'acme',
  home: { state: 'removed' },
  version: 1,
  versionTask: null,
  epoch: 3,
  holder: 'move-1/move-1',
  lock: null,
};
const DRAIN = { pending: 0, watermark: 'w' };

let server: Awaited<ReturnType<typeof startServer>>;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());

const providerAt = (url = server.url, bearer = rotating()) =>
  httpProvider({
    provider: { name: 'contacts', endpoints: { eu: url }, secret: 's', importAfter: [], transfer: 'auto' },
    location: { datacenter: 'eu', server: 'db1' },
    company: 'acme',
    bearer,
  });
const authorityAt = (url = server.url) => {
  const peer: Peer = {
    name: 'The gateway',
    base: `${url}/tanker/v1`,
    bearer: rotating(),
    unreachable: 'GatewayUnreachable',
  };
  return httpAuthority(peer);
};

describe('calls of the provider contract', () => {
  test('name the location, the company and the fence', async () => {
    server.answerWith(json({ ran: true }));
    const ran = await providerAt().hook(FENCE, 'after-migrate', { key: 'k', version: 1 });
    expect(ran).toBe(true);
    expect(server.seen).toMatchObject([
      {
        method: 'POST',
        url: '/tanker/v1/locations/eu/db1/companies/acme/hooks/after-migrate',
        headers: {
          authorization: 'Bearer old',
          'tanker-task': 'move-1',
          'tanker-epoch': '3',
          'tanker-holder': 'move-1/move-1',
          'tanker-incarnation': 'i1',
        },
      },
    ]);
  });

  test('are repeated when the connection broke, the server was just starting, or failed unexpectedly', async () => {
    server.answerWith(hangUp, json({}, 503), json(DRAIN));
    await expect(providerAt().drain()).resolves.toEqual(DRAIN);
    server.answerWith(refusal(problem('InternalFailure')), json(DRAIN));
    await expect(providerAt().drain()).resolves.toEqual(DRAIN);
  });

  test('that never get through are named, with what to do', async () => {
    server.answerWith(hangUp);
    await expect(providerAt().drain()).rejects.toMatchObject({ name: 'ProviderUnreachable', retry: true });
    expect(server.seen).toHaveLength(3);
    await expect(providerAt('http://127.0.0.1:1').drain()).rejects.toThrow(
      /provider contacts at eu\/db1 .*ECONNREFUSED/,
    );
  });

  test('that use up the time of a long call are told as too long and not made again, quick ones are', async () => {
    server.answerWith(() => undefined);
    const peer: Peer = {
      name: 'The provider contacts at eu/db1',
      base: server.url,
      bearer: rotating(),
      unreachable: 'ProviderUnreachable',
    };
    const call = { method: 'post', path: '/seal', timeoutMs: 50 };
    await expect(callJson(peer, { ...call, long: true }, Drain)).rejects.toMatchObject({
      name: 'CallTooLong',
      message: expect.stringContaining('did not end POST /seal within the 0.05 s'),
    });
    expect(server.seen).toHaveLength(1);
    await expect(callJson(peer, call, Drain)).rejects.toMatchObject({ name: 'ProviderUnreachable' });
    expect(server.seen).toHaveLength(4);
  });

  test('are not repeated when they were refused by name', async () => {
    server.answerWith(refusal(problem('EpochStale')));
    await expect(providerAt().seal(FENCE)).rejects.toMatchObject({ name: 'EpochStale' });
    expect(server.seen).toHaveLength(1);
  });

  test('renew a refused token once', async () => {
    const bearer = rotating();
    server.answerWith(refusal(problem('RequestUnauthorized')), json(DRAIN));
    await expect(providerAt(server.url, bearer).drain()).resolves.toEqual(DRAIN);
    expect(server.seen.map(({ headers }) => headers.authorization)).toEqual(['Bearer old', 'Bearer new']);
    server.answerWith(refusal(problem('RequestUnauthorized')));
    await expect(providerAt(server.url, bearer).drain()).rejects.toMatchObject({
      name: 'RequestUnauthorized',
    });
    expect(bearer.renewals).toBe(2);
  });

  test('refuse an answer that is none of the contract, and do not quote it', async () => {
    server.answerWith(json({ pending: 'alice@example.com' }));
    const error = await providerAt()
      .drain()
      .catch((caught: TankerError) => caught);
    expect(error).toMatchObject({ name: 'ContractUnsupported' });
    expect((error as TankerError).message).not.toContain('alice');
  });

  test('end with the reason of the signal', async () => {
    const stop = new AbortController();
    server.answerWith(() => stop.abort(new Error('settled')));
    await expect(providerAt().drain(stop.signal)).rejects.toThrow('settled');
  });
});

describe('the stream of a part', () => {
  test('comes from the provider as it is', async () => {
    const body = randomBytes(500_000);
    server.answerWith((_request, response) => response.end(body));
    const stream = await providerAt().exportPart(FENCE, 'session', 0);
    expect((await buffer(stream)).equals(body)).toBe(true);
  });

  test('that breaks off fails', async () => {
    server.answerWith((_request, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write(Buffer.alloc(10), () => response.destroy());
    });
    const stream = await providerAt().exportPart(FENCE, 'session', 0);
    await expect(buffer(stream)).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  test('that is refused comes as the named error', async () => {
    server.answerWith(refusal(problem('SessionUnknown')));
    await expect(providerAt().exportPart(FENCE, 'session', 0)).rejects.toMatchObject({
      name: 'SessionUnknown',
    });
  });

  test('ends when its signal is aborted', async () => {
    const stop = new AbortController();
    server.answerWith((_request, response) => void response.write(Buffer.alloc(10)));
    const stream = await providerAt().exportPart(FENCE, 'session', 0, stop.signal);
    stop.abort(new Error('settled'));
    await expect(buffer(stream)).rejects.toBeDefined();
  });

  test('goes to the provider with its length', async () => {
    const body = randomBytes(300_000);
    server.answerWith((request, response) => {
      void buffer(request).then((got) => json(receiptOf(4, got))(request, response));
    });
    const receipt = await providerAt().importPart(FENCE, 's', 4, Readable.from([body]), body.length);
    expect(receipt).toEqual(receiptOf(4, body));
    expect(server.seen).toMatchObject([
      {
        method: 'PUT',
        url: '/tanker/v1/locations/eu/db1/companies/acme/imports/s/parts/4',
        headers: { 'content-length': '300000' },
      },
    ]);
  });

  for (const [what, bytes] of [
    ['ends early', 11],
    ['runs over', 9],
  ] as const) {
    test(`that ${what} is never a whole body to the provider`, async () => {
      let whole = false;
      server.answerWith((request) => {
        request.on('end', () => {
          whole = request.complete;
        });
        request.on('error', () => undefined);
        request.resume();
      });
      const sending = providerAt().importPart(FENCE, 's', 0, Readable.from([Buffer.alloc(10)]), bytes);
      await expect(sending).rejects.toMatchObject({ name: 'ProviderUnreachable' });
      expect(whole).toBe(false);
    });
  }

  test('is told the refusal that the provider answers in the middle of the body', async () => {
    server.answerWith((_request, response) => refusal(problem('EpochStale'))(_request, response));
    const body = Readable.from(
      (function* () {
        for (let chunk = 0; chunk < 20; chunk += 1) yield Buffer.alloc(65_536);
      })(),
      { objectMode: false },
    );
    await expect(providerAt().importPart(FENCE, 's', 0, body, 20 * 65_536)).rejects.toMatchObject({
      name: 'EpochStale',
    });
    expect(body.destroyed).toBe(true);
  });
});

describe('calls of the gateway contract', () => {
  test('read the record and claim with the actor', async () => {
    server.answerWith(json(RECORD));
    await expect(authorityAt().read('acme')).resolves.toEqual(RECORD);
    expect(server.seen).toMatchObject([{ method: 'GET', url: '/tanker/v1/companies/acme' }]);
    const claimed = { record: RECORD, before: { epoch: 2, holder: null } };
    server.answerWith(json(claimed));
    const actor = { task: 'move-1', company: 'acme', epoch: 3, holder: 'move-1/move-1' };
    await expect(authorityAt().claim(actor)).resolves.toEqual(claimed);
  });

  test('that never get through are named after the gateway', async () => {
    await expect(authorityAt('http://127.0.0.1:1').read('acme')).rejects.toMatchObject({
      name: 'GatewayUnreachable',
    });
  });
});
