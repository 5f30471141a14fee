import { describe, expect, test } from '@jest/globals';
import {
  type HookName,
  type SubtaskRecord,
  type TransferWork,
  WORKER_BEAT_SECONDS,
} from '@tanker/contract/index.ts';
import { awaitSubtask } from '../../core/agent/await-subtask.ts';
import { launch } from '../../core/agent/launch.ts';
import { howItStopped, reportStopped } from '../../core/agent/report-stopped.ts';

const WORK: TransferWork = {
  task: 'move-1',
  company: 'acme',
  epoch: 3,
  holder: 'move-1/move-1',
  phase: 'export',
  action: 'export',
  provider: 'deals',
  location: { datacenter: 'us', server: 'db1' },
  worker: 'a'.repeat(32),
};
const { worker, holder, ...AT } = WORK;
const DISPATCHED: SubtaskRecord = {
  kind: 'subtask',
  state: 'dispatched',
  ...AT,
  attempt: 2,
  dispatchedAt: '2026-03-01T10:00:00.000Z',
  token: 'token-2',
  order: {
    holder,
    incarnation: 'one',
    version: 4,
    hooks: ['before-export'],
    grant: 7,
    retention: 'backup-30',
    worker,
  },
};
const RUNNING: SubtaskRecord = {
  ...DISPATCHED,
  state: 'running',
  worker: `${worker}-1234`,
  startedAt: '2026-03-01T10:00:01.000Z',
};

/** A table row and a clock that only moves when somebody sleeps. */
function waitingWorld(subtaskAt: (seconds: number) => SubtaskRecord | undefined, openUntil = 1e9) {
  let milliseconds = 0;
  const said: string[] = [];
  const waiting = {
    work: WORK,
    clock: {
      now: () => new Date(milliseconds),
      sleep: async (pause: number) => {
        milliseconds += pause;
      },
    },
    longestSeconds: 60,
    row: {
      subtask: async () => subtaskAt(milliseconds / 1000),
      isTaskOpen: async () => milliseconds / 1000 < openUntil,
      waiting: async () => void said.push('waiting'),
      taken: async () => void said.push('taken'),
      stopped: async (how: string) => void said.push(`stopped: ${how}`),
    },
    check: async () => void said.push('checked'),
    log: () => {},
  };
  return { waiting, said, seconds: () => milliseconds / 1000 };
}

describe('a Fargate worker', () => {
  test('takes the subtask with the attempt and token that dispatch wrote, under the epoch it was started with', async () => {
    const { waiting, said } = waitingWorld((seconds) => (seconds < 12 ? undefined : DISPATCHED));
    expect(await awaitSubtask(waiting)).toEqual({
      ...AT,
      holder,
      incarnation: 'one',
      version: 4,
      hooks: ['before-export'],
      grant: 7,
      retention: 'backup-30',
      attempt: 2,
      token: 'token-2',
    });
    expect(said).toEqual(['checked', 'waiting', 'waiting', 'waiting']);
  });

  test('of a restore imports what its order names, of the task that made the backup', async () => {
    const manifest = { bucket: 'b', region: 'us-east-1', key: 'k', etag: '"e"', sha256: '0'.repeat(64) };
    const exported = { task: 'backup-1', epoch: 2 };
    const hooks: HookName[] = ['before-import', 'after-import'];
    const at = { ...AT, phase: 'import', action: 'import' } as const;
    const order = { holder, incarnation: 'one', version: 5, hooks, manifest, exported, worker };
    const { waiting } = waitingWorld(() => ({ ...DISPATCHED, ...at, order }));
    const event = await awaitSubtask({ ...waiting, work: { ...WORK, ...at } });
    expect(event).toMatchObject({ ...at, manifest, exported, hooks, version: 5, attempt: 2 });
  });

  test('that finds its subtask dispatched already says nothing and asks nobody', async () => {
    const { waiting, said } = waitingWorld(() => DISPATCHED);
    expect(await awaitSubtask(waiting)).toMatchObject({ attempt: 2 });
    expect(said).toEqual([]);
  });

  test.each([
    ['another worker runs it', RUNNING],
    ['a function was dispatched to', { ...DISPATCHED, order: undefined }],
    ['another holder dispatched it', { ...DISPATCHED, order: { ...DISPATCHED.order, holder: 'x/y' } }],
  ])('ends when %s', async (_, row) => {
    expect(await awaitSubtask(waitingWorld(() => row as SubtaskRecord).waiting)).toBeUndefined();
  });

  test('ends within a beat when the task has ended, and gives up after its longest wait', async () => {
    const closed = waitingWorld(() => undefined, 8);
    expect(await awaitSubtask(closed.waiting)).toBeUndefined();
    expect(closed.seconds()).toBeLessThanOrEqual(8 + WORKER_BEAT_SECONDS);
    const forgotten = waitingWorld(() => undefined);
    expect(await awaitSubtask(forgotten.waiting)).toBeUndefined();
    expect(forgotten.seconds()).toBeGreaterThan(60);
  });

  test('that can’t reach its provider never says that it waits', async () => {
    const { waiting, said } = waitingWorld(() => undefined);
    const check = () => Promise.reject(new Error('no way there'));
    await expect(awaitSubtask({ ...waiting, check })).rejects.toThrow('no way there');
    expect(said).toEqual([]);
  });
});

