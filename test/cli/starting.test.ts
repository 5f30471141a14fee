import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { TaskOperation } from '@tanker/contract/index.ts';
import { type CliWorld, cliWorld } from './cli-world.ts';
import { backup, closedTask, inDays, openTask, plans } from './records.ts';

let world: CliWorld;
beforeAll(async () => {
  world = await cliWorld();
});
afterAll(() => world.close());
beforeEach(() => {
  world.executions.length = 0;
});

/** A whole command line of each operation, and what of it the execution gets beside who and why. */
const VERBS: readonly (readonly [TaskOperation, readonly string[], object])[] = [
  ['migrate', ['migrate', 'acme', '--to', 'eu'], { to: { datacenter: 'eu' } }],
  ['backup', ['backup', 'acme', '--keep-days', '7'], { keepDays: 7 }],
  [
    'restore',
    ['restore', 'acme', '--backup', 'remove-1', '--to', 'sg/db2'],
    { backup: 'remove-1', to: { datacenter: 'sg', server: 'db2' } },
  ],
  ['remove', ['remove', 'acme', '--keep-days', '0', '--yes', 'acme'], { keepDays: 0 }],
  ['remove', ['remove', 'acme', '--final', '--yes', 'acme'], { final: true }],
  [
    'cleanup',
    ['cleanup', 'acme', '--at', 'us', '--early', '--yes', 'acme'],
    { at: { datacenter: 'us' }, early: true },
  ],
];

describe.each(VERBS)('%s, as %j', (operation, words, fields) => {
  test('starts the execution of its machine under a readable task id and says how to watch it', async () => {
    const { code, out, err } = await world.tanker(...words, '--reason', 'law');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const [execution] = world.executions;
    expect(execution?.machine).toBe(operation);
    expect(execution?.name).toMatch(new RegExp(`^${operation}-acme-\\d{8}-[a-z0-9]{4}$`));
    expect(JSON.parse(execution?.input ?? '')).toEqual({
      task: execution?.name,
      company: 'acme',
      requestedBy: expect.any(String),
      reason: 'law',
      ...fields,
    });
    expect(out).toContain(`tanker watch ${execution?.name}`);
  });

  test('the same id with the same words starts nothing; with other words it is refused', async () => {
    const again = [...words, '--task', 'once', '--requested-by', 'me', '--json'];
    expect(JSON.parse((await world.tanker(...again)).out)).toEqual({ task: 'once', started: true });
    expect(JSON.parse((await world.tanker(...again)).out)).toEqual({ task: 'once', started: false });
    expect(world.executions).toHaveLength(1);
    const other = await world.tanker(...again, '--reason', 'another');
    expect(other.code).toBe(1);
    expect(JSON.parse(other.out)).toMatchObject({ error: 'TaskIdTaken', next: expect.any(String) });
  });
});

test('the same words in another order, as another program writes them, are the same task', async () => {
  const input = { reason: 'r', company: 'acme', to: { datacenter: 'eu' }, task: 'once', requestedBy: 'me' };
  world.executions.push({ name: 'once', status: 'RUNNING', input: JSON.stringify(input) });
  const words = ['migrate', 'acme', '--to', 'eu', '--task', 'once', '--requested-by', 'me', '--reason', 'r'];
  expect((await world.tanker(...words)).out).toContain('was started before, with the same words');
});

test('a task id of another operation is refused before anything is started', async () => {
  await world.putTask(openTask('other-operation'));
  const { code, err } = await world.tanker('backup', 'acme', '--task', 'other-operation', '--watch');
  expect(code).toBe(1);
  expect(err).toContain('TaskIdTaken: The task id "other-operation" was used for another task.');
  expect(world.executions).toEqual([]);
});

