import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Location, parseTopology } from '@tanker/contract/index.ts';
import { closeTask } from '../../core/control/close-task.ts';
import { commitCleanup } from '../../core/control/commit-cleanup.ts';
import { decideDirection } from '../../core/control/decide-direction.ts';
import { dispatch } from '../../core/control/dispatch.ts';
import { verifyErased } from '../../core/control/verify-erased.ts';
import { verifyFallback } from '../../core/control/verify-fallback.ts';
import {
  type ControlWorld,
  controlWorld,
  SOURCE,
  sealResult,
  settle,
  TARGET,
  testTopology,
} from './control-world.ts';
import { committedCleanup, finishedCleanup, finishedMove, lookedAt } from './finished-task.ts';
import {
  erased,
  newTask,
  openedTask,
  PROVIDERS,
  plannedTask,
  planOf,
  REASON,
  recoveryOf,
  refusalOf,
} from './planned-task.ts';

let world: ControlWorld;
beforeAll(async () => {
  const residency = [
    { from: 'US', to: 'EU' },
    { from: 'EU', to: 'US' },
    { from: 'EU', to: 'SG' },
  ];
  world = await controlWorld(testTopology({ residency }));
  // The commit's instant is the gateway's, whose clock is the machine's.
  world.clock.time = Date.now();
});
afterAll(() => world.close());

const DAY_MS = 86_400_000;
const EARLY = { early: true };
const cleaning = (company: string, input: object = EARLY) => ({
  operation: 'cleanup' as const,
  at: newTask(company),
  input,
});
const fallbackOf = ({ company }: { company: string }, location = SOURCE) =>
  world.fallbacks.get(company, location);
const everywhere = (location: Location) => PROVIDERS.map((provider) => ({ provider, location }));
const undone = { outcome: 'undone' as const, reason: REASON, reported: [] };
const rows = { collections: [{ name: 'rows', rows: 3, bytes: 300 }] };

describe('a move', () => {
  test('leaves its source as a fallback copy, with what every provider held and the end of its grace days', async () => {
    const move = await finishedMove(world);
    const fallback = await fallbackOf(move);
    expect(fallback).toMatchObject({ state: 'kept', task: move.task, version: 1, location: SOURCE });
    expect(Object.keys(fallback?.slices ?? {})).toEqual(PROVIDERS);
    const grace = Date.parse(fallback?.cleanupAt ?? '') - Date.parse(fallback?.movedAt ?? '');
    expect(grace).toBe(world.topology.graceDays * DAY_MS);
    expect(await world.dueDates.ofCompany('cleanup', move.company)).toMatchObject([
      { at: fallback?.cleanupAt, task: move.task, location: SOURCE, tries: 0 },
    ]);
  });

  test('back within the grace is refused with the way out, and goes after an early cleanup', async () => {
    const move = await finishedMove(world);
    const back = () => ({
      at: newTask(move.company),
      input: { to: { datacenter: 'us' } },
      answers: (_: string, { datacenter }: Location) => (datacenter === 'us' ? { summary: rows } : {}),
    });
    const { error, cause } = await refusalOf(world, back());
    expect(error).toBe('TargetNotEmpty');
    expect(cause).toContain(`fallback copy that task "${move.task}" left there, kept until`);
    expect(cause).toContain(`tanker cleanup ${move.company} --at us/db1 --early`);
    await finishedCleanup(world, cleaning(move.company));
    const { at, input } = back();
    await finishedMove(world, { at, input });
    expect(world.store.read(move.company).home).toMatchObject({ location: SOURCE });
    expect((await fallbackOf(move))?.state).toBe('given-up');
    expect(await fallbackOf(move, TARGET)).toMatchObject({ state: 'kept', version: 2 });
  });

  test('to a place whose copy was erased by hand takes that copy off the record', async () => {
    const move = await finishedMove(world);
    const back = await finishedMove(world, {
      at: newTask(move.company),
      input: { to: { datacenter: 'us' } },
    });
    expect(await fallbackOf(move)).toMatchObject({ state: 'given-up', givenUpBy: back.task });
  });
});

test('a repeat of a move’s close that comes late does not bring back the copy that was given up', async () => {
  const move = await finishedMove(world);
  const kept = await fallbackOf(move);
  await finishedCleanup(world, cleaning(move.company));
  await world.fallbacks.keep(kept as Parameters<typeof world.fallbacks.keep>[0]);
  expect((await fallbackOf(move))?.state).toBe('given-up');
});

