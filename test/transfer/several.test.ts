import { describe, expect, test } from '@jest/globals';
import { several } from '../../core/transfer/several.ts';
import { rest } from '../support/manual-clock.ts';

const never = new AbortController().signal;

describe('several at once', () => {
  test('keeps the order of the results and the limit', async () => {
    let running = 0;
    let most = 0;
    const results = await several([3, 1, 2], 2, never, async (turns) => {
      running += 1;
      most = Math.max(most, running);
      await rest(turns);
      running -= 1;
      return turns * 10;
    });
    expect(results).toEqual([30, 10, 20]);
    expect(most).toBe(2);
  });

  test('throws the first failure after the others have ended, and starts nothing more', async () => {
    const started: number[] = [];
    const aborted: number[] = [];
    const work = several([0, 1, 2, 3], 2, never, async (item, signal) => {
      started.push(item);
      if (item === 1) throw new Error('first');
      await rest(3);
      if (signal.aborted) aborted.push(item);
    });
    await expect(work).rejects.toThrow('first');
    expect(started).toEqual([0, 1]);
    expect(aborted).toEqual([0]);
  });
});
