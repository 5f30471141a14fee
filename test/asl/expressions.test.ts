import { describe, expect, test } from '@jest/globals';
import type { Json } from '../../local/asl/json.ts';
import { run, START_MS } from './support.ts';

/** The value of an expression as a Pass state's Output, or the failure's cause. */
async function compute(expression: string, input: Json = {}): Promise<unknown> {
  const trial = await run({ Compute: { Type: 'Pass', Output: `{% ${expression} %}`, End: true } }, { input });
  const { result } = trial.execution;
  return result?.status === 'SUCCEEDED' ? result.output : result?.cause;
}

describe("Step Functions' own JSONata functions", () => {
  test('$partition cuts an array into pieces, rounding the size down', async () => {
    expect(await compute('$partition([1,2,3,4,5], 2.9)')).toEqual([[1, 2], [3, 4], [5]]);
    expect(await compute('$partition([1], 0)')).toContain('must be a positive number');
  });

  test('$range counts in steps, also downwards, and collapses one number', async () => {
    expect(await compute('$range(1, 9, 2)')).toEqual([1, 3, 5, 7, 9]);
    expect(await compute('$range(3, 1, -1)')).toEqual([3, 2, 1]);
    expect(await compute('$range(1, 9, 9)')).toBe(1);
  });

  test('$hash knows its five algorithms', async () => {
    expect(await compute("$hash('a', 'MD5')")).toBe('0cc175b9c0f1b6a831c399e269772661');
    expect(await compute("$hash('a', 'SHA-256')")).toMatch(/^ca978112/);
    expect(await compute("$hash('a', 'SHA-512')")).toMatch(/^1f40fc92/);
    expect(await compute("$hash('a', 'CRC32')")).toContain('must be one of');
  });

  test('$uuid is a version 4 UUID and $random lies in [0, 1), the same for the same seed', async () => {
    expect(await compute('$uuid()')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4/);
    expect(await compute('$random() < 1')).toBe(true);
    expect(await compute('$random(7) = $random(7)')).toBe(true);
  });

  test('$parse reads JSON text', async () => {
    expect(await compute('$parse(\'{"a":[1]}\')')).toEqual({ a: [1] });
    expect(await compute("$parse('{')")).toContain('is not JSON');
  });

  test("$now and $millis read the embedded cloud's clock", async () => {
    expect(await compute('$millis()')).toBe(START_MS);
    expect(await compute('$now()')).toBe('2026-01-01T00:00:00.000Z');
    expect(await compute("$now('[Y0001]-[M01]')")).toBe('2026-01');
  });
});

describe('evaluation', () => {
  test('names the field within a structure that has no value', async () => {
    const trial = await run({
      Compute: { Type: 'Pass', Output: { a: ['{% $states.input.gone %}'] }, End: true },
    });
    expect(trial.execution.history.at(-2)).toMatchObject({
      type: 'EvaluationFailed',
      details: { error: 'States.QueryEvaluationError', location: 'Output/a[0]', state: 'Compute' },
    });
  });

  test('refuses a function as a value', async () => {
    expect(await compute('function($x){ $x }')).toContain('returned an unsupported result type.');
  });

  test('ends an expression that runs longer than a second', async () => {
    expect(await compute('($loop := function($n){ $loop($n + 1) }; $loop(0))')).toContain(
      'ran longer than 1000 ms',
    );
  });

  test('gives plain JSON: no marks of sequences, no members without a value', async () => {
    expect(
      await compute('{"one": $states.input.items[x=1].x, "none": $states.input.gone}', { items: [{ x: 1 }] }),
    ).toEqual({
      one: 1,
    });
  });

  test('a string that is not delimited at its very ends is a literal', async () => {
    const trial = await run({ Compute: { Type: 'Pass', Output: ' {% $states.input %} ', End: true } });
    expect(trial.execution.result).toEqual({ status: 'SUCCEEDED', output: ' {% $states.input %} ' });
  });
});
