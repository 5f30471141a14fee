import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createStream, type TableStream } from '../../local/dynamodb/stream.ts';
import { compilePattern } from '../../local/events/pattern.ts';
import { AccessDenied } from '../../local/hooks.ts';
import { type InvokeResult, LambdaApiError } from '../../local/lambda/definition.ts';
import { createQueues, type Queues } from '../../local/queues.ts';
import type { StreamMapping } from '../../local/streams/mapping.ts';
import { createMappings, type Mappings } from '../../local/streams/mappings.ts';
import { type TestClock, testClock } from './virtual-clock.ts';

const REGION = 'eu-west-1';
const FUNCTION = `arn:aws:lambda:${REGION}:000000000000:function:hear`;
const QUEUE = `arn:aws:sqs:${REGION}:000000000000:dead`;

let clock: TestClock;
let stream: TableStream;
let queues: Queues;
let mappings: Mappings;
/** The batches that the function was called with, by the names of their items. */
let batches: string[][];
/** What the function answers to a batch; an error's text makes it fail. */
let answer: (batch: string[]) => unknown;
let refusal: Error | undefined;
let denied: string | undefined;

beforeEach(() => {
  clock = testClock();
  stream = createStream({
    region: REGION,
    accountId: '000000000000',
    table: 'things',
    view: 'NEW_AND_OLD_IMAGES',
    now: clock.now,
  });
  queues = createQueues(clock.now);
  queues.create(QUEUE);
  batches = [];
  answer = () => null;
  refusal = undefined;
  denied = undefined;
  mappings = createMappings({
    clock,
    invoke: async ({ payload }) => {
      if (refusal) throw refusal;
      const names = JSON.parse(payload).Records.map((record: never) => nameOf(record));
      batches.push(names);
      return resultOf(answer(names));
    },
    authorizeRole(_, { action }) {
      if (action === denied) throw new AccessDenied(`no policy allows ${action}`);
    },
    sendToQueue: queues.send,
    log: () => {},
  });
});
afterEach(() => mappings.stop());

const nameOf = ({ dynamodb }: { dynamodb: { Keys: { pk: { S: string } } } }): string => dynamodb.Keys.pk.S;

function resultOf(answered: unknown): InvokeResult {
  const done = { statusCode: 200, requestId: 'r', executedVersion: '$LATEST' } as const;
  if (answered instanceof Error) return { ...done, payload: '{}', functionError: 'Unhandled' };
  return { ...done, payload: JSON.stringify(answered) };
}

function map(more: Partial<StreamMapping> = {}): void {
  const mapping: StreamMapping = {
    region: REGION,
    streamArn: stream.arn,
    functionArn: FUNCTION,
    roleArn: 'arn:aws:iam::000000000000:role/hear',
    batchSize: 100,
    filters: [],
    bisects: false,
    reportsFailures: false,
    onFailure: QUEUE,
    ...more,
  };
  mappings.add(mapping, stream);
}

const settle = async () => {
  for (let i = 0; i < 20; i += 1) await new Promise((resolve) => setImmediate(resolve));
};

const numbers = new Map<string, string>();
async function write(...names: string[]): Promise<void> {
  stream.listen((record) => void numbers.set(nameOf(record as never), record.dynamodb.SequenceNumber));
  for (const name of names) {
    const item = { pk: { S: name } };
    stream.note({ keys: item, before: undefined, after: item });
  }
  await settle();
}

/** Lets the waits between tries pass, so many of them. */
async function waits(times: number): Promise<void> {
  for (let i = 0; i < times; i += 1) {
    clock.advance(60_000);
    await settle();
  }
}

const failing = (name: string) => (batch: string[]) => (batch.includes(name) ? new Error('no') : null);
const failedFrom = (name: string) => (batch: string[]) =>
  batch.includes(name) ? { batchItemFailures: [{ itemIdentifier: numbers.get(name) }] } : null;
const messages = () => queues.messages(QUEUE).map(({ body }) => JSON.parse(body));

