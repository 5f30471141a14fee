import { describe, expect, test } from '@jest/globals';
import { TaskError } from '../../local/asl/errors.ts';
import type { Json } from '../../local/asl/json.ts';
import { answering, INVOKE, run } from './support.ts';

const CALL = { Type: 'Task', Resource: INVOKE, Arguments: '{% $states.input %}', End: true };
const DISTRIBUTED = { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' };
const each = (processor: object, more: object = {}): object => ({
  Each: { Type: 'Map', ItemProcessor: processor, End: true, ...more },
});
const failingOn = (bad: Json[]) =>
  answering((args) => {
    if (bad.includes(args)) throw new TaskError('Bad', String(args));
    return args;
  });

describe('inline Map', () => {
  test('runs no more iterations at once than MaxConcurrency, and 40 at most', async () => {
    for (const [MaxConcurrency, expected] of [
      [3, 3],
      [0, 40],
      [100, 40],
    ]) {
      let running = 0;
      let most = 0;
      const runner = async (): Promise<Json> => {
        running += 1;
        most = Math.max(most, running);
        await new Promise((resolve) => setImmediate(resolve));
        running -= 1;
        return null;
      };
      await run(
        each({ StartAt: 'Call', States: { Call: CALL } }, { Items: '{% [1..60] %}', MaxConcurrency }),
        { runner },
      );
      expect(most).toBe(expected);
    }
  });

  test('a failed iteration aborts the others and fails the Map with its own error', async () => {
    const runner = (_: string, args: Json): Promise<Json> =>
      args === 2 ? Promise.reject(new TaskError('Bad', undefined)) : new Promise(() => {});
    const trial = await run(each({ StartAt: 'Call', States: { Call: CALL } }, { Items: [1, 2, 3] }), {
      runner,
    });
    expect(trial.execution.result).toEqual({ status: 'FAILED', error: 'Bad' });
    const count = (type: string): number => trial.types().filter((one) => one === type).length;
    expect(count('MapIterationFailed')).toBe(1);
    expect(count('MapIterationAborted')).toBe(2);
    expect(count('TaskStateAborted')).toBe(3);
    expect(trial.types().slice(-2)).toEqual(['MapStateFailed', 'ExecutionFailed']);
    expect(trial.clock.pending).toBe(0);
  });

  test('keeps the order of the items, whichever iteration ends first', async () => {
    const trial = await run(
      each(
        { StartAt: 'Wait', States: { Wait: { Type: 'Wait', Seconds: '{% $states.input %}', End: true } } },
        { Items: [3, 1, 2] },
      ),
    );
    expect(trial.execution.result).toEqual({ status: 'SUCCEEDED', output: [3, 1, 2] });
    expect(trial.seconds()).toBe(3);
  });
});

describe('distributed Map', () => {
  const processor = { ProcessorConfig: DISTRIBUTED, StartAt: 'Call', States: { Call: CALL } };

  test('runs each item as an execution with its own history', async () => {
    const trial = await run(each(processor, { Items: ['a', 'b'], Label: 'Every' }), {
      runner: answering((args) => args),
    });
    expect(trial.execution.result).toEqual({ status: 'SUCCEEDED', output: ['a', 'b'] });
    expect(trial.children.map(({ status }) => status)).toEqual(['SUCCEEDED', 'SUCCEEDED']);
    expect(trial.children[0]?.arn).toMatch(/:execution:trial\/Every:[0-9a-f-]{36}$/);
    expect(trial.types()).not.toContain('TaskScheduled');
  });

  test('tolerates as many failures as it may', async () => {
    const trial = await run(each(processor, { Items: [1, 2, 3], ToleratedFailureCount: 1 }), {
      runner: failingOn([2]),
    });
    expect(trial.execution.result).toEqual({ status: 'SUCCEEDED', output: [1, 3] });
  });

  test.each([{ ToleratedFailureCount: 1 }, { ToleratedFailurePercentage: 60 }, {}])(
    'fails beyond the tolerance of %j, for a catcher to take',
    async (tolerance) => {
      const Catch = [{ ErrorEquals: ['States.ExceedToleratedFailureThreshold'], Next: 'Caught' }];
      const trial = await run(
        { ...each(processor, { Items: [1, 2, 3], ...tolerance, Catch }), Caught: { Type: 'Succeed' } },
        { runner: failingOn([1, 2, 3]) },
      );
      expect(trial.execution.result).toEqual({
        status: 'SUCCEEDED',
        output: {
          Error: 'States.ExceedToleratedFailureThreshold',
          Cause: 'The specified tolerated failure threshold was exceeded',
        },
      });
    },
  );
});

describe('Parallel', () => {
  test('gives Arguments to every branch and collects the outputs in order', async () => {
    const branch = (name: string, n: number): object => ({
      StartAt: name,
      States: { [name]: { Type: 'Pass', Output: `{% $states.input.a + ${n} %}`, End: true } },
    });
    const trial = await run(
      {
        Both: {
          Type: 'Parallel',
          Arguments: { a: '{% $states.input.x %}' },
          Branches: [branch('One', 1), branch('Two', 2)],
          End: true,
        },
      },
      { input: { x: 10 } },
    );
    expect(trial.execution.result).toEqual({ status: 'SUCCEEDED', output: [11, 12] });
  });

  test('a failed branch ends the waiting of the others', async () => {
    const trial = await run({
      Both: {
        Type: 'Parallel',
        Branches: [
          { StartAt: 'Long', States: { Long: { Type: 'Wait', Seconds: 3600, End: true } } },
          {
            StartAt: 'Short',
            States: {
              Short: { Type: 'Wait', Seconds: 1, Next: 'Fail' },
              Fail: { Type: 'Fail', Error: 'Broken' },
            },
          },
        ],
        End: true,
      },
    });
    expect(trial.execution.result).toEqual({ status: 'FAILED', error: 'Broken' });
    expect(trial.seconds()).toBe(1);
    expect(trial.types()).toContain('WaitStateAborted');
    expect(trial.clock.pending).toBe(0);
  });
});