describe('the plan of a cleanup', () => {
  test('asks every provider where the copy lies, and erases there alone', async () => {
    const { company } = await finishedMove(world);
    const at = await openedTask(world, cleaning(company));
    expect(at.opened.checks).toEqual(everywhere(SOURCE));
    expect(await planOf(world, at)).toMatchObject({
      from: null,
      to: null,
      leftover: 'fallback',
      erases: everywhere(SOURCE),
      hooks: [],
      waves: [],
    });
  });

  test('refuses before the grace days are over, unless it is asked to be early', async () => {
    const { company } = await finishedMove(world);
    const { error, cause } = await refusalOf(world, cleaning(company, {}));
    expect(error).toBe('GraceNotOver');
    expect(cause).toContain('--early');
    const later = {
      ...world,
      now: () => new Date(world.clock.time + (world.topology.graceDays + 1) * DAY_MS),
    };
    expect((await refusalOf(later, cleaning(company, {}))).error).toBe('none');
  });

  test('refuses home, a place where nothing lies, and one whose copy was given up, naming by whom', async () => {
    const move = await finishedMove(world);
    const at = (datacenter: string, server = 'db1') =>
      cleaning(move.company, { ...EARLY, at: { datacenter, server } });
    expect((await refusalOf(world, at('eu'))).error).toBe('HomeProtected');
    expect((await refusalOf(world, at('sg'))).error).toBe('NothingToClean');
    const cleanup = await finishedCleanup(world, cleaning(move.company));
    const { error, cause } = await refusalOf(world, at('us'));
    expect(error).toBe('NothingToClean');
    expect(cause).toContain(cleanup.task);
  });

  test('refuses when the authority knows an older version than the move had made', async () => {
    const { company } = await finishedMove(world);
    const authority = {
      ...world.authority,
      read: async (id: string) => ({ ...(await world.authority.read(id)), version: 0 }),
    };
    const { error } = await refusalOf({ ...world, authority }, cleaning(company));
    expect(error).toBe('PlacementChanged');
  });

  test('refuses a copy with data of a provider that the topology no longer has', async () => {
    const { company } = await finishedMove(world);
    const { providers, ...rest } = world.topology;
    const fewer = parseTopology(
      { ...rest, providers: providers.filter(({ name }) => name === 'contacts') },
      'of this test',
    );
    const { error, cause } = await refusalOf({ ...world, topology: fewer }, cleaning(company));
    expect(error).toBe('ProviderMismatch');
    expect(cause).toContain('"deals"');
  });
});

