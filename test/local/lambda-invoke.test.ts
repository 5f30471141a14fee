import { readFileSync } from 'node:fs';
import path from 'node:path';
import {
  GetFunctionCommand,
  InvokeCommand,
  type InvokeCommandOutput,
  ListFunctionsCommand,
} from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ACCOUNT, eventually, type LambdaWorld, REGION, startLambdaWorld } from './lambda-world.ts';

let world: LambdaWorld;

beforeAll(async () => {
  world = await startLambdaWorld();
});
afterAll(() => world.stop());

function send(name: string, event: unknown = {}): Promise<InvokeCommandOutput> {
  return world.client.send(new InvokeCommand({ FunctionName: name, Payload: JSON.stringify(event) }));
}

async function answer(name: string, event: unknown = {}) {
  const { Payload } = await send(name, event);
  return JSON.parse(Payload?.transformToString() ?? '');
}

describe('a synchronous invocation', () => {
  test('runs the bundled handler with its event and context, and keeps the environment warm', async () => {
    world.add('echo');
    const first = await answer('echo', { company: 'acme' });
    const second = await answer('echo');
    expect(first).toMatchObject({
      event: { company: 'acme' },
      served: 1,
      arn: `arn:aws:lambda:${REGION}:${ACCOUNT}:function:echo`,
    });
    expect(first.remaining).toBeLessThanOrEqual(5000);
    expect(second).toMatchObject({ served: 2, pid: first.pid });
    expect(second.requestId).not.toBe(first.requestId);
  });

  // Source: Lambda, "Defined runtime environment variables".
  test("gives the handler Lambda's variables and its own, and nothing of the parent's environment", async () => {
    world.add('variables');
    process.env['TANKER_TEST_LEAK'] = 'leaked';
    const variables = await answer('variables');
    expect(variables).toMatchObject({
      OWN: 'value',
      AWS_REGION: REGION,
      AWS_LAMBDA_FUNCTION_NAME: 'variables',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '128',
      AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
      AWS_ACCESS_KEY_ID: `KEY-arn:aws:iam::${ACCOUNT}:role/variables`,
      AWS_ENDPOINT_URL: world.endpoint,
      AWS_XRAY_CONTEXT_MISSING: 'IGNORE_ERROR',
      _HANDLER: 'index.variables',
    });
    expect(variables._X_AMZN_TRACE_ID).toMatch(
      /^Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0$/,
    );
    expect(
      Object.keys(variables).filter((name) => /^(TANKER|npm|JEST|HOME|NODE_OPTIONS)/.test(name)),
    ).toEqual([]);
  });

  test('answers null when the handler returns nothing', async () => {
    world.add('nothing');
    expect(await answer('nothing')).toBeNull();
  });

  test('answers a thrown error as {errorType: its name, errorMessage, trace}', async () => {
    world.add('fail');
    const result = await send('fail', { name: 'CompanyBusy', message: 'acme is held' });
    expect(result).toMatchObject({ StatusCode: 200, FunctionError: 'Unhandled', ExecutedVersion: '$LATEST' });
    const error = JSON.parse(result.Payload?.transformToString() ?? '');
    expect(error).toMatchObject({ errorType: 'CompanyBusy', errorMessage: 'acme is held' });
    expect(error.trace[0]).toBe('CompanyBusy: acme is held');
  });

  // Source: Lambda, "Troubleshoot invocation issues", and error documents seen on AWS.
  test('ends at the timeout with Sandbox.Timedout and takes a new environment next', async () => {
    world.add('slow', { name: 'timeout', timeoutSeconds: 0.2 });
    const { FunctionError } = await send('timeout', { milliseconds: 10_000 });
    const error = await answer('timeout', { milliseconds: 10_000 });
    expect(FunctionError).toBe('Unhandled');
    expect(error.errorType).toBe('Sandbox.Timedout');
    expect(error.errorMessage).toMatch(
      /^RequestId: [0-9a-f-]{36} Error: Task timed out after 0\.20 seconds$/,
    );
    expect((await answer('timeout', { milliseconds: 0 })).pid).toBeGreaterThan(0);
  });

  test.each([
    [{ code: 3 }, 'with error: exit status 3'],
    [{ code: 0 }, 'without providing a reason'],
    [{ signal: 'SIGKILL' }, 'with error: signal: killed'],
  ])('answers Runtime.ExitError when the process ends by %j', async (event, how) => {
    const name = world.add('crash', { name: `crash-${JSON.stringify(event).replaceAll(/\W/g, '')}` });
    const error = await answer(name, event);
    expect(error.errorType).toBe('Runtime.ExitError');
    expect(error.errorMessage).toMatch(new RegExp(`^RequestId: [0-9a-f-]{36} Error: Runtime exited ${how}$`));
  });

  test('fails with Runtime.UnhandledPromiseRejection when a promise is forgotten', async () => {
    world.add('reject');
    expect(await answer('reject')).toMatchObject({ errorType: 'Runtime.UnhandledPromiseRejection' });
  });

  test('names a handler that the bundle does not export', async () => {
    world.add('absent');
    expect(await answer('absent')).toMatchObject({
      errorType: 'Runtime.HandlerNotFound',
      errorMessage: 'index.absent is undefined or not exported',
    });
  });

  test('runs each of two concurrent invocations in an environment of its own', async () => {
    world.add('slow');
    const both = await Promise.all([
      answer('slow', { milliseconds: 1500 }),
      answer('slow', { milliseconds: 1500 }),
    ]);
    expect(both[0].pid).not.toBe(both[1].pid);
    expect(world.lambda.environments().filter((one) => one.functionName === 'slow')).toHaveLength(2);
  });

  test("goes on when its caller disconnects, as Lambda's does", async () => {
    world.add('slow', { name: 'left-alone' });
    await send('left-alone', { milliseconds: 0 });
    const file = path.join(world.logDirectory, 'left-alone.txt');
    const abort = new AbortController();
    const Payload = JSON.stringify({ milliseconds: 100, file });
    const call = world.client.send(new InvokeCommand({ FunctionName: 'left-alone', Payload }), {
      abortSignal: abort.signal,
    });
    await eventually(() =>
      world.lambda.environments().find((one) => one.functionName === 'left-alone' && one.busy),
    );
    abort.abort();
    await expect(call).rejects.toThrow();
    // The file is there before its text is.
    expect(await eventually(() => readIfThere(file) || undefined)).toBe('done');
  });

  test('writes what the handler prints to the log of the function, by line, with the request id', async () => {
    world.add('speak');
    await send('speak');
    const log = await eventually(() => {
      const text = readIfThere(world.lambda.logFile(REGION, 'speak'));
      return text?.includes('third') && text.includes('second') ? text : undefined;
    });
    expect(log).toMatch(/^\S+Z [0-9a-f-]{36} first$/m);
    expect(log).toMatch(/^\S+Z [0-9a-f-]{36} third$/m);
  });
});

