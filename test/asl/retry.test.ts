import { describe, expect, test } from '@jest/globals';
import { StateFailure, TaskError } from '../../local/asl/errors.ts';
import { backoffSeconds, matches, RetryCounts } from '../../local/asl/retry.ts';
import { INVOKE, run } from './support.ts';

const failing = (error: string) => async (): Promise<never> => {
  throw new TaskError(error, 'because');
};
const call = (more: object): object => ({
  Call: { Type: 'Task', Resource: INVOKE, Arguments: { FunctionName: 'f' }, End: true, ...more },
});

describe('matching of error names', () => {
  const names = (list: string[], error: string): boolean => matches(list, new StateFailure(error, undefined));

  test('States.ALL takes everything but States.Runtime, also States.DataLimitExceeded', () => {
    expect(names(['States.ALL'], 'Anything')).toBe(true);
    expect(names(['States.ALL'], 'States.DataLimitExceeded')).toBe(true);
    expect(names(['States.ALL', 'States.Runtime'], 'States.Runtime')).toBe(false);
  });

  test('States.TaskFailed takes everything but a timeout', () => {
    expect(names(['States.TaskFailed'], 'CompanyBusy')).toBe(true);
    expect(names(['States.TaskFailed'], 'States.Timeout')).toBe(false);
  });

  test('a failure without a name is taken by States.ALL alone', () => {
    const nameless = new StateFailure(undefined, undefined);
    expect(matches(['States.ALL'], nameless)).toBe(true);
    expect(matches(['Anything'], nameless)).toBe(false);
  });
});

describe('backoff', () => {
  test('grows by BackoffRate and stops growing at MaxDelaySeconds', () => {
    const retrier = { ErrorEquals: ['States.ALL'], IntervalSeconds: 2, BackoffRate: 3, MaxDelaySeconds: 10 };
    expect([0, 1, 2].map((used) => backoffSeconds(retrier, used))).toEqual([2, 6, 10]);
  });

  test('starts at one second and doubles unless told otherwise', () => {
    expect([0, 1, 4].map((used) => backoffSeconds({ ErrorEquals: [] }, used))).toEqual([1, 2, 16]);
  });

  test('full jitter takes a random part of the delay', () => {
    const retrier = { ErrorEquals: ['States.ALL'], IntervalSeconds: 8, JitterStrategy: 'FULL' as const };
    expect(new RetryCounts([retrier], () => 0.25).next(new StateFailure('X', undefined))).toBe(2_000);
  });
});

describe('Retry', () => {
  test('tries three times more by default, after 1, 2 and 4 seconds', async () => {
    const trial = await run(call({ Retry: [{ ErrorEquals: ['Busy'] }] }), { runner: failing('Busy') });
    expect(trial.types().filter((type) => type === 'TaskFailed')).toHaveLength(4);
    expect(trial.seconds()).toBe(7);
    expect(trial.execution.result).toEqual({ status: 'FAILED', error: 'Busy', cause: 'because' });
  });

  test('counts for each retrier apart, and the first that matches decides', async () => {
    const errors = ['A', 'B', 'A', 'B'];
    const runner = async (): Promise<string> => {
      const error = errors.shift();
      if (error === undefined) return 'done';
      throw new TaskError(error, undefined);
    };
    const Retry = [
      { ErrorEquals: ['A'], MaxAttempts: 2 },
      { ErrorEquals: ['States.ALL'], MaxAttempts: 2 },
    ];
    const trial = await run(call({ Retry }), { runner });
    expect(trial.execution.result).toEqual({ status: 'SUCCEEDED', output: 'done' });
  });

  test('does not fall through to another retrier when the matching one is used up', async () => {
    const Retry = [{ ErrorEquals: ['A'], MaxAttempts: 0 }, { ErrorEquals: ['States.ALL'] }];
    const trial = await run(call({ Retry }), { runner: failing('A') });
    expect(trial.types().filter((type) => type === 'TaskFailed')).toHaveLength(1);
  });

  test('evaluates the arguments again and counts the retries in the context', async () => {
    const seen: unknown[] = [];
    const runner = async (_: string, args: unknown): Promise<string> => {
      seen.push(args);
      if (seen.length < 3) throw new TaskError('Again', undefined);
      return 'done';
    };
    await run(
      call({
        Arguments: { FunctionName: 'f', Payload: '{% $states.context.State.RetryCount %}' },
        Retry: [{ ErrorEquals: ['Again'] }],
      }),
      { runner },
    );
    expect(seen).toEqual([0, 1, 2].map((Payload) => ({ FunctionName: 'f', Payload })));
  });

  test("retries and catches a failure of the state's own Output", async () => {
    const Catch = [{ ErrorEquals: ['States.QueryEvaluationError'], Output: 'caught', Next: 'End here' }];
    const trial = await run(
      {
        ...call({ Output: '{% $states.result.gone %}', Catch, End: undefined, Next: 'End here' }),
        'End here': { Type: 'Succeed' },
      },
      { runner: async () => ({}) },
    );
    expect(trial.execution.result).toEqual({ status: 'SUCCEEDED', output: 'caught' });
  });
});
