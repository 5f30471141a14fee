import { describe, expect, test } from '@jest/globals';
import { compareHistory } from '../../local/asl/cases/compare-history.ts';
import { expandRepeats, matchesRecording } from '../../local/asl/cases/wildcards.ts';

describe('comparing with a recording', () => {
  test('a placeholder takes any text in its place, <any> any value, <timestamp> a time', () => {
    expect(matchesRecording('arn:<partition>:lambda:<region>:f', 'arn:aws:lambda:eu-west-1:f')).toBe(true);
    expect(matchesRecording('arn:<partition>:lambda', 'arn:aws:sqs')).toBe(false);
    expect(matchesRecording({ a: '<any>' }, { a: [1, null] })).toBe(true);
    expect(matchesRecording('<timestamp>', '2026-01-01T00:00:00Z')).toBe(true);
    expect(matchesRecording('<timestamp>', 'soon')).toBe(false);
  });

  test("the order of keys doesn't matter, missing and extra ones do", () => {
    expect(matchesRecording({ a: 1, b: 2 }, { b: 2, a: 1 })).toBe(true);
    expect(matchesRecording({ a: 1 }, { a: 1, b: 2 })).toBe(false);
    expect(matchesRecording({ a: 1, b: 2 }, { a: 1 })).toBe(false);
  });

  test('signs of an expression are no placeholders', () => {
    expect(matchesRecording('$a < 3 and $b > 2', '$a < 4 and $b > 2')).toBe(false);
  });

  test('repeats are written out', () => {
    expect(expandRepeats({ a: ['<repeat:x:3>'] })).toEqual({ a: ['xxx'] });
  });

  test('names the first event that differs', () => {
    const event = { id: 1, previousEventId: 0, type: 'ExecutionStarted', details: { input: 1 } };
    const actual = [{ ...event, timestamp: 0, details: { input: 2 } }];
    expect(compareHistory({ order: 'exact', events: [event] }, actual)).toContain('event 1: expected #1');
    expect(compareHistory({ order: 'exact', events: [] }, actual)).toContain('unexpected event #1');
    expect(compareHistory({ order: 'concurrent', events: [event] }, actual)).toContain('no event is like');
  });
});
