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

// Source: Step Functions developer guide, workflow variables.
describe('variables', () => {
  /** A text whose JSON has that many bytes, its quotes among them. */
  const text = (bytes: number) => 'x'.repeat(bytes - 2);
  const HALF = 128 * 1024;
  const WHOLE = 256 * 1024;

  test.each([
    ['one variable of 256 KiB', [WHOLE], undefined],
    ['one variable over 256 KiB', [WHOLE + 1], "The variable 'v0' exceeds the limit of 262144 bytes."],
    ['two that have 256 KiB together', [HALF, HALF], undefined],
    [
      'two that have a byte more together',
      [HALF, HALF + 1],
      'The values of one Assign exceed the limit of 262144 bytes.',
    ],
  ])('one Assign with %s', async (_, sizes, cause) => {
    const Assign = Object.fromEntries(sizes.map((bytes, index) => [`v${index}`, text(bytes)]));
    const trial = await run({ Keep: { Type: 'Pass', Assign, End: true } });
    expect(trial.execution.result).toMatchObject(
      cause === undefined ? { status: 'SUCCEEDED' } : { error: 'States.DataLimitExceeded', cause },
    );
  });

  test.each([
    ['10 MiB together', [], undefined],
    ['a byte more than 10 MiB', [1], "The execution's variables exceed the limit of 10485760 bytes."],
  ])('%s', async (_, more, cause) => {
    const keep = (index: number, value: unknown) => ({
      ...CALL,
      Assign: { [`v${index}`]: value },
      Output: 'small',
      Next: `Keep ${index + 1}`,
    });
    const values = [...new Array(40).fill('{% $states.result %}'), ...more];
    const states = Object.fromEntries(values.map((value, index) => [`Keep ${index}`, keep(index, value)]));
    const trial = await run(
      { ...states, [`Keep ${values.length}`]: { Type: 'Succeed' } },
      { runner: answering(() => text(WHOLE)) },
    );
    expect(trial.execution.result).toMatchObject(
      cause === undefined ? { status: 'SUCCEEDED' } : { error: 'States.DataLimitExceeded', cause },
    );
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
