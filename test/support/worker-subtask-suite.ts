import { beforeEach, describe, expect, test } from '@jest/globals';
import type { WorkerSubtask } from '../../core/ports.ts';

/** A row as the suite needs to see it. */
export interface SeenRow {
  readonly state: string;
  readonly attempt: number;
  readonly token?: unknown;
  readonly ttl?: unknown;
  readonly progress?: unknown;
  readonly result?: unknown;
  readonly work?: unknown;
  readonly error?: unknown;
  readonly cause?: unknown;
}

export interface SubtaskWorld {
  /** Writes the row of an attempt anew, as dispatch does. */
  dispatch(attempt: number): Promise<void>;
  worker(attempt: number, worker: string): WorkerSubtask;
  row(): Promise<SeenRow>;
}

const SUPERSEDED = { name: 'SubtaskSuperseded' };

/** What every WorkerSubtask must do. Run by each implementation. */
export function workerSubtaskSuite(name: string, start: () => Promise<SubtaskWorld>): void {
  describe(`the subtask's row, ${name}`, () => {
    let world: SubtaskWorld;
    beforeEach(async () => {
      world = await start();
      await world.dispatch(1);
    });

    test('a worker takes a dispatched attempt', async () => {
      await world.worker(1, 'a').begin();
      expect(await world.row()).toMatchObject({ state: 'running', attempt: 1 });
    });

    test('a doubled delivery of the same attempt is refused', async () => {
      await world.worker(1, 'a').begin();
      await expect(world.worker(1, 'b').begin()).rejects.toMatchObject(SUPERSEDED);
    });

    test('a repeat by the same worker, whose answer was lost, is fine', async () => {
      const worker = world.worker(1, 'a');
      await worker.begin();
      await worker.begin();
      await worker.succeed({ action: 'fence' }, []);
      await worker.succeed({ action: 'fence' }, []);
      expect(await world.row()).toMatchObject({ state: 'succeeded' });
    });

    test('an attempt that was never dispatched, and one of the past, are refused', async () => {
      await expect(world.worker(2, 'a').begin()).rejects.toMatchObject(SUPERSEDED);
      await world.dispatch(2);
      await expect(world.worker(1, 'a').begin()).rejects.toMatchObject(SUPERSEDED);
    });

    test('a worker whose attempt was replaced can neither confirm, report nor settle', async () => {
      const old = world.worker(1, 'a');
      await old.begin();
      await world.dispatch(2);
      await expect(old.confirm()).rejects.toMatchObject(SUPERSEDED);
      await expect(old.progress({ bytes: 1, parts: 0 })).rejects.toMatchObject(SUPERSEDED);
      await expect(old.succeed({ action: 'fence' }, [])).rejects.toMatchObject(SUPERSEDED);
      await expect(old.fail('WorkerFailed', 'cause')).rejects.toMatchObject(SUPERSEDED);
      await world.worker(2, 'b').begin();
      await expect(old.confirm()).rejects.toMatchObject(SUPERSEDED);
      expect(await world.row()).toMatchObject({ state: 'running', attempt: 2 });
    });

    test('success leaves the result, the work and an expiry, and no token', async () => {
      const worker = world.worker(1, 'a');
      await worker.begin();
      await worker.progress({ bytes: 7, parts: 1 });
      const work = [
        { kind: 'stream' as const, from: '2026-01-01T00:00:00.000Z', to: '2026-01-01T00:00:01.000Z' },
      ];
      await worker.succeed({ action: 'drain', watermark: 'w', polls: 2 }, work);
      const row = await world.row();
      expect(row).toMatchObject({
        state: 'succeeded',
        result: { action: 'drain', watermark: 'w', polls: 2 },
        work,
        progress: { bytes: 7, parts: 1 },
      });
      expect(row.ttl).toEqual(expect.any(Number));
      expect(row.token).toBeUndefined();
    });

    test('failure leaves the error and its cause; a settled row is not settled otherwise', async () => {
      const worker = world.worker(1, 'a');
      await worker.begin();
      await worker.fail('ChecksumMismatch', 'Three sentences.');
      await expect(worker.succeed({ action: 'fence' }, [])).rejects.toMatchObject(SUPERSEDED);
      const row = await world.row();
      expect(row).toMatchObject({ state: 'failed', error: 'ChecksumMismatch', cause: 'Three sentences.' });
      expect(row.token).toBeUndefined();
    });
  });
}
