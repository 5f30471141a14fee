import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { executionArn, type TaskOperation } from '@tanker/contract/index.ts';
import { type CliWorld, cliWorld } from './cli-world.ts';
import { closedTask, openTask, plans } from './records.ts';

let world: CliWorld;
beforeAll(async () => {
  world = await cliWorld();
});
afterAll(() => world.close());
beforeEach(() => {
  world.executions.length = 0;
  world.stops.seen.length = 0;
  delete world.stops.effect;
});

const OPERATIONS = ['migrate', 'backup', 'restore', 'remove', 'cleanup'] as const;

/** An open task whose execution runs. */
async function running(task: string, operation: TaskOperation, changes: object = {}) {
  const arn = executionArn(world.topology, operation, task);
  const fields = { operation, plan: plans[operation], executionArn: arn };
  await world.putTask(openTask(task, { ...fields, phase: 'plan', ...changes }));
  world.executions.push({ machine: operation, name: task, status: 'RUNNING' });
  return { arn, fields };
}

const cancel = (task: string, ...more: string[]) =>
  world.tanker('cancel', task, '--reason', 'ticket 4711', '--requested-by', 'chris', ...more);

const FAILURE = {
  error: 'TaskCancelled',
  cause:
    'Cancelled by chris: ticket 4711. The recovery undoes what the task did. Start it again under a new task id, if it is wanted after all.',
};

describe.each(OPERATIONS)('of a %s before its commit point', (operation) => {
  test('stops its execution, says who and why, and waits until it is undone', async () => {
    const task = `cancelled-${operation}`;
    const { arn, fields } = await running(task, operation);
    world.stops.effect = () => world.putTask(closedTask(task, 'undone', { ...fields, failure: FAILURE }));
    const { code, out } = await cancel(task);
    expect(world.stops.seen).toEqual([{ executionArn: arn, ...FAILURE }]);
    expect(code).toBe(0);
    expect(out).toContain(`Task ${task} is stopped; its recovery undoes it.`);
    expect(out).toContain(`Task ${task}: undone. acme `);
    expect(out).toContain('TaskCancelled: Cancelled by chris: ticket 4711');
  });

  test('tells the truth when the commit has won the race', async () => {
    const task = `raced-${operation}`;
    const { fields } = await running(task, operation);
    const done = {
      migrate: 'migrated',
      backup: 'backed-up',
      restore: 'restored',
      remove: 'removed',
      cleanup: 'cleaned',
    };
    world.stops.effect = () =>
      world.putTask(closedTask(task, done[operation], { ...fields, failure: FAILURE }));
    const { code, out } = await cancel(task, '--json');
    expect(code).toBe(1);
    expect(JSON.parse(out)).toEqual({
      task,
      operation,
      company: 'acme',
      stopped: true,
      cancelled: false,
      outcome: done[operation],
      closedAt: '2026-03-01T10:00:08.000Z',
      failure: FAILURE,
      debts: [],
    });
  });
});

test('a task that had touched nothing is refused by its recovery, and counts as cancelled', async () => {
  const { fields } = await running('early', 'migrate', { plan: undefined });
  world.stops.effect = () => world.putTask(closedTask('early', 'refused', { ...fields, failure: FAILURE }));
  const { code, out } = await cancel('early', '--json');
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ stopped: true, cancelled: true, outcome: 'refused' });
});

test('a dry run that ended meanwhile was not cancelled, and nothing was touched', async () => {
  const { fields } = await running('dry', 'remove');
  world.stops.effect = () => world.putTask(closedTask('dry', 'planned', fields));
  const { code, out } = await cancel('dry');
  expect(code).toBe(1);
  expect(out).toContain('Not cancelled: the task had ended. Task dry: planned. A dry run');
});

test('a task that has no record yet is waited for', async () => {
  const arn = executionArn(world.topology, 'backup', 'young');
  const fields = { operation: 'backup', plan: undefined, executionArn: arn };
  world.executions.push({ machine: 'backup', name: 'young', status: 'RUNNING' });
  world.course.push(() => world.putTask(openTask('young', { ...fields, phase: 'plan' })));
  world.stops.effect = () => world.putTask(closedTask('young', 'refused', { ...fields, failure: FAILURE }));
  expect((await cancel('young')).code).toBe(0);
  expect(world.stops.seen).toMatchObject([{ executionArn: arn }]);
});

test('a task that is in recovery already is not stopped again, only waited for', async () => {
  const holder = 'recovering/recover-recovering-catch';
  const { fields } = await running('recovering', 'migrate', {
    holder,
    phase: 'erase',
    direction: { epoch: 2, outcome: 'undone' },
  });
  const failure = { error: 'SourceChanged', cause: 'Why.' };
  world.course.push(() => world.putTask(closedTask('recovering', 'undone', { ...fields, failure })));
  const { code, out } = await cancel('recovering');
  expect(code).toBe(0);
  expect(world.stops.seen).toEqual([]);
  expect(out).toContain('Task recovering is in recovery already; nothing was stopped.');
  expect(out).toContain('undone. acme lives at its source, unlocked and unchanged. SourceChanged: Why.');
});

