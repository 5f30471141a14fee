import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { DynamoDBDocumentClient, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { keys, PhaseEvent } from '@tanker/contract/index.ts';
import type { Context } from 'aws-lambda';
import { mockClient } from 'aws-sdk-client-mock';
import type { OpenTaskRecord } from '../../core/ports.ts';
import { RecordTable } from '../../lambdas/runtime/dynamo-record.ts';
import { DynamoTasks } from '../../lambdas/runtime/dynamo-tasks.ts';
import { createDynamo } from '../../local/dynamodb/index.ts';
import type { StreamRecord } from '../../local/dynamodb/stream.ts';
import { streamArn } from '../../local/dynamodb/stream-arn.ts';
import { testTopology } from '../control/control-world.ts';
import { type Loopback, serve } from '../local/loopback.ts';
import { writtenLines } from './written-lines.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'tanker-publish-'));
writeFileSync(path.join(directory, 'topology.json'), JSON.stringify(testTopology()));
Object.assign(process.env, {
  LAMBDA_TASK_ROOT: directory,
  TOPOLOGY_FILE: 'topology.json',
  POWERTOOLS_SERVICE_NAME: 'tanker',
  POWERTOOLS_METRICS_NAMESPACE: 'Tanker',
});
const lines = writtenLines();
const bus = mockClient(EventBridgeClient);
const CONTEXT = { functionName: 'test', getRemainingTimeInMillis: () => 30_000 } as unknown as Context;
type Answer = { batchItemFailures: { itemIdentifier: string }[] };
const { handler } = (await import('../../lambdas/control/publish-events.lambda.ts')) as unknown as {
  handler(event: unknown, context: Context): Promise<Answer>;
};

/** A text that stands in a task's record and may stand in no event and no log. */
const CANARY = 'alice.canary@example.com';
const NOW = '2026-01-31T12:00:00.000Z';
const TABLE = { region: 'eu-west-1', name: 'tanker' };

let loopback: Loopback;
let client: DynamoDBDocumentClient;
let tasks: DynamoTasks;
let records: StreamRecord[];

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
    stream: 'NEW_AND_OLD_IMAGES',
  });
  const arn = streamArn(`arn:aws:dynamodb:${TABLE.region}:123456789012:table/${TABLE.name}`);
  dynamo.stream(arn)?.listen((record) => void records.push(record));
  const raw = new DynamoDBClient({
    region: TABLE.region,
    endpoint: loopback.endpoint,
    credentials: { accessKeyId: 'AKIATEST', secretAccessKey: 'secret' },
  });
  client = DynamoDBDocumentClient.from(raw, { marshallOptions: { removeUndefinedValues: true } });
  tasks = new DynamoTasks(new RecordTable(client, TABLE.name), () => new Date(NOW), 90);
});
afterAll(() => loopback.close());

beforeEach(() => {
  records = [];
  bus.reset();
  bus.on(PutEventsCommand).callsFake((input) => ({
    Entries: input.Entries.map(() => ({ EventId: 'given' })),
  }));
});

const opened = (task: string, more: Partial<OpenTaskRecord> = {}): OpenTaskRecord => ({
  kind: 'task',
  state: 'open',
  task,
  operation: 'migrate',
  company: 'acme',
  executionArn: 'arn',
  input: { note: CANARY },
  requestedBy: CANARY,
  reason: CANARY,
  createdAt: '2026-01-31T11:59:00.000Z',
  phase: 'plan',
  phases: { plan: '2026-01-31T11:59:00.000Z' },
  epoch: 0,
  holder: null,
  recoveries: 0,
  ...more,
});

/** As the state machines write it, without a function. */
const begin = (task: string, phase: string, at: string) =>
  client.send(
    new UpdateCommand({
      TableName: TABLE.name,
      Key: keys.task(task),
      UpdateExpression: 'SET #phase = :phase, phases.#began = if_not_exists(phases.#began, :now)',
      ExpressionAttributeNames: { '#phase': 'phase', '#began': phase },
      ExpressionAttributeValues: { ':phase': phase, ':now': at },
    }),
  );

const put = (): PhaseEvent[] =>
  bus
    .commandCalls(PutEventsCommand)
    .flatMap((call) => call.args[0].input.Entries ?? [])
    .map(({ Detail = '' }) => PhaseEvent.parse(JSON.parse(Detail)));
const publish = () => handler({ Records: records }, CONTEXT);
const sequenceOf = (record: StreamRecord | undefined) => record?.dynamodb.SequenceNumber;