// Source: Lambda, "Process DynamoDB records with Lambda".
describe('a mapping', () => {
  test('hands what was written to its function in the order of the stream, in batches up to its size', async () => {
    map({ batchSize: 2 });
    await write('a', 'b', 'c');
    expect(batches).toEqual([['a', 'b'], ['c']]);
    expect(mappings.pending()).toBe(0);
  });

  test('gathers what is written while its function runs', async () => {
    map();
    const { promise, resolve } = Promise.withResolvers<void>();
    let first = true;
    answer = () => {
      if (first) void write('b', 'c').then(resolve);
      first = false;
      return null;
    };
    await write('a');
    await promise;
    expect(batches).toEqual([['a'], ['b', 'c']]);
  });

  test('hands over no more than the 6 MB of a synchronous invocation', async () => {
    map();
    const item = (pk: string) => ({ pk: { S: pk }, text: { S: 'x'.repeat(380_000) } });
    for (let i = 0; i < 20; i += 1) {
      const after = item(`large-${i}`);
      stream.note({ keys: { pk: after.pk }, before: undefined, after });
    }
    await settle();
    expect(batches.map(({ length }) => length)).toEqual([16, 4]);
  });

  // Source: Lambda, "Using event filtering with a DynamoDB event source".
  test('skips records that none of its filters matches', async () => {
    const named = (name: string) => compilePattern({ dynamodb: { NewImage: { pk: { S: [name] } } } });
    map({ filters: [named('a'), named('c')] });
    await write('a', 'b', 'c');
    expect(batches.flat()).toEqual(['a', 'c']);
  });
});

// Source: Lambda, "Process DynamoDB records with Lambda", error handling; recorded counts of invocations.
describe('a batch that fails', () => {
  test('is tried again, and holds back what comes behind it', async () => {
    map({ batchSize: 1 });
    answer = failing('a');
    await write('a', 'b');
    await waits(2);
    expect(batches).toEqual([['a'], ['a'], ['a']]);
    expect(mappings.pending()).toBe(2);
    answer = () => null;
    await waits(1);
    expect(batches.at(-1)).toEqual(['b']);
  });

  test('is given up after its retries, and the queue is told which records it held, not what was in them', async () => {
    map({ maximumRetryAttempts: 1 });
    answer = failing('a');
    await write('a', 'b');
    await waits(3);
    expect(batches).toEqual([
      ['a', 'b'],
      ['a', 'b'],
    ]);
    const [message] = messages();
    expect(message).toEqual({
      requestContext: {
        requestId: 'r',
        functionArn: FUNCTION,
        condition: 'RetryAttemptsExhausted',
        approximateInvokeCount: 2,
      },
      responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
      version: '1.0',
      timestamp: expect.stringMatching(/Z$/),
      DDBStreamBatchInfo: {
        shardId: expect.stringMatching(/^shardId-/),
        startSequenceNumber: numbers.get('a'),
        endSequenceNumber: numbers.get('b'),
        approximateArrivalOfFirstRecord: '2026-01-01T00:00:00Z',
        approximateArrivalOfLastRecord: '2026-01-01T00:00:00Z',
        batchSize: 2,
        streamArn: stream.arn,
      },
    });
    expect(mappings.pending()).toBe(0);
  });

  test('is given up when it is too old, but what is young enough is not', async () => {
    map({ maximumRecordAgeSeconds: 100 });
    answer = failing('a');
    await write('a');
    clock.advance(70_000);
    await write('b');
    await waits(1);
    expect(messages()).toMatchObject([
      { requestContext: { condition: 'RecordAgeExceeded' }, DDBStreamBatchInfo: { batchSize: 1 } },
    ]);
    expect(batches.at(-1)).toEqual(['b']);
  });

  test('is given up after the 24 hours for which a stream keeps its records', async () => {
    map();
    answer = failing('a');
    await write('a');
    clock.advance(86_401_000);
    await waits(1);
    expect(messages()).toMatchObject([{ requestContext: { condition: 'RecordAgeExceeded' } }]);
  });

  test('is halved until the record that fails stands alone, which costs no retries', async () => {
    map({ bisects: true, maximumRetryAttempts: 1 });
    answer = failing('c');
    await write('a', 'b', 'c', 'd');
    await waits(2);
    expect(batches).toEqual([['a', 'b', 'c', 'd'], ['a', 'b'], ['c', 'd'], ['c'], ['c'], ['d']]);
    expect(messages()).toMatchObject([{ DDBStreamBatchInfo: { startSequenceNumber: numbers.get('c') } }]);
  });

  test('is not counted while its function is throttled, which may last as long as its records', async () => {
    map({ maximumRetryAttempts: 0 });
    refusal = new LambdaApiError('TooManyRequestsException', 429, 'Rate Exceeded.');
    await write('a');
    await waits(5);
    expect(messages()).toEqual([]);
    refusal = undefined;
    await waits(1);
    expect(batches).toEqual([['a']]);
  });

  test('waits while the role may not read the stream any more', async () => {
    map({ maximumRetryAttempts: 0 });
    denied = 'dynamodb:GetRecords';
    await write('a');
    await waits(2);
    expect(batches).toEqual([]);
    denied = undefined;
    await waits(1);
    expect(batches).toEqual([['a']]);
  });

  test('is lost without a word in the queue when the role may not send there', async () => {
    map({ maximumRetryAttempts: 0 });
    denied = 'sqs:SendMessage';
    answer = failing('a');
    await write('a');
    expect([messages(), mappings.pending()]).toEqual([[], 0]);
  });
});