test('a task whose execution AWS has forgotten is waited for', async () => {
  const { fields } = await running('forgotten', 'migrate');
  world.executions.length = 0;
  world.course.push(() => world.putTask(closedTask('forgotten', 'undone', fields)));
  const { code, out } = await cancel('forgotten', '--json');
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ stopped: false, cancelled: true });
});

describe('is refused with CommitPassed and 1, and stops nothing,', () => {
  const committed = { version: 1, at: '2026-03-01T10:00:06.000Z' };
  const forward = (operation: TaskOperation, outcome: string) =>
    [
      operation,
      'a recovery goes forward',
      { holder: 'x/recover-x-catch', phase: 'open', direction: { epoch: 2, outcome } },
      "can't be undone any more (phase open)",
    ] as const;

  test.each([
    [
      'migrate',
      'the commit is on record',
      { committed, phase: 'hooks' },
      'passed its commit point 2026-03-01 10:00 UTC',
    ],
    ['migrate', 'a later phase was begun', { phase: 'unlock' }, "can't be undone any more (phase unlock)"],
    ['restore', 'the commit is on record', { committed, phase: 'unlock' }, 'passed its commit point'],
    ['remove', 'it erases', { phase: 'erase' }, "can't be undone any more (phase erase)"],
    ['cleanup', 'it erases', { phase: 'erase' }, "can't be undone any more (phase erase)"],
    [
      'cleanup',
      'it settles debts, which only goes forward',
      { phase: 'plan', plan: { ...plans.cleanup, leftover: 'debts' } },
      "can't be undone any more (phase plan)",
    ],
    forward('migrate', 'migrated'),
    forward('backup', 'backed-up'),
    forward('remove', 'removed'),
  ] as const)('of a %s when %s', async (operation, _why, changes, words) => {
    await running('passed', operation, changes);
    const { code, out } = await cancel('passed', '--json');
    expect(code).toBe(1);
    const answer = JSON.parse(out);
    expect(answer).toMatchObject({
      error: 'CommitPassed',
      now: 'It was not stopped and goes on to its end by itself.',
    });
    expect(answer.what).toContain(words);
    expect(answer.next).toContain('Watch it: tanker watch passed.');
    expect(world.stops.seen).toEqual([]);
  });

  test.each([
    ['migrate', 'migrated', 'acme lives at eu/db1.', 'tanker cleanup acme, tanker migrate acme'],
    [
      'backup',
      'backed-up',
      'acme lives at us/db1, unlocked.',
      'a backup changes nothing and dies by itself.',
    ],
    ['restore', 'restored', 'acme lives at eu/db1.', 'remove the company again (tanker remove acme)'],
    ['remove', 'removed', 'acme lives nowhere', 'tanker restore acme --backup closed-remove'],
    ['cleanup', 'cleaned', 'us/db1 holds nothing of acme', 'Nothing brings back what was given up.'],
  ] as const)(
    'of a %s that is done: it says what became of it, and how it is taken back',
    async (operation, outcome, now, next) => {
      await world.putTask(closedTask(`closed-${operation}`, outcome, { operation, plan: plans[operation] }));
      const { code, err } = await cancel(`closed-${operation}`);
      expect(code).toBe(1);
      expect(err).toMatch(
        /^CommitPassed: Task "\S+" was closed 2026-03-01 10:00 UTC, before it could be cancelled\. /,
      );
      expect(err).toContain(now);
      expect(err).toContain(next);
    },
  );

  test.each([
    ['final', { final: true }],
    ['one that keeps no backup', { expiresAt: '2026-03-01T10:00:00.000Z' }],
  ])('of a removal that is %s: nothing brings the company back', async (_which, changes) => {
    const plan = { ...plans.remove, ...changes };
    await world.putTask(closedTask('for-good', 'removed', { operation: 'remove', plan }));
    expect((await cancel('for-good')).err).toContain(
      'Nothing brings the company back: its backup can not be restored.',
    );
  });
});

test.each(['undone', 'refused', 'planned'])(
  'a task that was %s before has nothing to cancel',
  async (outcome) => {
    await world.putTask(closedTask(`was-${outcome}`, outcome));
    const { code, err } = await cancel(`was-${outcome}`);
    expect(code).toBe(1);
    expect(err).toMatch(/^TaskClosed: Task "\S+" was closed .*, before it could be cancelled\. Task \S+: /);
    expect(err).toContain('Nothing is left to cancel.');
    expect(world.stops.seen).toEqual([]);
  },
);

test('a task that nobody knows ends with 3, and a command line without a reason with 2', async () => {
  expect((await cancel('nobody-knows')).code).toBe(3);
  const { code, err } = await world.tanker('cancel', 'some-task');
  expect(code).toBe(2);
  expect(err).toContain("required option '--reason <text>' not specified");
  expect((await world.tanker('cancel', '--help')).out).toMatch(
    /Exit status:\n {2}0 {2}cancelled.*\n {2}1 {2}not cancelled.*\n {2}2 .*\n {2}3 .*\n {2}4 /,
  );
});