describe('publish-events', () => {
  test('tells of each change of phase, of the opening and of the end, and of no other write', async () => {
    const actor = { task: 'move-1', company: 'acme', epoch: 3, holder: 'move-1/move-1' };
    await tasks.create(opened('move-1'));
    await tasks.takeOver('move-1', { epoch: 3, holder: actor.holder }, {});
    await begin('move-1', 'prepare', '2026-01-31T11:59:10.000Z');
    await begin('move-1', 'lock', '2026-01-31T11:59:20.000Z');
    await tasks.advance(actor, { lock: { grant: 1, lockedAt: NOW, deadline: NOW } });
    await tasks.close(actor, { outcome: 'migrated', debts: [] });
    expect(await publish()).toEqual({ batchItemFailures: [] });
    expect(put().map(({ state, phase, previousPhase, epoch, at }) => [state, previousPhase, phase, epoch, at]))
      // biome-ignore format: a line for each event
      .toEqual([
      ['open', null, 'plan', 0, '2026-01-31T11:59:00.000Z'],
      ['open', 'plan', 'prepare', 3, '2026-01-31T11:59:10.000Z'],
      ['open', 'prepare', 'lock', 3, '2026-01-31T11:59:20.000Z'],
      ['closed', 'lock', 'lock', 3, NOW],
    ]);
    expect(put().at(-1)).toMatchObject({ outcome: 'migrated', error: null, company: 'acme' });
  });

  test('puts them onto the installation’s bus, dated by the change', async () => {
    await tasks.create(opened('move-2'));
    await publish();
    const [entry] = bus.commandCalls(PutEventsCommand)[0]?.args[0].input.Entries ?? [];
    expect(entry).toMatchObject({
      EventBusName: 'tanker',
      Source: 'tanker',
      DetailType: 'Tanker Task Phase Change',
      Time: new Date('2026-01-31T11:59:00.000Z'),
    });
  });

  test('gives an event that comes again the same id', async () => {
    await tasks.create(opened('move-3'));
    await publish();
    await publish();
    const [first, again] = put();
    expect(again).toEqual(first);
  });

  test('tells neither events nor the log what people wrote', async () => {
    await tasks.create(opened('move-4', { company: `no company, says ${CANARY}` }));
    const end = {
      outcome: 'refused',
      debts: [],
      failure: { error: `by ${CANARY}`, cause: CANARY },
    } as const;
    await tasks.close({ task: 'move-4', epoch: 0, holder: null }, end);
    await publish();
    expect(put()).toMatchObject([
      { company: null, state: 'open' },
      { company: null, state: 'closed', outcome: 'refused', error: null },
    ]);
    const entries = JSON.stringify(bus.commandCalls(PutEventsCommand).map((call) => call.args[0].input));
    expect(`${entries} ${lines.all()}`).not.toContain('alice');
    expect(lines.all()).toContain('move-4');
  });

  test('dates by the stream what the record does not date, such as the claim of a recovery', async () => {
    await tasks.create(opened('move-5', { epoch: 1, holder: 'move-5/move-5' }));
    for (const epoch of [2, 3]) {
      await tasks.takeOver('move-5', { epoch, holder: `move-5/recover-${epoch}` }, { phase: 'claim' });
    }
    await publish();
    const [, claim, again] = put();
    expect(claim).toMatchObject({ phase: 'claim', previousPhase: 'plan', epoch: 2 });
    // A recovery whose forerunner was interrupted in this very phase.
    expect(again).toMatchObject({ phase: 'claim', previousPhase: 'claim', epoch: 3 });
    expect(claim?.at).toMatch(/\.000Z$/);
  });

  test('asks for the rest again when the bus refuses an event, and tells no later one of its task before it', async () => {
    await tasks.create(opened('move-6'));
    await tasks.create(opened('move-7'));
    await begin('move-6', 'prepare', NOW);
    await begin('move-6', 'lock', NOW);
    bus
      .on(PutEventsCommand)
      .resolvesOnce({ Entries: [{ EventId: 'a' }, { EventId: 'b' }] })
      .resolvesOnce({ FailedEntryCount: 1, Entries: [{ ErrorCode: 'ThrottlingException' }] });
    expect(await publish()).toEqual({
      batchItemFailures: [{ itemIdentifier: sequenceOf(records[2]) }],
    });
    expect(put().map(({ task, phase }) => `${task} ${phase}`)).toEqual([
      'move-6 plan',
      'move-7 plan',
      'move-6 prepare',
    ]);
    expect(lines.ofLevel('ERROR')).toMatchObject([{ error: 'ThrottlingException' }]);
  });

  test('asks for all of it again when the bus does not answer', async () => {
    await tasks.create(opened('move-8'));
    bus.on(PutEventsCommand).rejects(Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' }));
    expect(await publish()).toEqual({
      batchItemFailures: [{ itemIdentifier: sequenceOf(records[0]) }],
    });
  });

  test('fails whole at a record that it can’t read, so that Lambda halves the batch until that stands alone', async () => {
    await tasks.create(opened('move-9', { phase: CANARY as never }));
    await expect(publish()).rejects.toMatchObject({ name: 'InputInvalid' });
    expect(bus.commandCalls(PutEventsCommand)).toHaveLength(0);
    expect(lines.all()).not.toContain('alice');
  });
});
