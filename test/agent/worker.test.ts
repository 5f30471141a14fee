import { describe, expect, test } from '@jest/globals';
import { HEARTBEAT_INTERVAL_SECONDS } from '@tanker/contract/index.ts';
import type { Procedure } from '../../core/agent/procedure.ts';
import { DEADLINE_MARGIN_SECONDS } from '../../core/agent/worker.ts';
import { ManualClock, rest } from '../support/manual-clock.ts';
import { problem } from '../support/memory-provider.ts';
import { dispatchedRow, MemorySubtask } from '../support/memory-subtask.ts';
import { eventOf, HERE, workerWorld } from './agent-world.ts';

const BEAT_MS = HEARTBEAT_INTERVAL_SECONDS * 1000;
const DONE = { result: { action: 'fence' as const }, work: [] };
const event = eventOf('fence');

/** Works until it is stopped. */
const endless: Procedure<'fence'> = ({ signal }) =>
  new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason));
  });

describe('a worker', () => {
  test('settles the row and then the token with a small output', async () => {
    const { start, row, token } = workerWorld(new ManualClock());
    await expect(start(async () => DONE, event)).resolves.toBe('succeeded');
    expect(row).toMatchObject({ state: 'succeeded', result: DONE.result });
    expect(token.answers).toEqual([{ provider: 'contacts', location: HERE, status: 'succeeded' }]);
  });

  test('does nothing when its attempt was delivered before', async () => {
    const { start, token, row } = workerWorld(new ManualClock());
    await start(async () => DONE, event, 'first');
    let worked = false;
    const second = start(
      async () => {
        worked = true;
        return DONE;
      },
      event,
      'second',
    );
    await expect(second).resolves.toBe('superseded');
    expect(worked).toBe(false);
    expect(token.answers).toHaveLength(1);
    expect(row.worker).toBe('first');
  });

  test('does the work once when an event is delivered twice at the same time', async () => {
    const { start, token } = workerWorld(new ManualClock());
    let worked = 0;
    const procedure = async () => {
      worked += 1;
      await rest(2);
      return DONE;
    };
    const ends = await Promise.all([start(procedure, event, 'a'), start(procedure, event, 'b')]);
    expect(ends.sort()).toEqual(['succeeded', 'superseded']);
    expect(worked).toBe(1);
    expect(token.answers).toHaveLength(1);
  });

  test('beats at once and at every interval, and writes its progress beside', async () => {
    const clock = new ManualClock();
    const { start, row, token } = workerWorld(clock);
    const { promise, resolve } = Promise.withResolvers<void>();
    const ended = start(async ({ advance }) => {
      advance(7, 1);
      await promise;
      return DONE;
    }, event);
    await rest();
    expect(token.beats).toBe(1);
    await clock.advance(BEAT_MS);
    expect(token.beats).toBe(2);
    expect(row.progress).toEqual({ bytes: 7, parts: 1 });
    resolve();
    await expect(ended).resolves.toBe('succeeded');
  });

  test('stops within one beat when its token is settled, and tells nobody but the row', async () => {
    const clock = new ManualClock();
    const { start, row, token } = workerWorld(clock);
    const ended = start(endless, event);
    await rest();
    token.settled = true;
    await clock.advance(BEAT_MS);
    await expect(ended).resolves.toBe('settled');
    expect(token.answers).toEqual([]);
    expect(row).toMatchObject({ state: 'failed', error: 'SubtaskSuperseded' });
  });

  test('ends at once when its event comes after the token was settled', async () => {
    const { start, token } = workerWorld(new ManualClock());
    token.settled = true;
    await expect(start(endless, event)).resolves.toBe('settled');
  });

  test('stops within one beat when another attempt was dispatched, and leaves its row alone', async () => {
    const clock = new ManualClock();
    const { start, row, token } = workerWorld(clock);
    const ended = start(endless, event);
    await rest();
    Object.assign(row, dispatchedRow(2), { worker: undefined });
    await clock.advance(BEAT_MS);
    await expect(ended).resolves.toBe('superseded');
    expect(row).toMatchObject({ state: 'dispatched', attempt: 2 });
    expect(token.answers).toEqual([]);
  });

  test('a result of a superseded attempt is neither recorded nor told', async () => {
    const { start, row, token } = workerWorld(new ManualClock());
    const end = start(async () => {
      Object.assign(row, dispatchedRow(2));
      return DONE;
    }, event);
    await expect(end).resolves.toBe('superseded');
    expect(row.result).toBeUndefined();
    expect(token.answers).toEqual([]);
  });

  test('tells a named failure to the row and the token', async () => {
    const { start, row, token } = workerWorld(new ManualClock());
    const end = start(() => Promise.reject(problem('ChecksumMismatch')), event);
    await expect(end).resolves.toBe('failed');
    const told = { error: 'ChecksumMismatch', cause: 'Wrong. True. Do.' };
    expect(row).toMatchObject({ state: 'failed', ...told });
    expect(token.answers).toEqual([told]);
  });

  test('tells an unnamed failure without its message, which may hold anything', async () => {
    const { start, token } = workerWorld(new ManualClock());
    await start(() => Promise.reject(new TypeError('alice@example.com')), event);
    expect(JSON.stringify(token.answers)).toMatch(/WorkerFailed.*TypeError/);
    expect(JSON.stringify(token.answers)).not.toContain('alice');
  });

  test('stops before the function is killed, and says so', async () => {
    const clock = new ManualClock();
    const { start, token } = workerWorld(clock, 60_000);
    const ended = start(endless, event);
    await clock.advance(60_000 - DEADLINE_MARGIN_SECONDS * 1000);
    await expect(ended).resolves.toBe('failed');
    expect(token.answers).toMatchObject([{ error: 'WorkerFailed' }]);
  });

  test('goes on when a heartbeat does not get through', async () => {
    const clock = new ManualClock();
    const { start, token, lines } = workerWorld(clock);
    const heartbeat = token.heartbeat.bind(token);
    token.heartbeat = () => Promise.reject(new Error('network'));
    const { promise, resolve } = Promise.withResolvers<void>();
    const ended = start(async () => {
      await promise;
      return DONE;
    }, event);
    await clock.advance(BEAT_MS);
    token.heartbeat = heartbeat;
    await clock.advance(BEAT_MS);
    expect(lines).toContain('A heartbeat did not get through.');
    resolve();
    await expect(ended).resolves.toBe('succeeded');
  });

  test('tells the token even when the row can not be reached', async () => {
    const { start, token } = workerWorld(new ManualClock());
    const { fail } = MemorySubtask.prototype;
    MemorySubtask.prototype.fail = () => Promise.reject(new Error('DynamoDB is out'));
    const end = await start(() => Promise.reject(problem('KeyConflict')), event);
    MemorySubtask.prototype.fail = fail;
    expect(end).toBe('failed');
    expect(token.answers).toMatchObject([{ error: 'KeyConflict' }]);
  });
});
