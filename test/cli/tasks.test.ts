import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type CliWorld, cliWorld } from './cli-world.ts';
import { closedTask, openTask, plans } from './records.ts';

let world: CliWorld;
beforeAll(async () => {
  world = await cliWorld();
});
afterAll(() => world.close());
beforeEach(() => {
  world.executions.length = 0;
});

describe('tasks', () => {
  test('lists open tasks whose execution is forgotten, and the newest ones; --all lists every one', async () => {
    await world.putTask(openTask('stuck', { createdAt: '2026-01-01T10:00:00.000Z' }));
    await world.putTask(closedTask('recent', 'migrated', { createdAt: '2026-03-02T10:00:00.000Z' }));
    await world.putTask(closedTask('old', 'migrated', { createdAt: '2026-01-02T10:00:00.000Z' }));
    world.executions.push({ name: 'recent', status: 'SUCCEEDED' });
    const names = async (...argv: string[]) =>
      JSON.parse((await world.tanker('tasks', '--json', ...argv)).out)
        .tasks.map(({ task }: { task: string }) => task)
        .filter((task: string) => ['stuck', 'recent', 'old'].includes(task));
    expect(await names()).toEqual(['recent', 'stuck']);
    expect(await names('--all')).toEqual(['recent', 'old', 'stuck']);
    expect((await world.tanker('tasks')).out).toMatch(
      /stuck +migrate +acme +us\/db1 to eu\/db1 +open: export \(5 of 11\)/,
    );
  });

  test('lists those of one operation', async () => {
    const removed = { operation: 'remove', plan: plans.remove };
    const incomplete = {
      since: '2026-03-01T10:00:09.000Z',
      left: [{ provider: 'deals', location: plans.remove.erases[1] }],
    };
    await world.putTask(
      openTask('open-removal', { ...removed, incomplete, createdAt: '2026-03-04T10:00:00.000Z' }),
    );
    await world.putTask(
      closedTask('ended-removal', 'undone', {
        ...removed,
        failure: { error: 'SourceChanged', cause: 'Why.' },
      }),
    );
    await world.putTask(openTask('a-migration'));
    await world.putTask(
      closedTask('late-removal', 'removed', {
        ...removed,
        failure: { error: 'EraseIncomplete', cause: 'Why.' },
        createdAt: '2026-02-01T10:00:00.000Z',
      }),
    );
    world.executions.push({ machine: 'remove', name: 'late-removal', status: 'FAILED' });
    world.executions.push({ machine: 'remove', name: 'ended-removal', status: 'FAILED' });
    world.executions.push({ machine: 'migrate', name: 'a-migration', status: 'RUNNING' });
    for (const all of [[], ['--all']]) {
      const { out } = await world.tanker('tasks', '--operation', 'remove', '--json', ...all);
      const { tasks } = JSON.parse(out);
      expect(tasks.slice(0, 2)).toMatchObject([
        {
          task: 'open-removal',
          operation: 'remove',
          from: 'us/db1',
          to: null,
          erases: ['us/db1', 'eu/db1'],
          incomplete: 1,
        },
        { task: 'ended-removal', outcome: 'undone', error: 'SourceChanged', incomplete: 0 },
      ]);
      expect(tasks.map(({ task }: { task: string }) => task)).not.toContain('a-migration');
    }
    const { out } = await world.tanker('tasks', '--operation', 'remove');
    expect(out).toMatch(/open-removal +remove +acme +us\/db1 +open: INCOMPLETE, 1 left/);
    expect(out).toMatch(/ended-removal +remove +acme +us\/db1 +undone .* SourceChanged/);
    expect(out).toMatch(/late-removal +remove +acme +us\/db1 +removed .* after EraseIncomplete/);
    expect((await world.tanker('tasks', '--operation', 'move')).code).toBe(2);
  });
});
