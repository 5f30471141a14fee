import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { keys, SubtaskRecord } from '@tanker/contract/index.ts';
import { dynamoLostSubtask } from '../../lambdas/runtime/dynamo-lost-subtask.ts';
import { RecordTable } from '../../lambdas/runtime/dynamo-record.ts';
import { dynamoWorkerSubtask } from '../../lambdas/runtime/dynamo-worker-subtask.ts';
import { startTable, type TestTable } from '../support/dynamo-table.ts';
import { type SeenRow, workerSubtaskSuite } from '../support/worker-subtask-suite.ts';

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

let table: TestTable;
let client: TestTable['client'];
beforeAll(async () => {
  table = await startTable();
  client = table.client;
});
afterAll(() => table.close());

const now = () => new Date('2026-03-10T09:30:00.000Z');
const workerOf = (attempt: number, worker: string) =>
  dynamoWorkerSubtask({ client, table: table.name, key: KEY, attempt, worker, recordDays: 30, now });
const readRow = async () =>
  (await client.send(new GetCommand({ TableName: table.name, Key: KEY, ConsistentRead: true }))).Item;
const dispatchRow = async (attempt: number) => {
  const record: SubtaskRecord = {
    kind: 'subtask',
    state: 'dispatched',
    ...FIELDS,
    attempt,
    dispatchedAt: now().toISOString(),
    token: 'token',
  };
  await client.send(new PutCommand({ TableName: table.name, Item: { ...KEY, ...record } }));
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

describe('a subtask whose worker is gone', () => {
  const lost = (token: string) =>
    dynamoLostSubtask({
      table: new RecordTable(client, table.name),
      ...{ subtask: FIELDS, token, recordDays: 30, now },
    });

  test.each(['dispatched', 'running'] as const)(
    'is failed when it was %s, and is a record of the contract',
    async (state) => {
      await dispatchRow(1);
      if (state === 'running') await workerOf(1, 'a').begin();
      await lost('token').fail('WorkerFailed', 'x'.repeat(1000));
      await lost('token').fail('WorkerFailed', 'once more');
      const failed = SubtaskRecord.parse(await readRow());
      expect(failed).toMatchObject({ state: 'failed', error: 'WorkerFailed', cause: 'x'.repeat(400) });
      expect(failed.token).toBeUndefined();
      await expect(workerOf(1, 'a').confirm()).rejects.toMatchObject({ name: 'SubtaskSuperseded' });
    },
  );

  test('is left alone when another attempt has it, or it is settled', async () => {
    await dispatchRow(2);
    await lost('token of attempt 1').fail('WorkerFailed', 'late');
    expect(await readRow()).toMatchObject({ state: 'dispatched', attempt: 2 });
    const worker = workerOf(2, 'b');
    await worker.begin();
    await worker.succeed({ action: 'fence' }, []);
    await lost('token').fail('WorkerFailed', 'late');
    expect(await readRow()).toMatchObject({ state: 'succeeded' });
  });
});

test('the refusal tells which attempt and worker the row has', async () => {
  await dispatchRow(4);
  await workerOf(4, 'first').begin();
  await expect(workerOf(4, 'second').begin()).rejects.toThrow(
    /The row is running at attempt 4, worker first/,
  );
});
