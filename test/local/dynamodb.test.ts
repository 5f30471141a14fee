import {
  ConditionalCheckFailedException,
  CreateTableCommand,
  DeleteTableCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  DynamoDBClient,
  TransactWriteItemsCommand,
  UpdateTimeToLiveCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import {
  BatchGetCommand,
  BatchWriteCommand,
  DeleteCommand,
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  ScanCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createDynamo, type EmbeddedDynamo } from '../../local/dynamodb/index.ts';
import { AccessDenied, type ServiceCall } from '../../local/hooks.ts';
import { type Loopback, serve } from './loopback.ts';

const REGION = 'eu-central-1';

let dynamo: EmbeddedDynamo;
let loopback: Loopback;
let raw: DynamoDBClient;
let client: DynamoDBDocumentClient;
let elsewhere: DynamoDBDocumentClient;
const calls: ServiceCall[] = [];
let denied: string | undefined;
let faulty: string | undefined;

const clientOf = (region: string) =>
  new DynamoDBClient({
    region,
    endpoint: loopback.endpoint,
    credentials: { accessKeyId: 'AKIATEST', secretAccessKey: 'secret' },
    maxAttempts: 1,
  });

beforeAll(async () => {
  dynamo = createDynamo({
    accountId: '111122223333',
    authorize(call) {
      calls.push(call);
      if (call.action === denied) throw new AccessDenied('no policy allows it');
    },
    fault: (call) =>
      call.operation === faulty ? { status: 400, code: 'ProvisionedThroughputExceededException' } : undefined,
  });
  loopback = await serve(dynamo.handle);
  raw = clientOf(REGION);
  client = DynamoDBDocumentClient.from(raw);
  elsewhere = DynamoDBDocumentClient.from(clientOf('us-west-2'));
  await dynamo.createTable({
    region: REGION,
    name: 'things',
    keySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ],
    attributeDefinitions: [
      { AttributeName: 'pk', AttributeType: 'S' },
      { AttributeName: 'sk', AttributeType: 'S' },
      { AttributeName: 'state', AttributeType: 'S' },
    ],
    gsis: [
      {
        IndexName: 'by-state',
        KeySchema: [
          { AttributeName: 'state', KeyType: 'HASH' },
          { AttributeName: 'sk', KeyType: 'RANGE' },
        ],
        Projection: { ProjectionType: 'ALL' },
      },
    ],
    ttlAttribute: 'goneAt',
  });
});
afterAll(async () => {
  client.destroy();
  raw.destroy();
  elsewhere.destroy();
  await loopback.close();
});

const TableName = 'things';
const key = (pk: string, sk = 'a') => ({ pk, sk });