describe('a cleanup', () => {
  test('gives the copy up, then erases it; a repeat of the commit answers the same', async () => {
    const { company, task: move } = await finishedMove(world);
    const actor = await committedCleanup(world, cleaning(company));
    const { givenUpAt } = await commitCleanup(world, actor);
    expect(await fallbackOf({ company })).toMatchObject({
      state: 'given-up',
      givenUpBy: actor.task,
      givenUpAt,
      task: move,
    });
    const erase = { ...actor, phase: 'erase', action: 'erase', attempt: 1, token: 't' } as const;
    await dispatch(world, { ...erase, provider: 'deals', location: SOURCE });
    expect(world.invoked.at(-1)).toMatchObject({
      version: 1,
      reason: `task ${actor.task} gave the fallback copy up`,
    });
    await erased(world, actor, [SOURCE]);
    expect(await verifyErased(world, actor)).toMatchObject({ clean: 2, left: 0, incomplete: false });
    await closeTask(world, actor, { outcome: 'cleaned', reason: null, reported: [] });
    expect(await world.tasks.get(actor.task)).toMatchObject({ outcome: 'cleaned', debts: [] });
    expect(world.store.read(company)).toMatchObject({ home: { location: TARGET }, version: 1 });
  });

  test('of a place that the company left before its last move is done all the same: nobody lives there', async () => {
    const first = await finishedMove(world);
    const to = { datacenter: 'sg', server: 'db1' };
    const second = await finishedMove(world, { at: newTask(first.company), input: { to } });
    await finishedCleanup(world, cleaning(first.company));
    expect(await fallbackOf(first)).toMatchObject({ state: 'given-up', version: 1 });
    expect(await fallbackOf(first, TARGET)).toMatchObject({ state: 'kept', task: second.task, version: 2 });
  });

  test('of a place that the company left twice is bound to the last of these moves', async () => {
    const first = await finishedMove(world);
    const away = { at: newTask(first.company), input: { to: { datacenter: 'us' } } };
    const cleanup = await finishedCleanup(world, cleaning(first.company));
    await finishedMove(world, away);
    const third = await finishedMove(world, { at: newTask(first.company) });
    // The copy at the source is the third task's now, with a grace of its own: the first one's is over and gone.
    expect(await fallbackOf(first)).toMatchObject({ state: 'kept', task: third.task, version: 3 });
    expect((await refusalOf(world, cleaning(first.company, {}))).error).toBe('GraceNotOver');
    await expect(
      world.fallbacks.giveUp(
        { ...(await fallbackOf(first)), task: first.task, version: 1 } as never,
        cleanup,
      ),
    ).rejects.toMatchObject({ name: 'PlacementChanged' });
    expect((await fallbackOf(first))?.state).toBe('kept');
  });

  test.each([
    ['a digest', sealResult({ collections: [{ name: 'rows', digest: { rows: 3, sum: 'b'.repeat(32) } }] })],
    ['its rows', sealResult({ collections: [{ name: 'rows', digest: { rows: 2, sum: 'a'.repeat(32) } }] })],
    ['the watermark', { action: 'drain', watermark: '8', polls: 2 } as const],
  ])('is refused when %s is not what the move left behind, and keeps the copy', async (_, result) => {
    const { company } = await finishedMove(world);
    const actor = await plannedTask(world, cleaning(company));
    await lookedAt(world, actor, SOURCE);
    await settle(world, actor, { phase: 'verify', provider: 'deals', location: SOURCE }, result);
    await expect(verifyFallback(world, actor)).rejects.toMatchObject({
      name: 'FallbackChanged',
      message: expect.stringContaining('deals at us/db1'),
    });
    await expect(commitCleanup(world, actor)).rejects.toMatchObject({ name: 'VerificationFailed' });
    expect((await fallbackOf({ company }))?.state).toBe('kept');
  });

  test('finds nothing to keep where a provider holds no rows any more', async () => {
    const { company } = await finishedMove(world);
    const actor = await plannedTask(world, cleaning(company));
    await lookedAt(world, actor, SOURCE);
    const empty = sealResult({ collections: [] });
    await settle(world, actor, { phase: 'verify', provider: 'deals', location: SOURCE }, empty);
    await verifyFallback(world, actor);
    await commitCleanup(world, actor);
    expect((await fallbackOf({ company }))?.state).toBe('given-up');
  });

  test('gives up a copy where somebody wrote, if people accept that, and its log says so', async () => {
    const { company } = await finishedMove(world);
    const actor = await plannedTask(world, cleaning(company, { ...EARLY, acceptChanges: true }));
    await lookedAt(world, actor, SOURCE);
    const later = { action: 'drain', watermark: '8', polls: 2 } as const;
    await settle(world, actor, { phase: 'verify', provider: 'deals', location: SOURCE }, later);
    await verifyFallback(world, actor);
    await commitCleanup(world, actor);
    expect((await fallbackOf({ company }))?.state).toBe('given-up');
    expect((await world.logLines(actor.task)).join()).toContain('accepted as asked: deals at us/db1 is not');
  });

  test('gives up a copy with pending messages, if people accept that, and not otherwise', async () => {
    const { company } = await finishedMove(world);
    for (const acceptChanges of [false, true]) {
      const input = { ...EARLY, ...(acceptChanges ? { acceptChanges } : {}) };
      const actor = await plannedTask(world, cleaning(company, input));
      await dispatch(world, {
        ...actor,
        ...{
          phase: 'verify',
          action: 'drain',
          provider: 'deals',
          location: SOURCE,
          attempt: 1,
          token: 'AAAA',
        },
      });
      expect(world.invoked.at(-1)).toMatchObject(
        acceptChanges ? { acceptPending: true } : { action: 'drain' },
      );
      expect('acceptPending' in (world.invoked.at(-1) as object)).toBe(acceptChanges);
      await lookedAt(world, actor, SOURCE);
      const pending = { action: 'drain', watermark: '7', polls: 2, pending: 3 } as const;
      await settle(world, actor, { phase: 'verify', provider: 'deals', location: SOURCE }, pending);
      if (acceptChanges) await verifyFallback(world, actor);
      else {
        await expect(verifyFallback(world, actor)).rejects.toMatchObject({ name: 'FallbackChanged' });
        const recovery = await recoveryOf(world, actor);
        await closeTask(world, recovery, { outcome: 'undone', reason: null, reported: [] });
        continue;
      }
      const log = (await world.logLines(actor.task)).join();
      expect(log).toContain('accepted as asked: deals at us/db1 has 3 message(s) or job(s)');
    }
  });

  test('is refused without the word of every provider that nothing is pending', async () => {
    const { company } = await finishedMove(world);
    const actor = await plannedTask(world, cleaning(company));
    for (const provider of PROVIDERS) {
      await settle(world, actor, { phase: 'verify', provider, location: SOURCE }, sealResult());
    }
    await expect(verifyFallback(world, actor)).rejects.toMatchObject({ name: 'VerificationFailed' });
  });

  test('is not committed when home has come to the copy, or the version has changed, since its plan', async () => {
    const { company } = await finishedMove(world);
    const actor = await plannedTask(world, cleaning(company));
    await lookedAt(world, actor, SOURCE);
    await verifyFallback(world, actor);
    const reading = (changes: object) => ({
      ...world,
      authority: { read: async () => ({ ...(await world.authority.read(company)), ...changes }) },
    });
    const home = { state: 'home', location: SOURCE };
    await expect(commitCleanup(reading({ home }), actor)).rejects.toMatchObject({ name: 'HomeProtected' });
    await expect(commitCleanup(reading({ version: 2 }), actor)).rejects.toMatchObject({
      name: 'PlacementChanged',
    });
    const newer = { epoch: actor.epoch + 1, holder: 'other/other' };
    await expect(commitCleanup(reading(newer), actor)).rejects.toMatchObject({ name: 'EpochStale' });
    expect((await fallbackOf({ company }))?.state).toBe('kept');
  });
});

