import { describe, expect, test } from '@jest/globals';
import { COMMIT_PHASE, PHASES, TASK_OPERATIONS } from '@tanker/contract/index.ts';
import { ProgressLines, phaseLine } from '@tanker/sdk/task-progress.ts';
import { commitPassed, debtsText, stateText, wayText } from '@tanker/sdk/task-words.ts';
import { distanceText } from '@tanker/sdk/text.ts';
import { closedTask, exportSubtask, openTask, plans } from '../cli/records.ts';

describe.each(TASK_OPERATIONS)('of a %s', (operation) => {
  const phases: readonly string[] = PHASES[operation];
  const at = (phase: string, changes: object = {}) =>
    openTask('t', { operation, plan: plans[operation], phase, ...changes });

  test.each(phases)(
    'the phase %s is told with its place, and passed only after the commit phase',
    (phase) => {
      const place = phases.indexOf(phase);
      expect(stateText(at(phase))).toBe(`open: ${phase} (${place + 1} of ${phases.length})`);
      expect(commitPassed(at(phase))).toBe(place > phases.indexOf(COMMIT_PHASE[operation]));
    },
  );

  test.each(PHASES.recover)(
    'the phase %s of a recovery that goes back is told as such, and passes no commit',
    (phase) => {
      const holder = 't/recover-t-catch';
      const back = { holder, direction: { epoch: 2, outcome: 'undone' } };
      expect(stateText(at(phase, back))).toBe(`open: recover ${phase}`);
      expect(commitPassed(at(phase, back))).toBe(false);
    },
  );
});

test('where a task is about says the sides that its operation has', () => {
  expect(TASK_OPERATIONS.map((operation) => wayText(plans[operation]))).toEqual([
    'us/db1 to eu/db1',
    'us/db1',
    'to eu/db1',
    'us/db1',
    'us/db1',
  ]);
  expect(wayText(undefined)).toBe('');
});

test('a closed task is its outcome', () => {
  expect(stateText(closedTask('t', 'backed-up', { operation: 'backup' }))).toBe('backed-up');
});

test('many debts are named up to a line', () => {
  const location = { datacenter: 'eu', server: 'db1' };
  const debts = Array.from({ length: 7 }, (_, index) => ({ provider: `p${index}`, location }));
  expect(debtsText(debts)).toBe(
    'p0 at eu/db1, p1 at eu/db1, p2 at eu/db1, p3 at eu/db1, p4 at eu/db1 and 2 more',
  );
});

test.each([
  [30 * 86_400 - 60, 'in 29 days'],
  [36 * 3600, 'in 36 hours'],
  [-100 * 60, '100 minutes ago'],
  [90, 'in 90 seconds'],
  [-3 * 86_400, '3 days ago'],
])('an instant %d s away is %s', (seconds, words) => {
  const now = new Date('2026-03-01T10:00:00.000Z');
  expect(distanceText(new Date(now.getTime() + seconds * 1000).toISOString(), now)).toBe(words);
});

describe('the line of a phase', () => {
  const task = openTask('t', { operation: 'remove', plan: plans.remove, phase: 'erase' });
  const erase = (provider: string, server: string, state: string) =>
    exportSubtask('t', provider, {
      phase: 'erase',
      action: 'erase',
      state,
      location: { datacenter: 'eu', server },
      progress: undefined,
    });

  test('counts a provider that works at several locations by what its works are', () => {
    const subtasks = [
      erase('contacts', 'db1', 'running'),
      erase('contacts', 'db2', 'failed'),
      erase('contacts', 'db3', 'running'),
      erase('deals', 'db1', 'dispatched'),
    ];
    expect(phaseLine({ task, subtasks })).toBe(`  ${'erase'.padEnd(22)} contacts ✗1 ▸2   deals …`);
  });

  test('shows of several works of a provider at one place what is farthest from done', () => {
    const at = (action: string, state: string) =>
      exportSubtask('t', 'contacts', { phase: 'open', action, state, progress: undefined });
    const opening = openTask('t', { operation: 'backup', plan: plans.backup, phase: 'open' });
    const line = (drain: string, open: string) =>
      phaseLine({ task: opening, subtasks: [at('drain', drain), at('open', open)] }).trim();
    expect(line('failed', 'dispatched')).toMatch(/contacts ✗$/);
    expect(line('succeeded', 'running')).toMatch(/contacts ▸$/);
  });

  test('in a terminal is rewritten in place, and told once when a removal is incomplete', () => {
    const written: string[] = [];
    const lines = new ProgressLines({ isTTY: true, columns: 40, write: (text) => written.push(text) });
    const left = [{ provider: 'deals', location: { datacenter: 'eu', server: 'db1' } }];
    const incomplete = { since: '2026-03-01T10:00:09.000Z', left, erasedRows: 0 };
    lines.show({ task, subtasks: [] });
    lines.show({ task: { ...task, incomplete }, subtasks: [] });
    lines.show({ task: { ...task, incomplete }, subtasks: [] });
    expect(written.filter((text) => text.includes('INCOMPLETE'))).toHaveLength(1);
    expect(written.filter((text) => text.endsWith('\n'))).toHaveLength(1);
  });
});