describe('items (Amazon DynamoDB API Reference)', () => {
  test('puts, updates with expressions, reads, queries an index and deletes through the unmodified SDK', async () => {
    await client.send(
      new PutCommand({ TableName, Item: { ...key('one'), state: 'new', deep: { list: [1, null] } } }),
    );
    const updated = await client.send(
      new UpdateCommand({
        TableName,
        Key: key('one'),
        UpdateExpression:
          'SET #s = :s, fence = if_not_exists(fence, :zero) + :one, deep.#n = :n REMOVE gone ADD tags :t',
        ConditionExpression: 'attribute_exists(pk) AND (attribute_not_exists(fence) OR fence < :one)',
        ExpressionAttributeNames: { '#s': 'state', '#n': 'n' },
        ExpressionAttributeValues: { ':s': 'open', ':zero': 0, ':one': 1, ':n': 'x', ':t': new Set(['t']) },
        ReturnValues: 'ALL_NEW',
      }),
    );
    expect(updated.Attributes).toEqual({
      ...key('one'),
      state: 'open',
      fence: 1,
      deep: { list: [1, null], n: 'x' },
      tags: new Set(['t']),
    });
    await client.send(
      new BatchWriteCommand({
        RequestItems: { [TableName]: [{ PutRequest: { Item: { ...key('two', 'b'), state: 'open' } } }] },
      }),
    );
    const open = await client.send(
      new QueryCommand({
        TableName,
        IndexName: 'by-state',
        KeyConditionExpression: '#s = :s AND begins_with(sk, :a)',
        ExpressionAttributeNames: { '#s': 'state' },
        ExpressionAttributeValues: { ':s': 'open', ':a': 'b' },
      }),
    );
    expect(open.Items).toEqual([{ ...key('two', 'b'), state: 'open' }]);
    const both = await client.send(
      new BatchGetCommand({ RequestItems: { [TableName]: { Keys: [key('one'), key('two', 'b')] } } }),
    );
    expect(both.Responses?.[TableName]).toHaveLength(2);
    await client.send(new DeleteCommand({ TableName, Key: key('two', 'b') }));
    const { Items } = await client.send(
      new ScanCommand({ TableName, FilterExpression: 'attribute_exists(fence)' }),
    );
    expect(Items).toHaveLength(1);
  });

  test('returns the old item with a failed condition if asked (UpdateItem, ReturnValuesOnConditionCheckFailure)', async () => {
    const Item = { ...key('held'), owner: 'a' };
    await client.send(new PutCommand({ TableName, Item }));
    const refused = { TableName, ConditionExpression: 'attribute_not_exists(pk)' };
    const ask = { ...refused, ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const };
    const wanted = { pk: { S: 'held' }, sk: { S: 'a' }, owner: { S: 'a' } };
    const failures = [
      client.send(new PutCommand({ ...ask, Item: { ...Item, owner: 'b' } })),
      client.send(new DeleteCommand({ ...ask, Key: key('held') })),
      client.send(
        new UpdateCommand({
          ...ask,
          Key: key('held'),
          UpdateExpression: 'SET extra = :b',
          ExpressionAttributeValues: { ':b': 1 },
        }),
      ),
    ];
    for (const failure of failures) {
      const error = await failure.then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(ConditionalCheckFailedException);
      expect(error).toMatchObject({ message: 'The conditional request failed', Item: wanted });
    }
    const bare = client.send(new PutCommand({ ...refused, Item }));
    await expect(bare).rejects.not.toHaveProperty('Item', wanted);
    const absent = client.send(
      new DeleteCommand({ ...ask, ConditionExpression: 'attribute_exists(pk)', Key: key('absent') }),
    );
    await expect(absent).rejects.toMatchObject({ name: 'ConditionalCheckFailedException', Item: undefined });
  });

  test('lets exactly one of many claim, and tells the others who has it', async () => {
    const claims = Array.from({ length: 20 }, (_, owner) =>
      client
        .send(
          new UpdateCommand({
            TableName,
            Key: key('claimed'),
            UpdateExpression: 'SET heldBy = :o',
            ConditionExpression: 'attribute_not_exists(heldBy)',
            ExpressionAttributeValues: { ':o': owner },
            ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
          }),
        )
        .then(
          () => undefined,
          (error: ConditionalCheckFailedException) => error.Item?.['heldBy']?.N,
        ),
    );
    const answers = await Promise.all(claims);
    const { Item } = await client.send(new GetCommand({ TableName, Key: key('claimed') }));
    expect(answers.filter((answer) => answer === undefined)).toHaveLength(1);
    expect(new Set(answers.filter((answer) => answer !== undefined))).toEqual(
      new Set([String(Item?.['heldBy'])]),
    );
  });

  test('refuses an item above 400 KB, put or grown (Developer Guide, Service quotas: item size)', async () => {
    const Item = { ...key('large'), text: 'x'.repeat(400 * 1024) };
    await expect(client.send(new PutCommand({ TableName, Item }))).rejects.toMatchObject({
      name: 'ValidationException',
      message: 'Item size has exceeded the maximum allowed size',
    });
    await client.send(new PutCommand({ TableName, Item: { ...key('large'), text: 'x'.repeat(300 * 1024) } }));
    const grow = client.send(
      new UpdateCommand({
        TableName,
        Key: key('large'),
        UpdateExpression: 'SET more = :m',
        ExpressionAttributeValues: { ':m': 'x'.repeat(150 * 1024) },
      }),
    );
    await expect(grow).rejects.toMatchObject({
      message: 'Item size to update has exceeded the maximum allowed size',
    });
  });
});

describe('time to live (Developer Guide, Using time to live (TTL) in DynamoDB)', () => {
  test('deletes expired items on our clock, keeps them readable until then, spares text and ancient times', async () => {
    const now = Date.parse('2026-03-10T00:00:00Z');
    const seconds = now / 1000;
    const goneAt = {
      due: seconds,
      later: seconds + 1,
      text: String(seconds),
      ancient: seconds - 6 * 365 * 86_400,
    };
    for (const [pk, at] of Object.entries(goneAt)) {
      await client.send(new PutCommand({ TableName, Item: { ...key(pk, 'ttl'), goneAt: at } }));
    }
    const left = async () =>
      (await dynamo.scanTable({ region: REGION, name: TableName }))
        .filter((item) => item['sk']?.S === 'ttl')
        .map((item) => item['pk']?.S)
        .sort();
    await dynamo.expire(now - 1000);
    expect(await left()).toEqual(['ancient', 'due', 'later', 'text']);
    await dynamo.expire(now);
    expect(await left()).toEqual(['ancient', 'later', 'text']);
  });

  test('describes and changes the setting (API Reference, UpdateTimeToLive)', async () => {
    const describeIt = async () =>
      (await client.send(new DescribeTimeToLiveCommand({ TableName }))).TimeToLiveDescription;
    expect(await describeIt()).toEqual({ TimeToLiveStatus: 'ENABLED', AttributeName: 'goneAt' });
    const set = (Enabled: boolean) =>
      client.send(
        new UpdateTimeToLiveCommand({
          TableName,
          TimeToLiveSpecification: { AttributeName: 'goneAt', Enabled },
        }),
      );
    await expect(set(true)).rejects.toMatchObject({ message: 'TimeToLive is already enabled' });
    await set(false);
    expect(await describeIt()).toEqual({ TimeToLiveStatus: 'DISABLED' });
    await set(true);
  });
});