describe('--watch', () => {
  test.each([
    ['migrate', 'migrated', 0, 'acme lives at eu/db1.'],
    [
      'backup',
      'backed-up',
      0,
      'unlocked. Its backup may be restored until 2126-03-31 10:00 UTC (tanker restore acme --backup',
    ],
    ['restore', 'restored', 0, 'acme lives at eu/db1.'],
    [
      'remove',
      'removed',
      0,
      'acme lives nowhere: every provider of the topology answered that nothing is left. Its backup may be',
    ],
    ['cleanup', 'cleaned', 0, 'us/db1 holds nothing of acme any more.'],
    ['migrate', 'undone', 1, 'acme lives at its source, unlocked and unchanged. DrainIncomplete: Why.'],
    ['backup', 'undone', 1, 'acme lives where it was, unlocked and unchanged; no backup was made.'],
    ['restore', 'undone', 1, 'acme is removed as before.'],
    ['remove', 'undone', 1, 'acme lives where it was, unlocked and unchanged.'],
    ['cleanup', 'undone', 1, 'acme keeps its fallback copy.'],
    ['remove', 'refused', 1, 'refused. DrainIncomplete: Why.'],
  ] as const)(
    'of a %s that ends as %s ends with %d and says what is true',
    async (operation, outcome, code, words) => {
      const task = `watched-${operation}-${outcome}`;
      const failure = { error: 'DrainIncomplete', cause: 'Why.' };
      await world.putTask(
        closedTask(task, outcome, {
          operation,
          plan: plans[operation],
          ...(code === 1 ? { failure } : {}),
        }),
      );
      const [, argv = []] = VERBS.find(([one]) => one === operation) ?? [];
      const seen = await world.tanker(...argv, '--task', task, '--watch');
      expect(seen.code).toBe(code);
      expect(seen.out).toContain(`Task ${task}: ${outcome}.`);
      expect(seen.out).toContain(words);
    },
  );

  test('of a final removal says that nothing brings the company back', async () => {
    const plan = { ...plans.remove, final: true };
    await world.putTask(closedTask('final', 'removed', { operation: 'remove', plan }));
    const { code, out } = await world.tanker(
      'remove',
      'acme',
      '--final',
      '--yes',
      'acme',
      '--task',
      'final',
      '--watch',
    );
    expect(code).toBe(0);
    expect(out).toContain(
      'acme is erased for good: every provider of the topology answered that nothing is left, and no backup',
    );
  });

  test('of a cleanup that could not erase everything ends with 1 and names what is owed', async () => {
    const debts = [{ provider: 'deals', location: { datacenter: 'us', server: 'db1' } }];
    await world.putTask(closedTask('owing', 'cleaned', { operation: 'cleanup', plan: plans.cleanup, debts }));
    const words = ['cleanup', 'acme', '--at', 'us', '--yes', 'acme', '--task', 'owing', '--watch'];
    const { code, out } = await world.tanker(...words);
    expect(code).toBe(1);
    expect(out).toContain(
      'The fallback copy is given up, and not all of it is erased. 1 provider could not be cleaned: deals at us/db1.',
    );
  });
});

