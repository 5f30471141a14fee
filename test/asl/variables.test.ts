import { describe, expect, test } from '@jest/globals';
import { run } from './support.ts';

describe('variables', () => {
  test('Assign and Output both read the values from before the state', async () => {
    const trial = await run({
      First: { Type: 'Pass', Assign: { a: 1, b: 2 }, Next: 'Swap' },
      Swap: {
        Type: 'Pass',
        Assign: { a: '{% $b %}', b: '{% $a %}' },
        Output: '{% [$a, $b] %}',
        Next: 'Show',
      },
      Show: { Type: 'Pass', Output: { before: '{% $states.input %}', after: '{% [$a, $b] %}' }, End: true },
    });
    expect(trial.execution.result).toEqual({
      status: 'SUCCEEDED',
      output: { before: [1, 2], after: [2, 1] },
    });
  });

  test('an iteration reads outer variables, and its own are gone at its end', async () => {
    const trial = await run({
      First: { Type: 'Pass', Assign: { outer: 10 }, Next: 'Each' },
      Each: {
        Type: 'Map',
        Items: [1, 2],
        ItemProcessor: {
          StartAt: 'Add',
          States: {
            Add: { Type: 'Pass', Assign: { inner: '{% $outer + $states.input %}' }, Next: 'Give' },
            Give: { Type: 'Pass', Output: '{% $inner %}', End: true },
          },
        },
        Next: 'Look',
      },
      Look: { Type: 'Pass', Output: '{% [$states.input, $outer] %}', End: true },
    });
    expect(trial.execution.result).toMatchObject({ output: [11, 12, 10] });
  });

  test("a distributed Map's children don't see outer variables", async () => {
    const inner = { StartAt: 'Read', States: { Read: { Type: 'Pass', Output: '{% $outer %}', End: true } } };
    const states = {
      First: { Type: 'Pass', Assign: { outer: 10 }, Next: 'Each' },
      Each: {
        Type: 'Map',
        Items: [1],
        ItemProcessor: { ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' }, ...inner },
        End: true,
      },
    };
    await expect(run(states)).rejects.toThrow('/States/Each/ItemProcessor/States/Read/Output: no Assign');
  });

  test('a variable over 256 KiB is refused and ends the execution', async () => {
    const trial = await run({
      Big: { Type: 'Pass', Assign: { a: '{% $pad("x", 262145, "x") %}' }, End: true },
    });
    expect(trial.execution.result).toMatchObject({ status: 'FAILED', error: 'States.DataLimitExceeded' });
  });
});
