import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { TASK_OPERATIONS, TaskId } from '@tanker/contract/index.ts';
import { newTaskId } from '../../cli/task-id.ts';
import { type CliWorld, cliWorld } from './cli-world.ts';
import { closedTask } from './records.ts';

const MAIN = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));

// Six processes start beside each other, on machines where one takes a second or two.
jest.setTimeout(60_000);

let world: CliWorld;
beforeAll(async () => {
  world = await cliWorld();
  await world.putTask(closedTask('done', 'migrated'));
});
afterAll(() => world.close());

/** The CLI as a process of its own, started where no demo was kept. */
const tanker = (argv: readonly string[], env: Record<string, string>) =>
  new Promise<{ code: number; out: string; err: string }>((resolve) => {
    const options = { cwd: world.directory, env: { PATH: process.env['PATH'], ...env } };
    const child = execFile(process.execPath, [MAIN, ...argv], options, (_error, out, err) =>
      resolve({ code: child.exitCode ?? -1, out, err: err.replace(/.*ExperimentalWarning.*\n.*\n/, '') }),
    );
  });

describe('the process', () => {
  test('ends with the code of its help: done, usage, unknown, unreachable; without a stack trace', async () => {
    const kept = { TANKER_DEMO: world.kept };
    const [done, usage, unknown, absent, help, unasked] = await Promise.all([
      tanker(['show', 'done', '--json'], kept),
      tanker(['migrate', 'acme'], kept),
      tanker(['show', 'nobody'], kept),
      tanker(['tasks', '--demo'], {}),
      tanker(['watch', '--help'], {}),
      tanker(['remove', 'acme'], kept),
    ]);
    const codes = [done, usage, unknown, absent, help, unasked].map(({ code }) => code);
    expect(codes).toEqual([0, 2, 3, 4, 0, 2]);
    expect(JSON.parse(done.out)).toMatchObject({ task: { task: 'done' } });
    expect(absent.err).toContain('DemoNotKept: There is no kept demo');
    expect(help.out).toMatch(/Exit status:\n {2}0 .*\n {2}1 .*\n {2}2 .*\n {2}3 .*\n {2}4 /);
    expect(unasked.err).toContain('NotConfirmed: This erases data, and there is no terminal to ask in.');
    expect(world.executions).toEqual([]);
    for (const { err } of [usage, unknown, absent, unasked]) expect(err).not.toMatch(/\n\s+at /);
  });
});

describe('a task id of its own', () => {
  test('is readable, names the day, and keeps to 48 characters', () => {
    const at = new Date('2026-11-22T23:59:00Z');
    expect(newTaskId('migrate', 'Acme_Inc', at, () => 0)).toBe('migrate-acme-inc-20261122-aaaa');
    for (const operation of TASK_OPERATIONS)
      expect(TaskId.safeParse(newTaskId(operation, 'x'.repeat(63), at)).success).toBe(true);
  });
});
