import {
  CreateTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  type ReturnValue,
} from '@aws-sdk/client-dynamodb';
import {
  BatchWriteCommand,
  DeleteCommand,
  DynamoDBDocumentClient,
  PutCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createDynamo, type EmbeddedDynamo } from '../../local/dynamodb/index.ts';
import type { StreamRecord, StreamView } from '../../local/dynamodb/stream.ts';
import { type Loopback, serve } from './loopback.ts';
import { testClock } from './virtual-clock.ts';

const REGION = 'eu-central-1';
const ARN = `arn:aws:dynamodb:${REGION}:111122223333:table/things`;
const STREAM = `${ARN}/stream/2026-01-01T00:00:00.000`;

const clock = testClock();
let dynamo: EmbeddedDynamo;
let loopback: Loopback;
let raw: DynamoDBClient;
let client: DynamoDBDocumentClient;
let records: StreamRecord[];

async function createTable(name: string, stream?: StreamView): Promise<void> {
  await dynamo.createTable({
    region: REGION,
    name,
    keySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    attributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
    ttlAttribute: 'ttl',
    ...(stream && { stream }),
  });
}

beforeAll(async () => {
  dynamo = createDynamo({ accountId: '111122223333', clock });
  loopback = await serve(dynamo.handle);
  const credentials = { accessKeyId: 'AKIATEST', secretAccessKey: 'secret' };
  raw = new DynamoDBClient({ region: REGION, endpoint: loopback.endpoint, credentials, maxAttempts: 1 });
  client = DynamoDBDocumentClient.from(raw);
  await createTable('things', 'NEW_AND_OLD_IMAGES');
  await createTable('plain');
  dynamo.stream(STREAM)?.listen((record) => void records.push(record));
});
afterAll(() => loopback.close());

let count = 0;
let pk: string;
beforeEach(() => {
  records = [];
  count += 1;
  pk = `item-${count}`;
});

const put = (item: object, more: object = {}) =>
  client.send(new PutCommand({ TableName: 'things', Item: { pk, ...item }, ...more }));
const update = (n: number, more: object = {}) =>
  client.send(
    new UpdateCommand({
      TableName: 'things',
      Key: { pk },
      UpdateExpression: 'SET n = :n',
      ExpressionAttributeValues: { ':n': n },
      ...more,
    }),
  );
const told = () =>
  records.map(({ eventName, dynamodb: { OldImage, NewImage } }) => [
    eventName,
    OldImage?.['n']?.N,
    NewImage?.['n']?.N,
  ]);