// Source: Lambda, "Configuring partial batch response with DynamoDB and Lambda"; recorded answers of both kinds.
describe('a partial answer', () => {
  test('makes the batch begin at the record that it names, the first of several', async () => {
    map({ reportsFailures: true });
    answer = (batch) =>
      batch.length === 4
        ? { batchItemFailures: ['c', 'b'].map((name) => ({ itemIdentifier: numbers.get(name) })) }
        : null;
    await write('a', 'b', 'c', 'd');
    await waits(1);
    expect(batches).toEqual([
      ['a', 'b', 'c', 'd'],
      ['b', 'c', 'd'],
    ]);
  });

  test('begins the count of tries anew, as recorded: once in the batch and four times alone with three retries', async () => {
    map({ reportsFailures: true, maximumRetryAttempts: 3 });
    answer = failedFrom('b');
    await write('a', 'b');
    await waits(5);
    expect(batches).toEqual([['a', 'b'], ['b'], ['b'], ['b'], ['b']]);
    expect(messages()).toMatchObject([
      {
        requestContext: { approximateInvokeCount: 4, condition: 'RetryAttemptsExhausted' },
        responseContext: { functionError: null },
        DDBStreamBatchInfo: { batchSize: 1 },
      },
    ]);
  });

  test('means nothing unless the mapping asks for it', async () => {
    map();
    answer = failedFrom('a');
    await write('a');
    expect([batches.length, mappings.pending()]).toEqual([1, 0]);
  });

  test.each([
    [{ batchItemFailures: [{ itemIdentifier: 123 }] }],
    [{ batchItemFailures: [{ itemIdentifier: '' }] }],
    [{ batchItemFailures: [{ itemIdentifier: null }] }],
    [{ batchItemFailures: [{ foo: 123 }] }],
  ])('that names no record of the batch fails all of it: %j', async (answered) => {
    map({ reportsFailures: true, maximumRetryAttempts: 3 });
    answer = () => answered;
    await write('a');
    await waits(4);
    expect(batches).toHaveLength(4);
  });

  test.each([[[]], [null], [{}], [{ batchItemFailures: [] }], [{ batchItemFailures: null }]])(
    'that names nothing is a success: %j',
    async (answered) => {
      map({ reportsFailures: true });
      answer = () => answered;
      await write('a');
      expect([batches.length, mappings.pending()]).toEqual([1, 0]);
    },
  );
});
