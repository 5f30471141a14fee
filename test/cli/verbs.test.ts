import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type CliWorld, cliWorld } from './cli-world.ts';
import { closedTask, exportSubtask, logLine, openTask, plan } from './records.ts';

let world: CliWorld;
beforeAll(async () => {
  world = await cliWorld();
});
afterAll(() => world.close());
beforeEach(() => {
  world.executions.length = 0;
  for (const name of Object.keys(world.doctors)) delete world.doctors[name];
});

describe('migrate', () => {
  test('starts the execution under a readable task id and says how to watch it', async () => {
    const { code, out } = await world.tanker('migrate', 'Acme_1', '--to', 'eu', '--reason', 'law');
    expect(code).toBe(0);
    const [execution] = world.executions;
    expect(execution?.name).toMatch(/^migrate-acme-1-\d{8}-[a-z0-9]{4}$/);
    expect(JSON.parse(execution?.input ?? '')).toEqual({
      task: execution?.name,
      company: 'Acme_1',
      to: { datacenter: 'eu' },
      requestedBy: expect.any(String),
      reason: 'law',
    });
    expect(out).toContain(`tanker watch ${execution?.name}`);
  });

  test('the same id with the same words starts nothing; with other words it is refused', async () => {
    const words = ['migrate', 'acme', '--to', 'eu', '--task', 'move-1', '--requested-by', 'me', '--json'];
    expect(JSON.parse((await world.tanker(...words)).out)).toEqual({ task: 'move-1', started: true });
    expect(JSON.parse((await world.tanker(...words)).out)).toEqual({ task: 'move-1', started: false });
    expect(world.executions).toHaveLength(1);
    const other = await world.tanker(...words, '--reason', 'another');
    expect(other.code).toBe(1);
    expect(JSON.parse(other.out)).toMatchObject({ error: 'TaskIdTaken', next: expect.any(String) });
  });

  test('a dry run prints the plan that the execution answers', async () => {
    world.executions.push(
      dryRun('plan-1', 'SUCCEEDED', {
        output: JSON.stringify({ task: 'plan-1', company: 'acme', outcome: 'planned', plan }),
      }),
    );
    const words = ['migrate', 'acme', '--to', 'eu', '--dry-run', '--task', 'plan-1', '--requested-by', 'me'];
    const { code, out } = await world.tanker(...words, '--reason', 'law');
    expect(code).toBe(0);
    expect(out).toContain('acme, us/db1 to eu/db1. A dry run: nothing was claimed, locked or moved.');
    expect(out).toMatch(/contacts +1,200 +34\.0 kB +copy 1 +1\n/);
    expect(out).toContain('1,234 rows, 2.5 MB, 2 import wave(s), customers would wait about 5 s');
  });

  test('a refused dry run ends with its error and 1', async () => {
    world.executions.push(dryRun('plan-2', 'FAILED', { error: 'TargetNotEmpty', cause: 'Rows are there.' }));
    const words = ['migrate', 'acme', '--to', 'eu', '--dry-run', '--task', 'plan-2', '--requested-by', 'me'];
    const { code, out } = await world.tanker(...words, '--reason', 'law', '--json');
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ outcome: 'refused', error: 'TargetNotEmpty' });
  });

  const dryRun = (name: string, status: string, end: object) => {
    const to = { datacenter: 'eu' };
    const input = { task: name, company: 'acme', to, requestedBy: 'me', reason: 'law', dryRun: true };
    return { name, status, input: JSON.stringify(input), ...end };
  };

  test.each([
    [['acme'], /required option '--to/],
    [['acme', '--to', 'mars'], /no datacenter "mars".*us, eu, sg/],
    [['acme', '--to', 'eu/db9'], /no server "db9".*db1/],
    [['acme', '--to', 'sg'], /several servers.*sg\/db1, sg\/db2/],
    [['acme', '--to', 'eu/'], /DATACENTER\/SERVER/],
    [['-x', '--to', 'eu'], /unknown option/],
    [['a b', '--to', 'eu'], /A company id is/],
    [['acme', '--to', 'eu', '--task', 'Move 1'], /A task id is/],
    [['acme', '--to', 'eu', '--reason', ''], /1 to 200 characters/],
  ])('%j is refused with 2 before anything is started', async (argv, words) => {
    const { code, err } = await world.tanker('migrate', ...argv);
    expect(code).toBe(2);
    expect(err).toMatch(words);
    expect(world.executions).toEqual([]);
  });
});