describe('launch', () => {
  test('beats for a worker that starts, until that has taken the subtask', async () => {
    const { waiting } = waitingWorld((seconds) => (seconds < 12 ? DISPATCHED : RUNNING));
    let beats = 0;
    const heartbeat = async () => {
      beats += 1;
      return 'alive' as const;
    };
    const token = { heartbeat, succeed: async () => {}, fail: async () => {} };
    expect(await launch({ ...waiting, run: async () => 'arn' }, WORK, token)).toBe('arn');
    expect(beats).toBe(3);
  });

  test('stops beating when the token is settled, and when another worker is expected', async () => {
    const settled = {
      heartbeat: async () => 'settled' as const,
      succeed: async () => {},
      fail: async () => {},
    };
    const { waiting, seconds } = waitingWorld(() => DISPATCHED);
    await launch({ ...waiting, run: async () => 'arn' }, WORK, settled);
    expect(seconds()).toBe(0);
    const other = waitingWorld(() => ({
      ...DISPATCHED,
      order: { holder, incarnation: 'one', version: 4, hooks: [], worker: 'b'.repeat(32) },
    }));
    await launch({ ...other.waiting, run: async () => 'arn' }, WORK, settled);
    expect(other.seconds()).toBe(0);
  });
});

describe('a stopped task', () => {
  const report = async (row: SubtaskRecord | undefined) => {
    const failed: string[] = [];
    const failing = (text: string) => ({
      fail: async (error: string, cause: string) => void failed.push(`${text} ${error} ${cause}`),
    });
    const lost = (token: string) => ({
      ...{ subtask: failing('row'), token: failing(token) },
      logError: () => undefined,
    });
    const { waiting, said } = waitingWorld(() => row);
    const done = await reportStopped({ row: waiting.row, lost }, WORK, 'OutOfMemoryError');
    return { done, failed, said };
  };

  test.each([
    ['that ran its subtask', RUNNING],
    ['that was expected to take it', DISPATCHED],
  ])('%s fails row and token with the reason', async (_, row) => {
    const { done, failed, said } = await report(row);
    expect(done).toBe('failed');
    expect(failed).toEqual([
      expect.stringMatching(/^row WorkerFailed .*OutOfMemoryError/),
      expect.stringMatching(/^token-2 WorkerFailed .*OutOfMemoryError/),
    ]);
    expect(said).toEqual(['stopped: OutOfMemoryError']);
  });

  test.each([
    ['settled', { ...RUNNING, state: 'failed', token: undefined }],
    ['another worker’s', { ...RUNNING, worker: 'another' }],
    ['not dispatched yet', undefined],
  ])('leaves a subtask alone that is %s', async (_, row) => {
    expect(await report(row as SubtaskRecord | undefined)).toMatchObject({ failed: [] });
  });

  test('is told in ECS’s words', () => {
    const detail = {
      taskArn: 'arn',
      lastStatus: 'STOPPED' as const,
      stopCode: 'TaskFailedToStart',
      stoppedReason: 'CannotPullContainerError: no such image',
      overrides: { containerOverrides: [] },
      containers: [{ name: 'transfer' }],
    };
    expect(howItStopped({ detail })).toBe('TaskFailedToStart, CannotPullContainerError: no such image');
  });
});
