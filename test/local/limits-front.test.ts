import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createEventsHandler } from '../../local/events/wire-handler.ts';
import { createSecrets } from '../../local/secrets/index.ts';
import { type Front, startFront } from '../../local/server.ts';

const DAY = '20260102';
const signed = (scope: string, headers: Record<string, string> = {}) => ({
  authorization: `AWS4-HMAC-SHA256 Credential=KEY/${scope}, SignedHeaders=host, Signature=x`,
  'x-amz-date': `${DAY}T000000Z`,
  ...headers,
});

let front: Front;
beforeAll(async () => {
  const events = createEventsHandler(
    { putEvent: () => 'id', hasBus: () => true },
    { account: '111122223333' },
  );
  front = await startFront({
    services: { events, states: async (_, response) => void response.end('{}') },
    local: async () => {},
    now: Date.now,
    knows: (key) => key === 'KEY',
    onDefect: (error) => {
      throw error;
    },
    port: 0,
  });
});
afterAll(() => front.stop());

async function send(headers: Record<string, string>, body = '{}') {
  const answer = await fetch(front.endpoint, { method: 'POST', headers, body });
  return { status: answer.status, body: await answer.text() };
}

const STATES = { 'x-amz-target': 'AWSStepFunctions.ListStateMachines' };

// Source: IAM, "Troubleshoot Signature Version 4 signing for AWS API requests", credential scope errors.
describe('a request', () => {
  test('is served when its credential is of its service, a region and its day', async () => {
    expect((await send(signed(`${DAY}/eu-west-1/states/aws4_request`, STATES))).status).toBe(200);
  });

  test.each([
    ['for another service', 'eu-west-1/events/aws4_request', "scoped to correct service: 'states'"],
    ['for no region', 'Frankfurt/states/aws4_request', "valid region, not 'Frankfurt'"],
  ])('is refused when its credential is %s', async (_, scope, words) => {
    const answer = await send(signed(`${DAY}/${scope}`, STATES));
    expect(answer).toEqual({ status: 403, body: expect.stringContaining(words) });
    expect(answer.body).toContain('InvalidSignatureException');
  });

  test('is refused when its credential is of another day', async () => {
    const answer = await send(signed('20250101/eu-west-1/states/aws4_request', STATES));
    expect(answer).toEqual({ status: 403, body: expect.stringContaining('Date in Credential scope') });
  });

  test.each([{}, signed(`${DAY}/eu-west-1/states`, STATES)])('is refused unsigned: %j', async (headers) => {
    const answer = await send(headers);
    expect(answer).toEqual({ status: 403, body: expect.stringContaining('MissingAuthenticationToken') });
  });
});

// Source: EventBridge quotas, "PutEvents entry size": 1 MB since January 2026.
test.each([
  [1024 * 1024 - 200, 200],
  [1024 * 1024, 400],
])('entries with a detail of %i bytes are answered with %i', async (bytes, status) => {
  const Detail = JSON.stringify('x'.repeat(bytes - 2));
  const body = JSON.stringify({ Entries: [{ Source: 'a', DetailType: 'b', Detail }] });
  const headers = signed(`${DAY}/eu-west-1/events/aws4_request`, { 'x-amz-target': 'AWSEvents.PutEvents' });
  expect((await send(headers, body)).status).toBe(status);
});

// Source: EventBridge API Reference, "PutEvents", Entries.
test.each([
  [0, 400],
  [10, 200],
  [11, 400],
])('%i entries of one call are answered with %i', async (count, status) => {
  const entry = { Source: 'a', DetailType: 'b', Detail: '{}' };
  const body = JSON.stringify({ Entries: new Array(count).fill(entry) });
  const headers = signed(`${DAY}/eu-west-1/events/aws4_request`, { 'x-amz-target': 'AWSEvents.PutEvents' });
  expect((await send(headers, body)).status).toBe(status);
});

// Source: AWS Secrets Manager quotas, "Secret value size".
test('a secret of more than 65,536 bytes is refused, without its value in the words', () => {
  const secrets = createSecrets({
    clock: { now: () => 0, after: () => () => {} },
    accountId: '111122223333',
  });
  const put = (bytes: number) => () =>
    secrets.putSecret({ region: 'eu-west-1', name: 's', value: 'x'.repeat(bytes) });
  expect(put(65_536)).not.toThrow();
  expect(put(65_537)).toThrow('The secret s has 65537 bytes; Secrets Manager keeps at most 65536.');
});
