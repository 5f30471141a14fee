import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { exportCompany } from '../../core/agent/export.ts';
import { errorFields } from '../../lambdas/runtime/error-fields.ts';
import { httpProvider } from '../../lambdas/runtime/http-provider.ts';
import { agentWorld, eventOf, workerWorld } from '../agent/agent-world.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { type Answer, json, rotating, startServer } from './http-world.ts';

/** A text of a customer's row, which no error, record or log line may repeat. */
const CANARY = 'alice.canary@example.com';
const FENCE = { task: 'move-1', epoch: 3, holder: 'move-1/move-1', incarnation: 'i1' };

/** What the record gets and what the log gets of an error. */
const told = (error: unknown): string =>
  `${(error as Error).name} ${(error as Error).message} ${JSON.stringify(errorFields(error))}`;

const text =
  (body: string, status: number): Answer =>
  (request, response) => {
    request.resume();
    response.writeHead(status, { 'content-type': 'text/html' }).end(body);
  };

describe('a text of a customer’s row', () => {
  let server: Awaited<ReturnType<typeof startServer>>;
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server.close());

  const provider = () =>
    httpProvider({
      provider: {
        name: 'contacts',
        endpoints: { eu: server.url },
        secret: 's',
        importAfter: [],
        transfer: 'auto',
      },
      location: { datacenter: 'eu', server: 'db1' },
      company: 'acme',
      bearer: rotating(),
    });

  test.each<[string, Answer]>([
    ['an answer that is no JSON', text(`<p>duplicate key ${CANARY}</p>`, 200)],
    ['a server’s own error page', text(`at insert (${CANARY})`, 500)],
    ['a refusal that is no problem of the contract', json({ error: CANARY }, 400)],
    [
      'a problem with a name of nobody',
      json({ type: 'urn:x', title: CANARY, status: 409, detail: CANARY }, 409),
    ],
    ['an answer of another shape', json({ pending: CANARY, watermark: { row: CANARY } })],
    ['an answer with a field too many', json({ pending: 0, watermark: 'w', [CANARY]: 1 }, 418)],
  ])('is not repeated from %s', async (_, answer) => {
    server.answerWith(answer);
    const error = await provider()
      .drain()
      .then(
        () => undefined,
        (refused: unknown) => refused,
      );
    expect(error).toBeDefined();
    expect(told(error)).not.toContain('alice');
  });

  test('is not repeated from a part that breaks off in the middle of the row', async () => {
    server.answerWith((request, response) => {
      request.resume();
      response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': 1000 });
      response.write(CANARY, () => request.socket.destroy());
    });
    const stream = await provider().exportPart(FENCE, 'session', 0);
    const error = await stream.toArray().then(
      () => undefined,
      (broken: unknown) => broken,
    );
    expect(error).toBeDefined();
    expect(told(error)).not.toContain('alice');
  });

  test('in an unexpected error of a worker reaches neither its row nor the state machine nor its log', async () => {
    const world = workerWorld(new ManualClock());
    await world.start(() => Promise.reject(new RangeError(`bad value ${CANARY}`)), eventOf('export'));
    const written = JSON.stringify([world.row, world.token, world.lines]);
    expect(written).toContain('WorkerFailed');
    expect(written).not.toContain('alice');
  });

  test('in the octets of an export whose counts differ is not in what is told of it', async () => {
    const world = agentWorld([Buffer.from(CANARY)]);
    world.provider.finished = (finished) => ({
      ...finished,
      parts: finished.parts.map((part) => ({ ...part, bytes: 1 })),
    });
    const error = await world.run(exportCompany, eventOf('export', { grant: 1 })).then(
      () => undefined,
      (refused: unknown) => refused,
    );
    expect(error).toMatchObject({ name: 'ExportMismatch' });
    expect(`${told(error)} ${world.lines.join()}`).not.toContain('alice');
  });
});