describe('tables, regions and refusals', () => {
  test('a region knows only its own tables (Developer Guide, DynamoDB regions)', async () => {
    const get = elsewhere.send(new GetCommand({ TableName, Key: key('one') }));
    await expect(get).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    const { Table } = await client.send(new DescribeTableCommand({ TableName }));
    expect(Table?.TableArn).toBe('arn:aws:dynamodb:eu-central-1:111122223333:table/things');
  });

  test('creates and deletes tables over the wire (CreateTable, DeleteTable)', async () => {
    await raw.send(
      new CreateTableCommand({
        TableName: 'other',
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        BillingMode: 'PAY_PER_REQUEST',
      }),
    );
    await waitUntilTableExists({ client: raw, maxWaitTime: 5, minDelay: 1 }, { TableName: 'other' });
    await client.send(new PutCommand({ TableName: 'other', Item: { id: 'x' } }));
    await raw.send(new DeleteTableCommand({ TableName: 'other' }));
    const { Item } = await client.send(new GetCommand({ TableName, Key: key('one') }));
    expect(Item).toBeDefined();
  });

  test('refuses loudly what it does not do', async () => {
    const transact = raw.send(
      new TransactWriteItemsCommand({
        TransactItems: [{ Put: { TableName, Item: { pk: { S: 'x' }, sk: { S: 'x' } } } }],
      }),
    );
    await expect(transact).rejects.toMatchObject({
      name: 'UnknownOperationException',
      message: expect.stringContaining('TransactWriteItems'),
    });
    const table = new CreateTableCommand({
      TableName: 'streamed',
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      BillingMode: 'PAY_PER_REQUEST',
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'KEYS_ONLY' },
    });
    await expect(raw.send(table)).rejects.toMatchObject({
      message: expect.stringContaining('StreamSpecification'),
    });
  });

  test('asks the authorizer with table, index and leading key, and injects faults', async () => {
    await client.send(new GetCommand({ TableName, Key: key('one') }));
    expect(calls.at(-1)).toEqual({
      action: 'dynamodb:GetItem',
      resource: 'arn:aws:dynamodb:eu-central-1:111122223333:table/things',
      region: REGION,
      accessKeyId: 'AKIATEST',
      operation: 'GetItem',
      context: { 'dynamodb:LeadingKeys': ['one'] },
    });
    await client.send(new UpdateCommand({ TableName, Key: key('two') }));
    await client.send(new PutCommand({ TableName, Item: key('three') }));
    await client.send(new DeleteCommand({ TableName, Key: key('four') }));
    expect(calls.slice(-3).map(({ operation, context }) => [operation, context])).toEqual([
      ['UpdateItem', { 'dynamodb:LeadingKeys': ['two'] }],
      ['PutItem', { 'dynamodb:LeadingKeys': ['three'] }],
      ['DeleteItem', { 'dynamodb:LeadingKeys': ['four'] }],
    ]);
    denied = 'dynamodb:PutItem';
    const put = () => client.send(new PutCommand({ TableName, Item: key('new') }));
    await expect(put()).rejects.toMatchObject({ name: 'AccessDeniedException' });
    denied = undefined;
    faulty = 'PutItem';
    await expect(put()).rejects.toMatchObject({ name: 'ProvisionedThroughputExceededException' });
    faulty = undefined;
  });

  test('serves calls from inside the cloud and throws errors with name and request id', async () => {
    const at = { region: REGION, accessKeyId: 'AKIASTATES', operation: 'GetItem' };
    const answer = await dynamo.call({
      ...at,
      input: { TableName, Key: { pk: { S: 'one' }, sk: { S: 'a' } } },
    });
    expect(answer).toMatchObject({ Item: { fence: { N: '1' } } });
    const unknown = dynamo.call({ ...at, input: { TableName: 'none', Key: {} } });
    await expect(unknown).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      requestId: expect.stringMatching(/^[A-Z0-9]{52}$/),
    });
  });
});
