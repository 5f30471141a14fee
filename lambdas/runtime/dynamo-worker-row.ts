import { keys, SubtaskRecord, type TransferWork } from '@tanker/contract/index.ts';
import { z } from 'zod';
import type { WorkerRow } from '../../core/ports.ts';
import { type RecordTable, ttlAfter } from './dynamo-record.ts';

/** What of a task's record says who acts for it. */
const TaskHold = z.object({ state: z.string(), epoch: z.int(), holder: z.string().nullable() });

export interface WorkerRowAt {
  readonly table: RecordTable;
  readonly work: TransferWork;
  /** Days for which the row is kept. */
  readonly recordDays: number;
  readonly now?: () => Date;
}

/** Core's WorkerRow on the table. A row that another start of the same subtask has written is that one's, and stays. */
export function dynamoWorkerRow({ table, work, recordDays, now = () => new Date() }: WorkerRowAt): WorkerRow {
  const key = keys.worker(work);
  const mine = { worker: work.worker };
  const { task, company: _, holder: __, ...identity } = work;
  return {
    subtask: () => table.get(keys.subtask(work), SubtaskRecord),
    async isTaskOpen() {
      const record = await table.get(keys.task(task), TaskHold);
      return record?.state === 'open' && record.epoch === work.epoch && record.holder === work.holder;
    },
    async waiting() {
      const at = now();
      const shown = { state: 'waiting', beatAt: at.toISOString() };
      const beaten = await table.update(
        key,
        { set: shown },
        { expression: '#worker = :worker', values: mine },
      );
      if (beaten) return;
      // Faster than the note of its start.
      await table.put(
        key,
        {
          kind: 'worker',
          task,
          ...identity,
          ...shown,
          launchedAt: at.toISOString(),
          ttl: ttlAfter(at, recordDays),
        },
        { expression: 'attribute_not_exists(pk)' },
      );
    },
    async taken() {
      await table.update(key, { set: { state: 'taken' } }, { expression: '#worker = :worker', values: mine });
    },
    async stopped(how) {
      await table.update(
        key,
        { set: { state: 'stopped', stopped: how } },
        {
          expression: '#worker = :worker AND #state <> :taken',
          values: { ...mine, taken: 'taken' },
        },
      );
    },
  };
}
