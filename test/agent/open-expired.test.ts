import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  type AuthorityRecord,
  type Closing,
  type Fence,
  type Location,
  TankerError,
} from '@tanker/contract/index.ts';
import { Departed, openExpired, verdictOn } from '../../core/agent/open-expired.ts';
import { AuthorityStore } from '../../examples/gateway/authority-store.ts';

const HERE: Location = { datacenter: 'us', server: 'db1' };
const THERE: Location = { datacenter: 'eu', server: 'db1' };
const TASK = { task: 'move-1', epoch: 1, holder: 'move-1/move-1' };
const RECOVERY = { task: 'move-1', epoch: 2, holder: 'move-1/recover-move-1-a' };

let store: AuthorityStore;
beforeEach(() => {
  store = new AuthorityStore(':memory:');
  store.signUp('acme', HERE);
});
afterEach(() => store.close());

/** A provider at us/db1, as far as closings go; its fence is the contract's. */
class Site {
  readonly name: string;
  readonly location = HERE;
  closed: Closing[] = [];
  down = false;
  readonly asked: string[] = [];

  constructor(name: string) {
    this.name = name;
  }

  readonly companies = {
    closings: async (after?: string) => {
      if (this.down) throw new Error('no answer');
      const rest = this.closed.filter(({ company }) => company > (after ?? ''));
      const closings = rest.slice(0, 1);
      return { incarnation: 'i1', closings, next: rest.length > 1 ? (closings[0]?.company ?? null) : null };
    },
    openExpired: async (company: string, fence: Fence, grant: number) => {
      this.asked.push(
        `${company} ${fence.task} ${fence.epoch} ${fence.holder} ${fence.incarnation} ${grant}`,
      );
      const seen = this.closed.find((closing) => closing.company === company);
      if (seen && fence.epoch < seen.epoch)
        throw new TankerError('EpochStale', { what: 'w', now: 'n', next: 'x' });
      this.closed = this.closed.filter((closing) => closing.company !== company || closing.grant !== grant);
    },
  };
}

const closing = (changes: Partial<Closing> = {}): Closing => ({
  company: 'acme',
  epoch: 1,
  holder: 'move-1/move-1',
  grant: 1,
  ...changes,
});

function lookWith(sites: readonly Site[], departed = new Departed()) {
  const reads: string[] = [];
  const authority = {
    read: async (company: string) => {
      reads.push(company);
      return store.read(company);
    },
  };
  const failures: string[] = [];
  const run = () =>
    openExpired({
      sites,
      authority,
      departed,
      signal: new AbortController().signal,
      log: () => undefined,
      logError: (message) => failures.push(message),
    });
  return { run, reads, failures };
}

/** The lease of the task's lock ends, as the gateway ends it: by a write. */
function locked(leaseSeconds: number): number {
  store.claim('acme', TASK);
  return store.lock('acme', TASK, leaseSeconds).grant.grant;
}
const leaseEnds = () => store.endDueLeases('9999-01-01T00:00:00.000Z');

describe('while the control region is down', () => {
  test('the lease ends by the gateway, the region opens its providers, a late commit is refused, and the recovery that comes at last goes back', async () => {
    const site = new Site('deals');
    const { run } = lookWith([site]);
    const grant = locked(60);
    site.closed = [closing({ grant })];
    expect(await run()).toMatchObject({ closed: 1, opened: 0, kept: 1 });

    leaseEnds();
    expect(await run()).toMatchObject({ closed: 1, opened: 1, failed: 0 });
    expect(site.asked).toEqual(['acme move-1 1 move-1/move-1 i1 1']);
    expect(site.closed).toEqual([]);

    const home = (location: Location) => ({ state: 'home' as const, location });
    const change = { grant, from: home(HERE), to: home(THERE), version: 0 };
    expect(() => store.commit('acme', TASK, change)).toThrow(/grant/i);
    expect(() => store.lock('acme', TASK, 60)).toThrow();
    const claimed = store.claim('acme', RECOVERY);
    expect(claimed.record).toMatchObject({ version: 0, home: home(HERE) });
    expect(store.unlock('acme', RECOVERY).unbroken).toBe(false);
  });

  test('what a recovery has fenced but could not open is opened in the name of the highest epoch, by the grant of the closing', async () => {
    const site = new Site('deals');
    const grant = locked(60);
    leaseEnds();
    site.closed = [closing({ grant, epoch: 2, holder: RECOVERY.holder })];
    expect(await lookWith([site]).run()).toMatchObject({ opened: 1 });
    expect(site.asked).toEqual(['acme move-1 2 move-1/recover-move-1-a i1 1']);
  });
});