// Source: DynamoDB API Reference, "Record" and "StreamRecord"; recorded records, their sizes among them.
describe('a record of a stream', () => {
  test('has the recorded form: names, keys, images, and a size that counts all of them', async () => {
    pk = 'id_value';
    await put({});
    await put({ id2: 'id2_new_value' });
    const [, second] = records;
    expect(second).toEqual({
      eventID: expect.stringMatching(/^[0-9a-f]{32}$/),
      eventName: 'MODIFY',
      eventVersion: '1.1',
      eventSource: 'aws:dynamodb',
      awsRegion: REGION,
      dynamodb: {
        ApproximateCreationDateTime: Math.floor(clock.now() / 1000),
        Keys: { pk: { S: 'id_value' } },
        NewImage: { pk: { S: 'id_value' }, id2: { S: 'id2_new_value' } },
        OldImage: { pk: { S: 'id_value' } },
        SequenceNumber: expect.stringMatching(/^\d{21,40}$/),
        SizeBytes: 46,
        StreamViewType: 'NEW_AND_OLD_IMAGES',
      },
      eventSourceARN: STREAM,
    });
    await client.send(new DeleteCommand({ TableName: 'things', Key: { pk } }));
  });

  test('is made of each write, with the item before and after it, in the order of the writes', async () => {
    await put({ n: 1 });
    await update(2);
    await client.send(new DeleteCommand({ TableName: 'things', Key: { pk } }));
    expect(told()).toEqual([
      ['INSERT', undefined, '1'],
      ['MODIFY', '1', '2'],
      ['REMOVE', '2', undefined],
    ]);
    const numbers = records.map(({ dynamodb }) => BigInt(dynamodb.SequenceNumber));
    expect(numbers).toEqual([...numbers].sort((a, b) => (a < b ? -1 : 1)));
    expect(new Set(records.map(({ eventID }) => eventID)).size).toBe(3);
  });

  test('is right however many write the same item at once', async () => {
    await put({ n: 0 });
    await Promise.all(Array.from({ length: 20 }, (_, i) => update(i + 1)));
    const modified = told().slice(1);
    expect(modified).toHaveLength(20);
    for (const [i, [, before]] of modified.entries()) expect(before).toBe(i ? modified[i - 1]?.[2] : '0');
  });

  // Source: DynamoDB Developer Guide, "Change data capture for DynamoDB Streams".
  test('is not made of a write that changes nothing, nor of one whose condition fails', async () => {
    await put({ n: 1 });
    await put({ n: 1 });
    await update(1);
    await expect(put({ n: 2 }, { ConditionExpression: 'attribute_not_exists(pk)' })).rejects.toThrow();
    await client.send(new DeleteCommand({ TableName: 'things', Key: { pk: 'nobody' } }));
    expect(told()).toEqual([['INSERT', undefined, '1']]);
  });

  test('is made of each item of a batch', async () => {
    await put({ n: 1 });
    const request = [{ DeleteRequest: { Key: { pk } } }, { PutRequest: { Item: { pk: `${pk}b`, n: 2 } } }];
    await client.send(new BatchWriteCommand({ RequestItems: { things: request } }));
    expect(told().slice(1)).toEqual([
      ['REMOVE', '1', undefined],
      ['INSERT', undefined, '2'],
    ]);
  });

  // Source: DynamoDB API Reference, "Record", userIdentity.
  test('of an item that expired says that the service deleted it', async () => {
    await put({ n: 1, ttl: Math.floor(clock.now() / 1000) - 1 });
    await dynamo.expire(clock.now());
    expect(records.map(({ eventName, userIdentity }) => [eventName, userIdentity])).toEqual([
      ['INSERT', undefined],
      ['REMOVE', { type: 'Service', principalId: 'dynamodb.amazonaws.com' }],
    ]);
  });

  test.each<ReturnValue>(['ALL_OLD', 'UPDATED_OLD', 'ALL_NEW', 'UPDATED_NEW'])(
    'leaves the answer to the writer as it asked for it: %s',
    async (ReturnValues) => {
      await put({ n: 1, other: 'x' });
      const { Attributes } = await update(2, { ReturnValues });
      const n = ReturnValues.endsWith('OLD') ? 1 : 2;
      expect(Attributes).toEqual(ReturnValues.startsWith('ALL') ? { pk, n, other: 'x' } : { n });
    },
  );

  test('is not made of what is no item, which is refused as it is without a stream', async () => {
    const refusal = (TableName: string) =>
      client
        .send(new PutCommand({ TableName, Item: { other: 'x' } }))
        .catch((error: Error) => error.message.replaceAll(TableName, 'the table'));
    expect(await refusal('things')).toBe(await refusal('plain'));
    expect(records).toEqual([]);
  });
});

// Source: DynamoDB API Reference, "StreamSpecification".
test.each<[StreamView, string[]]>([
  ['KEYS_ONLY', []],
  ['NEW_IMAGE', ['NewImage']],
  ['OLD_IMAGE', ['OldImage']],
])('a stream of %s shows %j', async (view, images) => {
  await createTable(view, view);
  const seen: StreamRecord[] = [];
  dynamo.stream(STREAM.replace('/things/', `/${view}/`))?.listen((record) => void seen.push(record));
  await client.send(new PutCommand({ TableName: view, Item: { pk, n: 1 } }));
  await client.send(new PutCommand({ TableName: view, Item: { pk, n: 2 } }));
  expect(Object.keys(seen[1]?.dynamodb ?? {}).filter((name) => name.endsWith('Image'))).toEqual(images);
});

// Source: DynamoDB API Reference, "TableDescription"; recorded.
test('a table tells of its stream', async () => {
  const { Table } = await raw.send(new DescribeTableCommand({ TableName: 'things' }));
  expect(Table).toMatchObject({
    LatestStreamArn: STREAM,
    LatestStreamLabel: '2026-01-01T00:00:00.000',
    StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
  });
  const plain = await raw.send(new DescribeTableCommand({ TableName: 'plain' }));
  expect(plain.Table?.LatestStreamArn).toBeUndefined();
});

test('a stream that a call asks for, which a template would have to, is refused and not ignored', async () => {
  const asked = raw.send(
    new CreateTableCommand({
      TableName: 'asked',
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      BillingMode: 'PAY_PER_REQUEST',
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' },
    }),
  );
  await expect(asked).rejects.toThrow('does not implement StreamSpecification of CreateTable');
});