describe('--dry-run', () => {
  const planned = async (
    operation: TaskOperation,
    words: readonly string[],
    plan: object = plans[operation],
  ) => {
    const argv = [...words, '--dry-run', '--task', 'plan-1', '--requested-by', 'me', '--reason', 'law'];
    await world.tanker(...argv.filter((word) => word !== '--dry-run'), '--json');
    const [execution] = world.executions.splice(0);
    const input = JSON.stringify({ ...JSON.parse(execution?.input ?? '{}'), dryRun: true });
    const output = JSON.stringify({ task: 'plan-1', company: 'acme', outcome: 'planned', plan });
    world.executions.push({ machine: operation, name: 'plan-1', status: 'SUCCEEDED', input, output });
    const text = await world.tanker(...argv);
    const json = JSON.parse((await world.tanker(...argv, '--json')).out);
    expect({ code: text.code, err: text.err }).toEqual({ code: 0, err: '' });
    expect(json).toMatchObject({ outcome: 'planned', plan: { version: 0 } });
    return text.out;
  };
  const verb = (operation: TaskOperation) => VERBS.find(([one]) => one === operation)?.[1] ?? [];

  test('of a migration prints rows, bytes, formats, waves and how long customers would wait', async () => {
    const out = await planned('migrate', verb('migrate'));
    expect(out).toContain('acme, us/db1 to eu/db1. A dry run: nothing was claimed, locked or moved.');
    expect(out).toMatch(/contacts +1,200 +34\.0 kB +copy 1 +1\n/);
    expect(out).toContain('1,234 rows, 2.5 MB, 2 import waves, customers would wait about 5 s');
  });

  test('of a backup prints until when it could be restored', async () => {
    const out = await planned('backup', verb('backup'), { ...plans.backup, expiresAt: inDays(7.5) });
    expect(out).toContain('acme, us/db1. A dry run: nothing was claimed, locked or copied.');
    expect(out).toMatch(/Its backup could be restored until \S+ \S+ UTC \(in 7 days\)\./);
    expect(out).toMatch(/contacts +1,200 +34\.0 kB +copy 1\n/);
    expect(out).toContain('1,234 rows, 2.5 MB, customers would wait about 5 s');
  });

  test('of a restore prints from which backup and where to', async () => {
    const out = await planned('restore', verb('restore'));
    expect(out).toContain('acme, to eu/db1. A dry run: nothing was claimed, locked or imported.');
    expect(out).toContain('From the backup of task remove-1.');
    expect(out).toContain('it would take about 5 s');
  });

  test('of a removal prints everywhere it would erase, and what would be left of it', async () => {
    const out = await planned('remove', verb('remove'), { ...plans.remove, expiresAt: inDays(29.5) });
    expect(out).toContain('Would be erased at us/db1, eu/db1.');
    expect(out).toMatch(/Its backup could be restored until .* \(in 29 days\)\./);
    const forGood = await planned('remove', verb('remove'), { ...plans.remove, final: true });
    expect(forGood).toContain('For good: no backup of the company, also no older one, could be restored.');
    const kept = await planned('remove', verb('remove'), { ...plans.remove, expiresAt: inDays(-0.1) });
    expect(kept).toContain('Its backup could not be restored.');
  });

  test('of a cleanup prints what it would give up, and that nobody waits', async () => {
    const out = await planned('cleanup', verb('cleanup'));
    expect(out).toContain('acme, us/db1. A dry run: nothing was claimed, given up or erased.');
    expect(out).toContain('The fallback copy of the last move away from there is given up.');
    expect(out).toContain('customers would not wait');
    const debts = await planned('cleanup', verb('cleanup'), { ...plans.cleanup, leftover: 'debts' });
    expect(debts).toContain('What earlier tasks could not erase there is erased.');
  });

  test('that is refused ends with its error and 1', async () => {
    const input = { task: 'plan-2', company: 'acme', requestedBy: 'me', reason: 'law', dryRun: true };
    world.executions.push({
      machine: 'remove',
      name: 'plan-2',
      status: 'FAILED',
      error: 'CompanyErased',
      cause: 'It is gone.',
      input: JSON.stringify(input),
    });
    const words = [
      'remove',
      'acme',
      '--dry-run',
      '--task',
      'plan-2',
      '--requested-by',
      'me',
      '--reason',
      'law',
    ];
    const json = await world.tanker(...words, '--json');
    expect(json.code).toBe(1);
    expect(JSON.parse(json.out)).toEqual({
      task: 'plan-2',
      outcome: 'refused',
      error: 'CompanyErased',
      cause: 'It is gone.',
    });
    expect((await world.tanker(...words)).out).toContain('Task plan-2: refused. CompanyErased: It is gone.');
  });
});