describe('a closing stays', () => {
  const record = (
    changes: Partial<AuthorityRecord> & { state?: 'held' | 'released' | 'expired'; grant?: number },
  ) => {
    const { state = 'expired', grant = 1, ...rest } = changes;
    const leaseUntil = '2026-01-01T00:00:00.000Z';
    const lock = { grant, epoch: 1, holder: TASK.holder, state, releasedBy: null, leaseUntil };
    return { ...store.read('acme'), lock, ...rest };
  };

  test.each([
    ['open', 'its grant has expired', {}],
    ['open', 'its grant was released', { state: 'released' as const }],
    ['open', 'a later grant has ended too', { grant: 2 }],
    ['wait', 'its grant is held', { state: 'held' as const }],
    ['wait', 'another task holds a lock', { state: 'held' as const, grant: 2 }],
    ['wait', 'the authority has never heard of its grant', { grant: 0 }],
    ['wait', 'the authority knows of no lock at all', { lock: null }],
    ['departed', 'home is another location', { home: { state: 'home' as const, location: THERE } }],
    [
      'departed',
      'home is another server of this datacenter',
      { home: { state: 'home' as const, location: { ...HERE, server: 'db2' } } },
    ],
    ['departed', 'the company was removed', { home: { state: 'removed' as const } }],
    ['departed', 'the company was erased for good', { home: { state: 'erased' as const } }],
  ])('or not: %s when %s', (verdict, _, changes) => {
    expect(verdictOn(record(changes), HERE, { grant: 1 })).toBe(verdict);
  });

  test('after a commit, however often it is looked at', async () => {
    const site = new Site('deals');
    const grant = locked(60);
    site.closed = [closing({ grant })];
    const home = (location: Location) => ({ state: 'home' as const, location });
    store.commit('acme', TASK, { grant, from: home(HERE), to: home(THERE), version: 0 });
    const { run, reads } = lookWith([site]);
    await run();
    await run();
    expect(site.asked).toEqual([]);
    expect(reads).toEqual(['acme', 'acme']);
  });

  test.each([
    ['a removal', { state: 'removed' as const }],
    ['a move', { state: 'home' as const, location: THERE }],
  ])('after %s, and is opened when the company has come back here without this provider', async (_, away) => {
    const site = new Site('deals');
    const grant = locked(60);
    site.closed = [closing({ grant })];
    const here = { state: 'home' as const, location: HERE };
    store.commit('acme', TASK, { grant, from: here, to: away, version: 0 });
    store.unlock('acme', TASK);
    const { run, reads } = lookWith([site]);
    expect(await run()).toMatchObject({ opened: 0, kept: 1 });
    const restore = { task: 'restore-1', epoch: 2, holder: 'restore-1/restore-1' };
    store.claim('acme', restore);
    const locking = store.lock('acme', restore, 60).grant.grant;
    store.commit('acme', restore, { grant: locking, from: away, to: here, version: 1 });
    store.unlock('acme', restore);
    expect(await run()).toMatchObject({ opened: 1, kept: 0 });
    expect(reads).toEqual(['acme', 'acme']);
  });

  test('when a newer epoch came between the look and the call: the provider refuses, and it is said', async () => {
    const site = new Site('deals');
    const grant = locked(60);
    leaseEnds();
    site.closed = [closing({ grant })];
    const { openExpired: open } = site.companies;
    site.companies.openExpired = async (...call) => {
      site.closed = [closing({ grant: 2, epoch: 3, holder: 'move-2/move-2' })];
      return open(...call);
    };
    const { run, failures } = lookWith([site]);
    expect(await run()).toMatchObject({ opened: 0, failed: 1 });
    expect(site.closed).toHaveLength(1);
    expect(failures[0]).toBe('deals at us/db1 did not open company acme.');
  });
});

test('a provider that does not answer keeps no other from its turn, and every page is read', async () => {
  const [down, deals] = [new Site('contacts'), new Site('deals')];
  down.down = true;
  const grant = locked(60);
  leaseEnds();
  store.signUp('umbra', HERE);
  store.claim('umbra', TASK);
  store.lock('umbra', TASK, 60);
  deals.closed = [closing({ grant }), closing({ company: 'umbra' })];
  const { run, failures } = lookWith([down, deals]);
  expect(await run()).toEqual({ closed: 2, opened: 1, kept: 1, failed: 1 });
  expect(deals.closed.map(({ company }) => company)).toEqual(['umbra']);
  expect(failures).toEqual(['contacts at us/db1 did not tell all its closings.']);
});

test('of the departed companies a hundred are asked about in a run, those first whose turn is longest ago', () => {
  const departed = new Departed();
  const all = Array.from({ length: 250 }, (_, index) => ({
    site: { location: HERE },
    closing: { company: `c${index}`, grant: 1 },
  }));
  const run = (found: typeof all) => {
    const due = departed.due(found);
    for (const one of due) departed.note(one);
    return due.map(({ closing: { company } }) => company);
  };
  expect(run(all)).toHaveLength(250);
  const [first, second, third] = [run(all), run(all), run(all)];
  expect(first.length + second.length).toBe(200);
  expect(new Set([...first, ...second]).size).toBe(200);
  expect(new Set([...first, ...second, ...third]).size).toBe(250);
  // Those that are closed no longer keep none of the others from its turn.
  expect(run(all.slice(240))).toHaveLength(10);
});

test('a provider that lists its closings in a circle is told apart, and its first page is looked after', async () => {
  const site = new Site('deals');
  const grant = locked(60);
  leaseEnds();
  const page = { incarnation: 'i1', closings: [closing({ grant })], next: 'acme' };
  site.companies.closings = async () => page;
  const { run, failures } = lookWith([site]);
  expect(await run()).toEqual({ closed: 1, opened: 1, kept: 0, failed: 1 });
  expect(failures).toEqual(['deals at us/db1 did not tell all its closings.']);
});
