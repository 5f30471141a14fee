import { describe, expect, test } from '@jest/globals';
import { type SubtaskRecord, TaskRecord } from '@tanker/contract/index.ts';
import { lockWindowOf, phaseSeconds, unionLength } from '@tanker/sdk/lock-window.ts';
import fc from 'fast-check';

const at = (seconds: number): string => new Date(Date.UTC(2026, 0, 1) + seconds * 1000).toISOString();

const task = (over: object = {}): TaskRecord =>
  TaskRecord.parse({
    kind: 'task',
    state: 'closed',
    outcome: 'migrated',
    closedAt: at(30),
    debts: [],
    ttl: 0,
    task: 'move-1',
    operation: 'migrate',
    company: 'acme',
    executionArn: 'arn',
    input: {},
    requestedBy: 'somebody',
    reason: 'a test',
    createdAt: at(0),
    phase: 'close',
    phases: { plan: at(0), lock: at(10), unlock: at(20) },
    epoch: 1,
    holder: 'move-1/move-1',
    recoveries: 0,
    lock: { grant: 1, lockedAt: at(10), deadline: at(130), unlockedAt: at(20) },
    ...over,
  });

const worked = (...intervals: readonly [number, number][]) =>
  ({
    state: 'succeeded',
    work: intervals.map(([from, to]) => ({ kind: 'stream', from: at(from), to: at(to) })),
  }) as unknown as SubtaskRecord;

describe('the union of intervals', () => {
  test('is zero without intervals', () => {
    expect(unionLength([])).toBe(0);
  });

  test.each([
    [
      'apart',
      [
        [0, 2],
        [5, 6],
      ],
      3,
    ],
    [
      'touching',
      [
        [0, 2],
        [2, 5],
      ],
      5,
    ],
    [
      'overlapping, in any order',
      [
        [4, 9],
        [0, 5],
      ],
      9,
    ],
    [
      'one inside the other',
      [
        [0, 10],
        [3, 4],
      ],
      10,
    ],
    [
      'the same twice',
      [
        [1, 4],
        [1, 4],
      ],
      3,
    ],
  ] as [string, [number, number][], number][])('counts what is covered once: %s', (_, intervals, length) => {
    expect(unionLength(intervals)).toBe(length);
  });

  test('counts the same as looking at every unit of time', () => {
    const interval = fc.tuple(fc.nat(40), fc.nat(10)).map(([from, length]) => [from, from + length] as const);
    fc.assert(
      fc.property(fc.array(interval, { maxLength: 12 }), (intervals) => {
        const covered = Array.from({ length: 60 }, (_, unit) => unit).filter((unit) =>
          intervals.some(([from, to]) => from <= unit && unit < to),
        );
        expect(unionLength(intervals)).toBe(covered.length);
      }),
    );
  });
});

describe('the lock window', () => {
  test('is what moves data and the fixed rest, both inside the lock', () => {
    const window = lockWindowOf(task(), [worked([8, 12], [11, 13]), worked([19, 25])]);
    expect(window).toEqual({ seconds: 10, movingSeconds: 4, fixedSeconds: 6 });
  });

  test('counts work outside of the lock as nothing', () => {
    expect(lockWindowOf(task(), [worked([0, 9], [21, 29])])).toMatchObject({ movingSeconds: 0 });
  });

  test('is null when there was no lock, and while it is held', () => {
    expect(lockWindowOf(task({ lock: undefined }), [])).toBeNull();
    const held = { grant: 1, lockedAt: at(10), deadline: at(130) };
    expect(lockWindowOf(task({ lock: held }), [])).toBeNull();
  });
});

test('a phase lasts until the next one began, the last one until the task was closed', () => {
  expect(phaseSeconds(task())).toEqual([
    { name: 'plan', seconds: 10 },
    { name: 'lock', seconds: 10 },
    { name: 'unlock', seconds: 10 },
  ]);
});
