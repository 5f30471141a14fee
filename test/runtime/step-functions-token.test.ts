import {
  SendTaskFailureCommand,
  SendTaskHeartbeatCommand,
  SendTaskSuccessCommand,
  SFNClient,
} from '@aws-sdk/client-sfn';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { mockClient } from 'aws-sdk-client-mock';
import { stepFunctionsToken } from '../../lambdas/runtime/step-functions-token.ts';

const mock = mockClient(SFNClient);
const waits: number[] = [];
const token = stepFunctionsToken(new SFNClient({ region: 'eu-west-1' }), 'token', async (milliseconds) => {
  waits.push(milliseconds);
});
const refusal = (name: string, httpStatusCode = 400) =>
  Object.assign(new Error(name), { name, $metadata: { httpStatusCode } });

beforeEach(() => {
  mock.reset();
  waits.length = 0;
});

describe('a task token', () => {
  for (const name of ['TaskTimedOut', 'TaskDoesNotExist']) {
    test(`is settled when a heartbeat is answered with ${name}`, async () => {
      mock.on(SendTaskHeartbeatCommand).rejects(refusal(name));
      await expect(token.heartbeat()).resolves.toBe('settled');
    });

    test(`is settled already when success or failure is answered with ${name}`, async () => {
      mock.on(SendTaskSuccessCommand).rejects(refusal(name));
      mock.on(SendTaskFailureCommand).rejects(refusal(name));
      await token.succeed({ status: 'succeeded' });
      await token.fail('WorkerFailed', 'cause');
      expect(waits).toEqual([]);
    });
  }

  test('tells a heartbeat that did not get through, which is no settled token', async () => {
    mock.on(SendTaskHeartbeatCommand).rejects(new Error('network'));
    await expect(token.heartbeat()).rejects.toThrow('network');
  });

  test('is settled again after a throttle, a server’s error and a lost connection', async () => {
    mock
      .on(SendTaskSuccessCommand)
      .rejectsOnce(refusal('ThrottlingException'))
      .rejectsOnce(refusal('InternalError', 500))
      .resolves({});
    await token.succeed({ status: 'succeeded' });
    expect(mock.commandCalls(SendTaskSuccessCommand)).toHaveLength(3);
    expect(waits).toEqual([500, 2000]);
    mock.on(SendTaskFailureCommand).rejectsOnce(new Error('socket hang up')).resolves({});
    await token.fail('WorkerFailed', 'cause');
  });

  test('is not settled again after a refusal that stays', async () => {
    mock.on(SendTaskSuccessCommand).rejects(refusal('InvalidOutput'));
    await expect(token.succeed({})).rejects.toMatchObject({ name: 'InvalidOutput' });
    expect(waits).toEqual([]);
  });

  test('cuts error and cause to what Step Functions takes', async () => {
    mock.on(SendTaskFailureCommand).resolves({});
    await token.fail('e'.repeat(300), 'c'.repeat(40_000));
    const [call] = mock.commandCalls(SendTaskFailureCommand);
    expect(call?.args[0].input).toEqual({
      taskToken: 'token',
      error: 'e'.repeat(256),
      cause: 'c'.repeat(32_768),
    });
  });
});