describe('Lambda refuses', () => {
  // Source: aws-lambda-power-tuning issue 18, the text of AWS's own answer.
  test('a function of another region', async () => {
    await expect(send(`arn:aws:lambda:us-east-1:${ACCOUNT}:function:echo`)).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: `Functions from 'us-east-1' are not reachable in this region ('${REGION}')`,
    });
  });

  test('a function that does not exist', async () => {
    await expect(send('nobody')).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: `Function not found: arn:aws:lambda:${REGION}:${ACCOUNT}:function:nobody`,
    });
  });

  // Source: Lambda quotas, invocation payload: 6 MB synchronous, 1 MB asynchronous.
  test('payloads over 6 MB, and over 1 MB when asynchronous', async () => {
    world.add('nothing', { name: 'sized' });
    const invoke = (bytes: number, InvocationType: 'Event' | 'RequestResponse') =>
      world.client.send(
        new InvokeCommand({
          FunctionName: 'sized',
          InvocationType,
          Payload: JSON.stringify('x'.repeat(bytes)),
        }),
      );
    await expect(invoke(6 * 2 ** 20, 'RequestResponse')).rejects.toMatchObject({
      name: 'RequestTooLargeException',
    });
    await expect(invoke(2 ** 20, 'Event')).rejects.toMatchObject({ name: 'RequestTooLargeException' });
    await expect(invoke(2 ** 20, 'RequestResponse')).resolves.toMatchObject({ StatusCode: 200 });
  });

  test('an answer over 6 MB, as a function error', async () => {
    world.add('large');
    expect(await answer('large', { bytes: 6 * 2 ** 20 + 200 })).toEqual({
      errorType: 'Function.ResponseSizeTooLarge',
      errorMessage: 'Response payload size exceeded maximum allowed payload size (6291556 bytes).',
    });
  });

  test('more concurrent invocations than are reserved', async () => {
    world.add('slow', { name: 'narrow', reservedConcurrency: 1 });
    const first = send('narrow', { milliseconds: 200 });
    await eventually(() => world.lambda.environments().find((one) => one.functionName === 'narrow'));
    await expect(send('narrow')).rejects.toMatchObject({ name: 'TooManyRequestsException' });
    await first;
  });

  test('requests without credentials and with unknown ones', async () => {
    const url = `${world.endpoint}/2015-03-31/functions/echo/invocations`;
    const bare = await fetch(url, { method: 'POST' });
    expect([bare.status, bare.headers.get('x-amzn-errortype')]).toEqual([403, 'MissingAuthenticationToken']);
    const authorization = `AWS4-HMAC-SHA256 Credential=stranger/20260101/${REGION}/lambda/aws4_request`;
    const stranger = await fetch(url, { method: 'POST', headers: { authorization } });
    expect(stranger.headers.get('x-amzn-errortype')).toBe('UnrecognizedClientException');
  });
});

test('lists and describes functions', async () => {
  world.add('nothing', { name: 'described', timeoutSeconds: 7 });
  const { Configuration } = await world.client.send(new GetFunctionCommand({ FunctionName: 'described' }));
  expect(Configuration).toMatchObject({ FunctionName: 'described', Timeout: 7, State: 'Active' });
  const { Functions } = await world.client.send(new ListFunctionsCommand({}));
  expect(Functions?.map((one) => one.FunctionName)).toContain('described');
});

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