describe('the recovery of a cleanup', () => {
  const verified = async () => {
    const { company } = await finishedMove(world);
    const actor = await plannedTask(world, cleaning(company));
    await lookedAt(world, actor, SOURCE);
    await verifyFallback(world, actor);
    return actor;
  };

  test('goes back before the commit: the copy is kept and nothing is erased', async () => {
    const actor = await verified();
    const recovery = await recoveryOf(world, actor);
    expect(await decideDirection(world, recovery)).toEqual({
      outcome: 'undone',
      opens: [],
      fences: [],
      erases: [],
      discards: [],
      hooks: [],
    });
    await closeTask(world, recovery, undone);
    expect((await fallbackOf(actor))?.state).toBe('kept');
    expect(await world.dueDates.ofCompany('cleanup', actor.company)).toHaveLength(1);
    await finishedCleanup(world, cleaning(actor.company));
  });

  test('goes forward after it, though the answer was lost', async () => {
    const actor = await verified();
    const fallbacks = {
      get: (company: string, location: Location) => world.fallbacks.get(company, location),
      giveUp: async (...args: Parameters<typeof world.fallbacks.giveUp>) => {
        await world.fallbacks.giveUp(...args);
        throw new Error('connection reset');
      },
    };
    const lost = commitCleanup({ ...world, fallbacks: fallbacks as never }, actor);
    await expect(lost).rejects.toThrow('connection reset');
    const recovery = await recoveryOf(world, actor);
    expect(await decideDirection(world, recovery)).toMatchObject({
      outcome: 'cleaned',
      erases: everywhere(SOURCE),
    });
  });

  test('that has decided to go back ends a commit that comes late: the copy stays', async () => {
    const actor = await verified();
    const recovery = await recoveryOf(world, actor);
    expect((await decideDirection(world, recovery)).outcome).toBe('undone');
    const fallback = await fallbackOf(actor);
    // The dead execution had passed every check; its one write is still on its way.
    const late = world.fallbacks.giveUp(fallback as never, actor);
    await expect(late).rejects.toMatchObject({ name: 'PlacementChanged' });
    await closeTask(world, recovery, undone);
    expect((await fallbackOf(actor))?.state).toBe('kept');
  });
});
