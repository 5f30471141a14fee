import { describe, expect, test } from '@jest/globals';
import { describe as describeCompany } from '../../core/agent/describe.ts';
import { discard } from '../../core/agent/discard.ts';
import {
  CLOSED_LOOK_MS,
  DRAIN_MARGIN_MS,
  DRAIN_POLL_LONGEST_MS,
  DRAIN_POLL_MS,
  drain,
} from '../../core/agent/drain.ts';
import { erase } from '../../core/agent/erase.ts';
import { fence } from '../../core/agent/fence.ts';
import { hook } from '../../core/agent/hook.ts';
import { open } from '../../core/agent/open.ts';
import { seal } from '../../core/agent/seal.ts';
import { agentWorld, eventOf, HERE, recordOf, THERE } from './agent-world.ts';

const LATER = Date.parse('2099-01-01T00:00:00.000Z');
const AWAY = recordOf({ home: { state: 'home', location: THERE } });
const STALE = [
  ['a newer epoch', recordOf({ epoch: 4, holder: 'move-2/move-2', home: AWAY.home })],
  ['another holder of the same epoch', recordOf({ holder: 'move-1/recover-move-1-x', home: AWAY.home })],
  ['a lower epoch', recordOf({ epoch: 2, home: AWAY.home })],
] as const;
const eraseEvent = eventOf('erase', { version: 4, reason: 'undone' });

describe('drain', () => {
  test('needs nothing pending twice at the same watermark', async () => {
    const { provider, run } = agentWorld();
    provider.pending = [
      { pending: 2, watermark: 'a' },
      { pending: 0, watermark: 'b' },
      { pending: 0, watermark: 'c' },
      { pending: 1, watermark: 'c' },
      { pending: 0, watermark: 'c' },
      { pending: 0, watermark: 'c' },
    ];
    const { result } = await run(drain, eventOf('drain', { deadlineMillis: LATER }));
    expect(result).toEqual({ action: 'drain', watermark: 'c', polls: 6 });
  });

  test('waits longer from poll to poll, up to a limit', async () => {
    const { provider, clock, run } = agentWorld();
    provider.pending = Array.from({ length: 10 }, (_, index) => ({ pending: 1, watermark: `${index}` }));
    await run(drain, eventOf('drain', { deadlineMillis: LATER }));
    expect(clock.slept[0]).toBe(DRAIN_POLL_MS);
    expect(clock.slept.at(-1)).toBe(DRAIN_POLL_LONGEST_MS);
  });

  test('ends when it is stopped, however much is pending', async () => {
    const { provider, run } = agentWorld();
    const stop = new AbortController();
    provider.drain = async () => {
      stop.abort(new Error('settled'));
      return { pending: 1, watermark: 'a' };
    };
    await expect(run(drain, eventOf('drain'), { signal: stop.signal })).rejects.toThrow('settled');
  });

  test('gives up in time to tell what is still pending at the deadline', async () => {
    const { provider, clock, run } = agentWorld();
    provider.drain = async () => ({ pending: 3, watermark: 'a' });
    const deadlineMillis = clock.now().getTime() + 60_000;
    await expect(run(drain, eventOf('drain', { deadlineMillis }))).rejects.toMatchObject({
      name: 'DrainIncomplete',
      message: expect.stringContaining('3 message(s) or job(s)'),
    });
    const left = deadlineMillis - clock.now().getTime();
    expect(left).toBeGreaterThan(DRAIN_MARGIN_MS - 2 * DRAIN_POLL_LONGEST_MS);
    expect(left).toBeLessThanOrEqual(DRAIN_MARGIN_MS);
  });

  test('waits only a moment for what is pending at a company that is closed: nobody works it off', async () => {
    const { provider, clock, run } = agentWorld();
    provider.drain = async () => ({ pending: 1, watermark: 'a' });
    const from = clock.now().getTime();
    await expect(run(drain, eventOf('drain'))).rejects.toMatchObject({ name: 'DrainIncomplete' });
    expect(clock.now().getTime() - from).toBeLessThan(CLOSED_LOOK_MS + 2 * DRAIN_POLL_LONGEST_MS);
  });

  test('counts what is pending where people have accepted that it goes', async () => {
    const { provider, run } = agentWorld();
    provider.drain = async () => ({ pending: 2, watermark: 'a' });
    const { result } = await run(drain, eventOf('drain', { acceptPending: true }));
    expect(result).toMatchObject({ action: 'drain', watermark: 'a', pending: 2 });
  });
});

