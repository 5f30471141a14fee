import { readFileSync } from 'node:fs';
import path from 'node:path';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ACCOUNT, eventually, type LambdaWorld, REGION, startLambdaWorld } from './lambda-world.ts';
import { type TestClock, testClock } from './virtual-clock.ts';

const QUEUE = `arn:aws:sqs:${REGION}:${ACCOUNT}:failed`;
let clock: TestClock;
let world: LambdaWorld;

beforeEach(async () => {
  clock = testClock();
  world = await startLambdaWorld(clock);
  world.queues.create(QUEUE);
});
afterEach(() => world.stop());

const accept = (FunctionName: string, event: unknown) =>
  world.client.send(
    new InvokeCommand({ FunctionName, InvocationType: 'Event', Payload: JSON.stringify(event) }),
  );

const retryWait = (milliseconds: number) =>
  eventually(() => (clock.waits().includes(milliseconds) ? true : undefined));

// Source of each: Lambda, "How Lambda handles errors and retries with asynchronous invocation".
describe('an asynchronous invocation', () => {
  test('is tried again after one and after two minutes, and answers 202 before it runs', async () => {
    world.add('failTimes');
    const file = path.join(world.logDirectory, 'attempts');
    const accepted = await accept('failTimes', { times: 2, file });
    expect(accepted).toMatchObject({ StatusCode: 202 });
    await retryWait(60_000);
    clock.advance(60_000);
    await retryWait(120_000);
    clock.advance(120_000);
    await eventually(() => (world.lambda.pendingEvents() === 0 ? true : undefined));
    expect(readFileSync(file, 'utf8')).toBe('3');
  });

  test('goes to its destination when all attempts have failed, with the request and the last answer', async () => {
    world.add('fail', { eventInvokeConfig: { maximumRetryAttempts: 0, onFailure: QUEUE } });
    await accept('fail', { name: 'Broken', message: 'x' });
    const [message] = await eventually(() => nonEmpty(world.queues.messages(QUEUE)));
    expect(JSON.parse(message?.body ?? '')).toMatchObject({
      version: '1.0',
      timestamp: '2026-01-01T00:00:00.000Z',
      requestContext: {
        functionArn: `arn:aws:lambda:${REGION}:${ACCOUNT}:function:fail:$LATEST`,
        condition: 'RetriesExhausted',
        approximateInvokeCount: 1,
      },
      requestPayload: { name: 'Broken', message: 'x' },
      responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
      responsePayload: { errorType: 'Broken', errorMessage: 'x' },
    });
  });

  test('goes to a function as destination', async () => {
    world.add('failTimes', { name: 'witness' });
    const witness = `arn:aws:lambda:${REGION}:${ACCOUNT}:function:witness`;
    world.add('fail', { eventInvokeConfig: { maximumRetryAttempts: 0, onFailure: witness } });
    await accept('fail', {});
    await eventually(() => world.lambda.environments().find((one) => one.functionName === 'witness'));
  });

  test('is given up instead of retried past its maximum age', async () => {
    world.add('fail', { eventInvokeConfig: { maximumEventAgeSeconds: 60, onFailure: QUEUE } });
    await accept('fail', {});
    await retryWait(60_000);
    clock.advance(60_000);
    const [message] = await eventually(() => nonEmpty(world.queues.messages(QUEUE)));
    expect(JSON.parse(message?.body ?? '').requestContext).toMatchObject({
      condition: 'EventAgeExceeded',
      approximateInvokeCount: 2,
    });
  });

  test('waits while the reserved concurrency is used up', async () => {
    world.add('slow', { name: 'narrow', reservedConcurrency: 1 });
    const running = world.lambda.invoke({
      region: REGION,
      functionName: 'narrow',
      payload: '{"milliseconds":50}',
    });
    await accept('narrow', { milliseconds: 0 });
    await retryWait(1_000);
    await running;
    clock.advance(1_000);
    await eventually(() => (world.lambda.pendingEvents() === 0 ? true : undefined));
  });
});

