import { describe, expect, test } from '@jest/globals';
import { warmFunctions } from '../../lambdas/runtime/warm-functions.ts';

const TIMES = { deadlineMs: 300, repeatMs: 20 };
const drain = (environments: number) => ({ region: 'us-east-1', name: 'tanker-us-drain', environments });

const refusal = (name: string, httpStatusCode: number) =>
  Object.assign(new Error(name), { name, $metadata: { httpStatusCode } });
const late = (_: unknown, { abortSignal }: { abortSignal: AbortSignal }) =>
  new Promise<never>((_resolve, reject) => {
    abortSignal.addEventListener('abort', () => reject(new Error('aborted')));
  });

/** A Lambda that ends its calls one after the other as told, the last end for all that follow. */
function lambda(...ends: ((...call: never[]) => Promise<object>)[]) {
  let calls = 0;
  const send = (...call: never[]) => {
    const end = ends[Math.min(calls, ends.length - 1)] as (typeof ends)[number];
    calls += 1;
    return end(...call);
  };
  return { client: () => ({ send }) as never, calls: () => calls };
}

const ready = async () => ({ StatusCode: 200 });
const refused = (name: string, status: number) => () => Promise.reject(refusal(name, status));

describe('warming', () => {
  test('counts the environments that answer', async () => {
    const { client, calls } = lambda(ready);
    expect(await warmFunctions(client, [drain(3)], TIMES)).toEqual([{ ...drain(3), warm: 3, refusals: [] }]);
    expect(calls()).toBe(3);
  });

  test.each([
    ['a throttle', 'TooManyRequestsException', 429],
    ['a function whose network interfaces are made', 'ResourceConflictException', 409],
    ['a failure of Lambda', 'ServiceException', 500],
  ])('asks again after %s', async (_about, name, status) => {
    const { client, calls } = lambda(refused(name, status), ready);
    expect(await warmFunctions(client, [drain(1)], TIMES)).toEqual([{ ...drain(1), warm: 1, refusals: [] }]);
    expect(calls()).toBe(2);
  });

  test('asks until the deadline, and says why nothing came', async () => {
    const { client, calls } = lambda(refused('TooManyRequestsException', 429));
    const [drained] = await warmFunctions(client, [drain(2)], TIMES);
    expect(drained).toMatchObject({
      warm: 0,
      refusals: ['TooManyRequestsException', 'TooManyRequestsException'],
    });
    expect(calls()).toBeGreaterThan(10);
  });

  test('asks once where no repeat helps: for a right or a function that is missing', async () => {
    const { client, calls } = lambda(refused('ResourceNotFoundException', 404));
    const [drained] = await warmFunctions(client, [drain(1)], TIMES);
    expect(drained?.refusals).toEqual(['ResourceNotFoundException']);
    expect(calls()).toBe(1);
  });

  test('takes a function that fails for refused, and one that is slow for late', async () => {
    const failing = lambda(async () => ({ FunctionError: 'Unhandled' }));
    expect(await warmFunctions(failing.client, [drain(1)], TIMES)).toMatchObject([
      { refusals: ['Unhandled'] },
    ]);
    const slow = lambda(late as never);
    expect(await warmFunctions(slow.client, [drain(1)], TIMES)).toMatchObject([{ warm: 0, refusals: [] }]);
  });
});