describe('open', () => {
  test('opens where home is', async () => {
    const { provider, run } = agentWorld();
    expect((await run(open, eventOf('open'))).result).toEqual({ action: 'open', home: true });
    expect(provider.calls).toEqual(['open']);
  });

  for (const home of [AWAY.home, { state: 'removed' }, { state: 'erased' }] as const) {
    test(`leaves the company closed where home is not (${home.state})`, async () => {
      const { provider, run } = agentWorld([], recordOf({ home }));
      expect((await run(open, eventOf('open'))).result).toEqual({ action: 'open', home: false });
      expect(provider.calls).toEqual([]);
    });
  }

  for (const [what, record] of STALE) {
    test(`is refused when the authority shows ${what}`, async () => {
      const { provider, run } = agentWorld([], record);
      await expect(run(open, eventOf('open'))).rejects.toMatchObject({ name: 'EpochStale' });
      expect(provider.calls).toEqual([]);
    });
  }
});

describe('erase', () => {
  test('erases where home is not, and names company, location, version and reason', async () => {
    const { provider, run } = agentWorld([], AWAY);
    const { result } = await run(erase, eraseEvent);
    expect(result).toMatchObject({ erased: { rows: 5, staging: 1 }, left: { rows: 0, staging: 0 } });
    expect(provider.orders).toEqual([{ company: 'acme', location: HERE, version: 4, reason: 'undone' }]);
  });

  test('names the incarnation that it read itself, and read before it asked the authority', async () => {
    const { provider, ports, run } = agentWorld([], AWAY);
    const seen: string[] = [];
    provider.incarnation = 'i2';
    const { read } = ports.authority;
    ports.authority.read = (company) => {
      seen.push(...provider.calls);
      return read(company);
    };
    await run(erase, eraseEvent);
    expect(seen).toEqual(['describe']);
    expect(provider.fences).toEqual([
      { task: 'move-1', epoch: 3, holder: 'move-1/move-1', incarnation: 'i2' },
    ]);
  });

  test('never touches home', async () => {
    const { provider, run } = agentWorld();
    await expect(run(erase, eraseEvent)).rejects.toMatchObject({ name: 'HomeProtected' });
    expect(provider.calls).toEqual(['describe']);
  });

  for (const [what, record] of STALE) {
    test(`is refused when the authority shows ${what}`, async () => {
      const { provider, run } = agentWorld([], record);
      await expect(run(erase, eraseEvent)).rejects.toMatchObject({ name: 'EpochStale' });
      expect(provider.calls).toEqual(['describe']);
    });
  }

  for (const left of [
    { rows: 1, staging: 0 },
    { rows: 0, staging: 1 },
  ]) {
    test(`fails when ${left.rows} rows and ${left.staging} of staging are left`, async () => {
      const { provider, run } = agentWorld([], AWAY);
      provider.left = left;
      await expect(run(erase, eraseEvent)).rejects.toMatchObject({ name: 'EraseIncomplete' });
    });
  }
});

describe('the other actions', () => {
  test('describe tells the provider and its summary', async () => {
    const { result } = await agentWorld().run(describeCompany, eventOf('describe'));
    expect(result).toMatchObject({ describe: { name: 'contacts' }, summary: { watermark: 'w' } });
  });

  test('seal and fence name the epoch', async () => {
    const { provider, run } = agentWorld();
    await run(seal, eventOf('seal'));
    await run(fence, eventOf('fence'));
    expect(provider.calls).toEqual(['seal', 'fence']);
    expect(provider.fences.map(({ epoch }) => epoch)).toEqual([3, 3]);
  });

  test('a hook has the same key whoever asks for it', async () => {
    const { provider, run } = agentWorld();
    await run(hook, eventOf('hook', { hook: 'after-migrate', version: 4 }));
    await run(hook, eventOf('hook', { hook: 'after-migrate', version: 4, epoch: 5, attempt: 2 }));
    expect(new Set(provider.calls)).toEqual(new Set(['hook after-migrate acme:move-1:after-migrate']));
  });

  test('a hook has another key for another task of the same version: each is undone by itself', async () => {
    const { provider, run } = agentWorld();
    await run(hook, eventOf('hook', { hook: 'after-undo', version: 4 }));
    await run(hook, eventOf('hook', { hook: 'after-undo', version: 4, task: 'move-2', epoch: 5 }));
    expect(new Set(provider.calls).size).toBe(2);
  });

  test('discard removes what lies below the prefix of the task, and nothing else', async () => {
    const { exports, run } = agentWorld();
    await exports.put('exports/acme/move-1/contacts/e3-a1/part-00000', Buffer.from('a'));
    await exports.put('exports/acme/move-12/contacts/e3-a1/part-00000', Buffer.from('a'));
    await exports.begin('exports/acme/move-1/deals/e3-a1/part-00000');
    const { result } = await run(discard, eventOf('discard'));
    expect(result).toEqual({ action: 'discard', objects: 1, uploads: 1 });
    expect([...exports.objects.keys()]).toEqual(['exports/acme/move-12/contacts/e3-a1/part-00000']);
  });
});
