import { keys, type TransferWork, WorkerRecord } from '@tanker/contract/index.ts';
import type { TransferSubtask, Workers } from '../../core/ports.ts';
import { type RecordTable, ttlAfter } from './dynamo-record.ts';

/** The control side of the rows of Fargate workers that were started ahead of their subtasks. */
export class DynamoWorkers implements Workers {
  readonly #table: RecordTable;
  readonly #now: () => Date;
  readonly #recordDays: number;

  constructor(table: RecordTable, now: () => Date, recordDays: number) {
    this.#table = table;
    this.#now = now;
    this.#recordDays = recordDays;
  }

  list(task: string): Promise<WorkerRecord[]> {
    return this.#table.list(keys.workers(task), WorkerRecord);
  }

  get(at: Pick<TransferWork, 'task' | 'epoch'> & TransferSubtask): Promise<WorkerRecord | undefined> {
    return this.#table.get(keys.worker(at), WorkerRecord);
  }

  async launched(work: TransferWork): Promise<void> {
    const now = this.#now();
    const record: WorkerRecord = {
      kind: 'worker',
      state: 'launched',
      task: work.task,
      epoch: work.epoch,
      phase: work.phase,
      action: work.action,
      provider: work.provider,
      location: work.location,
      worker: work.worker,
      launchedAt: now.toISOString(),
      ttl: ttlAfter(now, this.#recordDays),
    };
    await this.#table.put(keys.worker(work), record, { expression: 'attribute_not_exists(pk)' });
  }
}
