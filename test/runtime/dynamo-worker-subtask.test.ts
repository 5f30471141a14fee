import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { keys, SubtaskRecord } from '@tanker/contract/index.ts';
import { dynamoWorkerSubtask } from '../../lambdas/runtime/dynamo-worker-subtask.ts';
import { createDynamo } from '../../local/dynamodb/index.ts';
import { type Loopback, serve } from '../local/loopback.ts';
import { type SeenRow, workerSubtaskSuite } from '../support/worker-subtask-suite.ts';

const TABLE = { region: 'eu-west-1', name: 'tanker' };
const FIELDS = {
  task: 'move-1',
  company: 'acme',
  phase: 'export',
  action: 'export',
  provider: 'contacts',
  location: { datacenter: 'eu', server: 'db1' },
  epoch: 3,
} as const;
const KEY = keys.subtask(FIELDS);

let loopback: Loopback;
let raw: DynamoDBClient;
let client: DynamoDBDocumentClient;

beforeAll(async () => {
  const dynamo = createDynamo({ accountId: '123456789012' });
  loopback = await serve(dynamo.handle);
  await dynamo.createTable({
    ...TABLE,
    keySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ],
    attributeDefinitions: [
      { AttributeName: 'pk', AttributeType: 'S' },
      { AttributeName: 'sk', AttributeType: 'S' },
    ],
  });
  const credentials = { accessKeyId: 'AKIATEST', secretAccessKey: 'secret' };
  raw = new DynamoDBClient({ region: TABLE.region, endpoint: loopback.endpoint, credentials });
  client = DynamoDBDocumentClient.from(raw, { marshallOptions: { removeUndefinedValues: true } });
});

afterAll(async () => {
  raw.destroy();
  await loopback.close();
});

const now = () => new Date('2026-03-10T09:30:00.000Z');
const workerOf = (attempt: number, worker: string) =>
  dynamoWorkerSubtask({ client, table: TABLE.name, key: KEY, attempt, worker, recordDays: 30, now });
const readRow = async () =>
  (await client.send(new GetCommand({ TableName: TABLE.name, Key: KEY, ConsistentRead: true }))).Item;
const dispatchRow = async (attempt: number) => {
  const record: SubtaskRecord = {
    kind: 'subtask',
    state: 'dispatched',
    ...FIELDS,
    attempt,
    dispatchedAt: now().toISOString(),
    token: 'token',
  };
  await client.send(new PutCommand({ TableName: TABLE.name, Item: { ...KEY, ...record } }));
};

workerSubtaskSuite('in DynamoDB', async () => ({
  dispatch: dispatchRow,
  worker: workerOf,
  row: async () => (await readRow()) as unknown as SeenRow,
}));

test('every state that a worker leaves is a record of the contract', async () => {
  await dispatchRow(1);
  const worker = workerOf(1, 'a');
  await worker.begin();
  expect(SubtaskRecord.parse(await readRow())).toMatchObject({ state: 'running', worker: 'a' });
  await worker.succeed({ action: 'fence' }, []);
  const ttl = now().getTime() / 1000 + 30 * 86_400;
  expect(SubtaskRecord.parse(await readRow())).toMatchObject({ state: 'succeeded', ttl });
  await dispatchRow(2);
  const second = workerOf(2, 'b');
  await second.begin();
  await second.fail('WorkerFailed', 'x'.repeat(1000));
  const failed = SubtaskRecord.parse(await readRow());
  expect(failed).toMatchObject({ state: 'failed', error: 'WorkerFailed', cause: 'x'.repeat(400) });
});

test('the refusal tells which attempt and worker the row has', async () => {
  await dispatchRow(4);
  await workerOf(4, 'first').begin();
  await expect(workerOf(4, 'second').begin()).rejects.toThrow(
    /The row is running at attempt 4, worker first/,
  );
});