describe('an injected fault', () => {
  test('delivers an event twice', async () => {
    world.add('slow');
    world.faults.set({ service: 'lambda', match: { operation: 'Invoke' }, effect: { kind: 'duplicate' } });
    await accept('slow', { milliseconds: 50 });
    clock.advance(0);
    await eventually(() => (world.lambda.environments().length === 2 ? true : undefined));
  });

  test('loses an event although the caller hears that it was accepted', async () => {
    world.add('fail');
    world.faults.set({ service: 'lambda', match: { functionName: 'fail' }, effect: { kind: 'drop' } });
    expect(await accept('fail', {})).toMatchObject({ StatusCode: 202 });
    expect([world.lambda.pendingEvents(), world.lambda.environments().length]).toEqual([0, 0]);
  });

  test('lets the function run and loses its answer, for calls whose payload matches', async () => {
    world.add('echo');
    world.faults.set({
      service: 'lambda',
      match: { operation: 'Invoke', payload: { phase: 'lock' } },
      effect: { kind: 'answer-lost' },
    });
    const call = (phase: string) =>
      world.client.send(
        new InvokeCommand({ FunctionName: 'echo', Payload: JSON.stringify({ phase, company: 'a' }) }),
      );
    await expect(call('drain')).resolves.toMatchObject({ StatusCode: 200 });
    await expect(call('lock')).rejects.toMatchObject({ name: 'ServiceException' });
    const last = await call('lock');
    expect(JSON.parse(last.Payload?.transformToString() ?? '').served).toBe(3);
  });

  test('fails the function without running it', async () => {
    world.add('echo');
    const effect = { kind: 'error', errorType: 'ProviderUnreachable' } as const;
    world.faults.set({ service: 'lambda', match: { operation: 'Run' }, effect });
    const result = await world.client.send(new InvokeCommand({ FunctionName: 'echo' }));
    expect(result.FunctionError).toBe('Unhandled');
    expect(result.Payload?.transformToString()).toContain('ProviderUnreachable');
  });

  const invoke = async (event: unknown) => {
    const command = new InvokeCommand({ FunctionName: 'echo', Payload: JSON.stringify(event) });
    const { Payload } = await world.client.send(command);
    return JSON.parse(Payload?.transformToString() ?? '');
  };
  const hold = (operation: 'Run' | 'Invoke', what: 'call' | 'answer' | 'copy') =>
    world.faults.set({
      service: 'lambda',
      match: { operation, payload: { company: 'held' } },
      effect: { kind: 'hold', what },
    });

  test('holds a call until the fault is cleared, and the others pass', async () => {
    world.add('echo');
    const id = hold('Run', 'call');
    const held = invoke({ company: 'held' });
    await eventually(() => world.faults.list()[0]?.hits || undefined);
    expect((await invoke({ company: 'other' })).served).toBe(1);
    expect(world.lambda.runs()).toEqual([
      { region: REGION, functionName: 'echo', payload: JSON.stringify({ company: 'held' }) },
    ]);
    expect(world.faults.clear(id)).toBe(1);
    expect((await held).served).toBe(2);
    expect(world.lambda.runs()).toEqual([]);
  });

  test('holds an answer until the fault is cleared, when the work is done', async () => {
    world.add('echo');
    const id = hold('Run', 'answer');
    const held = invoke({ company: 'held' });
    await eventually(() => world.faults.list()[0]?.held || undefined);
    expect((await invoke({ company: 'other' })).event).toEqual({ company: 'other' });
    world.faults.clear(id);
    expect((await held).event).toEqual({ company: 'held' });
  });

  test('makes a copy of a call when the fault is cleared', async () => {
    world.add('echo');
    const id = hold('Invoke', 'copy');
    expect((await invoke({ company: 'held' })).served).toBe(1);
    world.faults.clear(id);
    await eventually(() => (world.lambda.runs().length === 0 ? true : undefined));
    expect((await invoke({ company: 'other' })).served).toBe(3);
  });
});

test("a function's dates follow the cloud's clock", async () => {
  world.add('today');
  const { payload } = await world.lambda.invoke({ region: REGION, functionName: 'today', payload: '{}' });
  expect(JSON.parse(payload)).toMatchObject({
    isDate: true,
    iso: expect.stringMatching(/^2026-01-01T00:00:0/),
  });
});

test('killed environments are replaced at the next invocation', async () => {
  world.add('echo');
  const run = async () =>
    JSON.parse((await world.lambda.invoke({ region: REGION, functionName: 'echo', payload: '{}' })).payload);
  const first = await run();
  expect(world.lambda.killEnvironments('echo', REGION)).toBe(1);
  expect((await run()).pid).not.toBe(first.pid);
});

test('no process outlives the cloud', async () => {
  world.add('echo');
  await world.lambda.prewarm(REGION, 'echo', 2);
  const pids = world.lambda.environments().map((one) => one.pid);
  await world.lambda.stop();
  expect(pids).toHaveLength(2);
  for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
});

function nonEmpty<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length > 0 ? list : undefined;
}
