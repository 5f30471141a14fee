import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type CliWorld, cliWorld } from './cli-world.ts';
import { closedTask, exportSubtask, openTask, plans } from './records.ts';

let world: CliWorld;
beforeAll(async () => {
  world = await cliWorld();
});
afterAll(() => world.close());
beforeEach(() => {
  world.executions.length = 0;
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

  describe('of a removal that could not erase everything', () => {
    const removal = (changes: object) =>
      openTask('removing', { operation: 'remove', plan: plans.remove, phase: 'verify-erased', ...changes });
    const left = (...providers: string[]) => ({
      since: '2026-03-01T10:00:09.000Z',
      left: providers.map((provider) => ({ provider, location: { datacenter: 'eu', server: 'db1' } })),
    });
    const puts = async () => {
      await world.putTask(removal({ phase: 'erase' }));
      world.course.push(
        () => world.putTask(removal({ incomplete: left('contacts', 'deals') })),
        () => world.putTask(removal({ incomplete: left('deals') })),
        () => world.putTask(removal({ incomplete: left() })),
        () =>
          world.putTask(
            closedTask('removing', 'removed', {
              operation: 'remove',
              plan: plans.remove,
              incomplete: left('deals'),
            }),
          ),
      );
    };

    test('says INCOMPLETE and what is left where, and goes on until nothing is', async () => {
      await puts();
      const { code, out } = await world.tanker('watch', 'removing');
      expect(code).toBe(0);
      const told = out.split('\n').filter((line) => line.includes('INCOMPLETE'));
      expect(told).toEqual([
        '  INCOMPLETE since 2026-03-01 10:00 UTC: 2 providers may still hold something: contacts at eu/db1, deals at eu/db1. It is tried again until nothing is left.',
        '  INCOMPLETE since 2026-03-01 10:00 UTC: 1 provider may still hold something: deals at eu/db1. It is tried again until nothing is left.',
      ]);
      expect(out).toContain('Task removing: removed. acme lives nowhere');
    });

    test('tells programs the same', async () => {
      await puts();
      const { out } = await world.tanker('watch', 'removing', '--json');
      const lines = out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
      expect(lines.map(({ incomplete, outcome }) => incomplete?.left.length ?? outcome)).toEqual([
        undefined,
        2,
        1,
        undefined,
        'removed',
      ]);
      expect(lines[2]).toMatchObject({
        operation: 'remove',
        state: 'open',
        incomplete: { left: [{ provider: 'deals', location: 'eu/db1' }] },
      });
    });
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
    expect(err).toContain('ended as FAILED without a record: Lambda.Unknown: Gone.');
  });
});
