import { describe, expect, test } from '@jest/globals';
import { answering, INVOKE, run } from './support.ts';

const BIG = 'x'.repeat(256 * 1024);
const CALL = { Type: 'Task', Resource: INVOKE, Arguments: { FunctionName: 'f' } };

describe('256 KiB', () => {
  test('a task result over it is an error of the task that a catcher may take', async () => {
    const trial = await run(
      {
        Call: {
          ...CALL,
          Catch: [{ ErrorEquals: ['States.DataLimitExceeded'], Next: 'Caught' }],
          Next: 'Caught',
        },
        Caught: { Type: 'Succeed' },
      },
      { runner: answering(() => BIG) },
    );
    expect(trial.types()).toContain('TaskFailed');
    expect(trial.execution.result).toMatchObject({
      status: 'SUCCEEDED',
      output: { Error: 'States.DataLimitExceeded' },
    });
  });

  test("a Map's results count together", async () => {
    const trial = await run({
      Each: {
        Type: 'Map',
        Items: [1, 2, 3],
        ItemProcessor: {
          StartAt: 'Fill',
          States: { Fill: { Type: 'Pass', Output: "{% $pad('x', 100000, 'x') %}", End: true } },
        },
        Output: 'small',
        End: true,
      },
    });
    expect(trial.execution.result).toMatchObject({
      error: 'States.DataLimitExceeded',
      cause:
        "The state/task 'Each' returned a result with a size exceeding the maximum number of bytes service limit.",
    });
  });

  test('bytes count, not characters', async () => {
    const fits = await run(
      { Call: { ...CALL, End: true } },
      { runner: answering(() => 'x'.repeat(200_000)) },
    );
    expect(fits.execution.status).toBe('SUCCEEDED');
    const tooBig = await run(
      { Call: { ...CALL, End: true } },
      { runner: answering(() => 'é'.repeat(200_000)) },
    );
    expect(tooBig.execution.status).toBe('FAILED');
  });
});

describe('25,000 events', () => {
  test('the execution fails with its 25,000th event, and no catcher takes that', async () => {
    const trial = await run(
      {
        Count: { Type: 'Pass', Output: '{% $states.input + 1 %}', Next: 'Again?' },
        'Again?': {
          Type: 'Choice',
          Choices: [{ Condition: '{% $states.input > 1000000 %}', Next: 'Done' }],
          Default: 'Count',
        },
        Done: { Type: 'Succeed' },
      },
      { input: 0 },
    );
    expect(trial.execution.history).toHaveLength(25_000);
    expect(trial.execution.result).toEqual({
      status: 'FAILED',
      error: 'States.Runtime',
      cause: 'The execution reached the maximum number of history events (25000).',
    });
  });
});

describe('TimeoutSeconds of the machine', () => {
  test('ends the execution as TIMED_OUT, whatever it does, and leaves no timer', async () => {
    const trial = await run({ Wait: { Type: 'Wait', Seconds: 100, End: true } }, {}, { TimeoutSeconds: 30 });
    expect(trial.execution.result).toEqual({ status: 'TIMED_OUT', error: 'States.Timeout' });
    expect(trial.execution.history.at(-1)).toMatchObject({ type: 'ExecutionTimedOut' });
    expect(trial.seconds()).toBe(30);
    expect(trial.clock.pending).toBe(0);
  });
});
