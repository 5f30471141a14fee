import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { SendTaskFailureCommand, SendTaskSuccessCommand, SFNClient } from '@aws-sdk/client-sfn';
import { DynamoDBDocumentClient, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { ACTIONS } from '@tanker/contract/index.ts';
import type { Context } from 'aws-lambda';
import { mockClient } from 'aws-sdk-client-mock';
import { eventOf } from '../agent/agent-world.ts';
import { testTopology } from '../control/control-world.ts';
import { writtenLines } from './written-lines.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'tanker-agent-'));
writeFileSync(path.join(directory, 'topology.json'), JSON.stringify(testTopology()));
Object.assign(process.env, {
  LAMBDA_TASK_ROOT: directory,
  TOPOLOGY_FILE: 'topology.json',
  POWERTOOLS_SERVICE_NAME: 'tanker',
  POWERTOOLS_METRICS_NAMESPACE: 'Tanker',
  DATACENTER: 'us',
});
writtenLines();

const states = mockClient(SFNClient);
const table = mockClient(DynamoDBDocumentClient);
const CONTEXT = { functionName: 'test', getRemainingTimeInMillis: () => 900_000 } as unknown as Context;
const AGENTS = path.resolve(import.meta.dirname, '../../lambdas/agent');
const load = async (name: string) =>
  (await import(path.join(AGENTS, `${name}.lambda.ts`))).handler as (
    e: unknown,
    c: Context,
  ) => Promise<unknown>;

beforeEach(() => {
  states.reset();
  table.reset();
});

describe('the agents’ functions', () => {
  test('are one for each action, and those that nobody dispatches', () => {
    const stems = readdirSync(AGENTS)
      .filter((file) => file.endsWith('.lambda.ts'))
      .map((file) => file.replace('.lambda.ts', ''));
    const others = ['doctor', 'launch', 'open-expired', 'report-failure', 'report-stopped-task'];
    expect(stems.sort()).toEqual([...ACTIONS, ...others].sort());
  });

  for (const action of ACTIONS) {
    test(`${action}: answers a warm event, and refuses the event of another action`, async () => {
      const handler = await load(action);
      await expect(handler({ warm: true, holdMilliseconds: 0 }, CONTEXT)).resolves.toEqual({ warm: true });
      const other = action === 'describe' ? eventOf('seal') : eventOf('describe');
      await expect(handler(other, CONTEXT)).rejects.toMatchObject({
        name: 'InputInvalid',
      });
    });
  }

  test('refuse an event for another datacenter', async () => {
    const handler = await load('seal');
    const event = eventOf('seal', { location: { datacenter: 'eu', server: 'db1' } });
    await expect(handler(event, CONTEXT)).rejects.toThrow(
      /seal agent of us got an event for seal at eu\/db1/,
    );
  });

  test('end quietly when another worker has the subtask', async () => {
    table.on(UpdateCommand).rejects(
      new ConditionalCheckFailedException({
        $metadata: {},
        message: 'no',
        Item: { state: { S: 'running' }, attempt: { N: '1' }, worker: { S: 'other' } },
      }),
    );
    await expect((await load('seal'))(eventOf('seal'), CONTEXT)).resolves.toEqual({ end: 'superseded' });
    expect(states.commandCalls(SendTaskSuccessCommand)).toHaveLength(0);
    expect(states.commandCalls(SendTaskFailureCommand)).toHaveLength(0);
  });
});

describe('report-failure', () => {
  const record = (requestPayload: unknown) => ({
    version: '1.0',
    requestContext: { requestId: 'r', condition: 'RetriesExhausted', approximateInvokeCount: 1 },
    requestPayload,
    responsePayload: { errorMessage: 'alice@example.com' },
  });

  test('fails the row and then the token with what is known, and repeats neither payload', async () => {
    states.on(SendTaskFailureCommand).resolves({});
    table.on(UpdateCommand).resolves({});
    await (await load('report-failure'))(record(eventOf('export', { grant: 1 })), CONTEXT);
    const [call] = states.commandCalls(SendTaskFailureCommand);
    expect(call?.args[0].input).toMatchObject({ taskToken: 'token', error: 'WorkerFailed' });
    expect(call?.args[0].input.cause).toMatch(/export of contacts at us\/db1 failed: RetriesExhausted/);
    expect(call?.args[0].input.cause).not.toContain('alice');
    const [row] = table.commandCalls(UpdateCommand);
    expect(row?.args[0].input).toMatchObject({
      Key: { pk: 'task#move-1' },
      ConditionExpression: '#token = :token',
      ExpressionAttributeValues: { ':token': 'token', ':set_state': 'failed', ':set_error': 'WorkerFailed' },
    });
    expect(JSON.stringify(row?.args[0].input)).not.toContain('alice');
  });

  test('fails the token though the row can’t be reached, and a due date for which nobody waits not at all', async () => {
    table.on(UpdateCommand).rejects(new Error('no table'));
    states.on(SendTaskFailureCommand).resolves({});
    const handler = await load('report-failure');
    await handler(record(eventOf('export', { grant: 1 })), CONTEXT);
    expect(states.commandCalls(SendTaskFailureCommand)).toHaveLength(1);
    const due = { task: 'move-1', company: 'acme', datacenter: 'us', at: '2026-03-10T09:30:00.000Z' };
    await handler(record({ ...due, due: 'expire-backup' }), CONTEXT);
    expect(states.commandCalls(SendTaskFailureCommand)).toHaveLength(1);
  });

  test('is done when the token was settled meanwhile', async () => {
    states.on(SendTaskFailureCommand).rejects(Object.assign(new Error('x'), { name: 'TaskTimedOut' }));
    await (await load('report-failure'))(record(eventOf('export', { grant: 1 })), CONTEXT);
  });
});

test('core imports nothing but the contract and Node itself', () => {
  const core = path.resolve(import.meta.dirname, '../../core');
  const files = readdirSync(core, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  for (const file of files) {
    const source = readFileSync(path.join(core, file), 'utf8');
    for (const [, from = ''] of source.matchAll(/from '([^']+)'/g)) {
      expect(`${file}: ${from}`).toMatch(/: (\.\.?\/|node:|@tanker\/contract\/index\.ts$)/);
      expect(path.resolve(core, path.dirname(file), from.startsWith('.') ? from : '.')).toContain(core);
    }
  }
});