describe('watch', () => {
  test.each([
    ['migrated', 0, 'acme lives at eu/db1'],
    ['planned', 0, 'A dry run'],
    ['undone', 1, 'lives at its source'],
    ['refused', 1, 'refused'],
  ])('of a task that is %s ends with %d', async (outcome, code, words) => {
    await world.putTask(closedTask(`watched-${outcome}`, outcome));
    const seen = await world.tanker('watch', `watched-${outcome}`);
    expect(seen.code).toBe(code);
    expect(seen.out).toContain(words);
  });

  test('shows each provider as it goes, a line of JSON a change', async () => {
    await world.putTask(openTask('watched'));
    await world.putSubtask(exportSubtask('watched', 'contacts'));
    const watching = world.tanker('watch', 'watched', '--json');
    await world.putTask(closedTask('watched', 'migrated'));
    const { out } = await watching;
    const lines = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.at(-1)).toMatchObject({ state: 'closed', outcome: 'migrated' });
    expect(out).not.toContain('a token that settles');
  });

  test('of a task that nobody knows ends with 3', async () => {
    const { code, err } = await world.tanker('watch', 'nobody');
    expect(code).toBe(3);
    expect(err).toMatch(/^TaskUnknown: There is no task "nobody"/);
  });

  test('of an execution that ended before it had a record says so instead of waiting', async () => {
    world.executions.push({ name: 'stillborn', status: 'FAILED', error: 'Lambda.Unknown', cause: 'Gone.' });
    const { code, err } = await world.tanker('watch', 'stillborn');
    expect(code).toBe(1);
    expect(err).toContain('ended as FAILED without a record: Lambda.Unknown. Gone.');
  });
});

describe('show', () => {
  test('prints timeline, subtasks and log, and never a task token', async () => {
    await world.putTask(
      closedTask('shown', 'undone', { failure: { error: 'ExportMismatch', cause: 'Why.' } }),
    );
    await world.putSubtask(exportSubtask('shown', 'contacts'));
    await world.putLog(logLine('shown'));
    const text = await world.tanker('show', 'shown');
    expect(text.code).toBe(0);
    expect(text.out).toContain('Task shown: migrate acme, us/db1 to eu/db1: undone');
    expect(text.out).toContain('failed with ExportMismatch: Why.');
    expect(text.out).toContain('customers waited 5.00 s');
    expect(text.out).toMatch(/export\/export +contacts +us\/db1 +running/);
    expect(text.out).toContain('locked under grant 1');
    const json = await world.tanker('show', 'shown', '--json');
    expect(JSON.parse(json.out)).toMatchObject({ task: { outcome: 'undone' }, log: [{ phase: 'lock' }] });
    expect(text.out + json.out).not.toContain('a token that settles');
  });
});

describe('tasks', () => {
  test('lists open tasks whose execution is forgotten, and the newest ones; --all lists every one', async () => {
    await world.putTask(openTask('stuck', { createdAt: '2026-01-01T10:00:00.000Z' }));
    await world.putTask(closedTask('recent', 'migrated', { createdAt: '2026-03-02T10:00:00.000Z' }));
    await world.putTask(closedTask('old', 'migrated', { createdAt: '2026-01-02T10:00:00.000Z' }));
    world.executions.push({ name: 'recent', status: 'SUCCEEDED' });
    const names = async (...argv: string[]) =>
      JSON.parse((await world.tanker('tasks', '--json', ...argv)).out).tasks.map(
        ({ task }: { task: string }) => task,
      );
    expect(await names()).toEqual(['recent', 'stuck']);
    expect(await names('--all')).toEqual(expect.arrayContaining(['recent', 'old', 'stuck']));
    expect((await world.tanker('tasks')).out).toMatch(/stuck +acme +us\/db1 → eu\/db1 +open: export/);
  });
});

describe('doctor', () => {
  test('asks every provider at every location through its own datacenter, and is well', async () => {
    const { code, out } = await world.tanker('doctor', '--json');
    expect(code).toBe(0);
    const { findings } = JSON.parse(out);
    const places = findings
      .filter(({ patient }: { patient: string }) => patient === 'deals')
      .map(({ place }: { place: string }) => place);
    expect(places).toEqual(['us/db1', 'eu/db1', 'sg/db1', 'sg/db2']);
  });

  test.each([
    [
      'a refusal',
      () => ({ refusal: { error: 'RequestUnauthorized', cause: 'The token.' } }),
      /RequestUnauth/,
    ],
    ['a wrong clock', () => ({ now: new Date(Date.now() + 60_000).toISOString() }), /ClockWrong/],
    ['an answer of another version', () => ({ refusal: 'ill' }), /✗ gateway from eu: ContractUnsupported/],
  ])('%s of one makes the end 1 and says whose', async (_, answer, words) => {
    world.doctors['tanker-eu-doctor'] = ({ ask }) => (ask === 'gateway' ? answer() : {});
    const { code, out } = await world.tanker('doctor');
    expect(code).toBe(1);
    expect(out).toMatch(words);
    expect(out).toContain('1 of 16 are ill.');
  });

  test('another provider behind the endpoint, and another contract version, are ill', async () => {
    world.doctors['tanker-us-doctor'] = ({ ask, provider }) =>
      ask === 'provider' ? { describe: stranger(String(provider)) } : {};
    const { out } = await world.tanker('doctor');
    expect(out).toContain('contacts from us/db1: ContractUnsupported');
    expect(out).toContain('deals from us/db1: ProviderMismatch');
  });

  const stranger = (provider: string) => ({
    name: provider === 'deals' ? 'files' : provider,
    contractVersion: 2,
    incarnation: 'x',
    writes: { name: 'copy', version: 1 },
    reads: [],
    abilities: [],
    hooks: [],
    importAfter: [],
    collections: [],
    now: new Date().toISOString(),
  });
});