describe('restore --backup latest', () => {
  test('takes the newest backup that can be restored now', async () => {
    await world.putBackup(backup('older', { company: 'latest-1', createdAt: '2026-02-01T10:00:00.000Z' }));
    await world.putBackup(backup('newer', { company: 'latest-1' }));
    await world.putBackup(
      backup('over', { company: 'latest-1', createdAt: '2026-03-02T10:00:00.000Z', expiresAt: inDays(-1) }),
    );
    await world.putBackup(
      backup('unfinished', { company: 'latest-1', createdAt: '2026-03-03T10:00:00.000Z', state: 'pending' }),
    );
    await world.tanker('restore', 'latest-1', '--backup', 'latest', '--to', 'eu');
    expect(JSON.parse(world.executions[0]?.input ?? '')).toMatchObject({ backup: 'newer' });
  });

  test('is refused when no backup can be restored, before anything is started', async () => {
    await world.putBackup(backup('over', { company: 'latest-2', expiresAt: inDays(-1) }));
    const { code, err } = await world.tanker('restore', 'latest-2', '--backup', 'latest', '--to', 'eu');
    expect(code).toBe(1);
    expect(err).toBe(
      'BackupUnknown: No backup of "latest-2" can be restored, or none for long enough. Nothing was touched. Look which there are and were (tanker backups latest-2).\n',
    );
    expect(world.executions).toEqual([]);
  });
});

describe('a command line that is wrong', () => {
  test.each([
    [['migrate', 'acme'], /required option '--to/],
    [['migrate', 'acme', '--to', 'mars'], /no datacenter "mars".*us, eu, sg/],
    [['migrate', 'acme', '--to', 'eu/db9'], /no server "db9".*db1/],
    [['migrate', 'acme', '--to', 'sg'], /several servers.*sg\/db1, sg\/db2/],
    [['migrate', 'acme', '--to', 'eu/'], /DATACENTER\/SERVER/],
    [['migrate', '-x', '--to', 'eu'], /unknown option/],
    [['migrate', 'a b', '--to', 'eu'], /A company id is/],
    [['migrate', 'acme', '--to', 'eu', '--task', 'Move 1'], /A task id is/],
    [['migrate', 'acme', '--to', 'eu', '--reason', ''], /1 to 200 characters/],
    [['backup'], /missing required argument 'company'/],
    [['backup', 'acme', '--keep-days', 'few'], /whole number of days from 0 to 365/],
    [['backup', 'acme', '--keep-days', '366'], /whole number of days from 0 to 365/],
    [['backup', 'acme', '--keep-days', '31'], /keeps backups for 30 days at most .* --keep-days says 31/],
    [['restore', 'acme', '--to', 'eu'], /required option '--backup/],
    [['restore', 'acme', '--backup', 'remove-1'], /required option '--to/],
    [['restore', 'acme', '--backup', 'Remove 1', '--to', 'eu'], /A task id is/],
    [['restore', 'acme', '--backup', 'remove-1', '--to', 'sg'], /several servers/],
    [['remove', 'acme', '--keep-days', '31', '--yes', 'acme'], /30 days at most/],
    [
      ['remove', 'acme', '--final', '--keep-days', '3', '--yes', 'acme'],
      /'--final' cannot be used with .*--keep-days/,
    ],
    [['cleanup', 'acme', '--yes', 'acme'], /required option '--at/],
    [['cleanup', 'acme', '--at', 'mars', '--yes', 'acme'], /no datacenter "mars"/],
  ])('%j is refused with 2 before anything is started', async (argv, words) => {
    const { code, err } = await world.tanker(...argv);
    expect(code).toBe(2);
    expect(err).toMatch(words);
    expect(world.executions).toEqual([]);
  });
});

test('every verb says in its help with which codes it ends', async () => {
  for (const verb of ['migrate', 'backup', 'restore', 'remove', 'cleanup']) {
    const { code, out } = await world.tanker(verb, '--help');
    expect(code).toBe(0);
    expect(out).toMatch(/--dry-run.*--watch.*--task.*--reason.*--requested-by.*--json/s);
    expect(out).toMatch(/Exit status:\n {2}0 .*\n {2}1 .*\n {2}2 .*\n {2}4 .*\n\nExamples:\n {2}tanker /);
  }
});
