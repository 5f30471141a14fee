import { keys, TankerError, TaskRecord } from '@tanker/contract/index.ts';
import type { Actor, OpenTaskRecord, TaskChanges, TaskEnd, Tasks } from '../../core/ports.ts';
import { type RecordTable, ttlAfter } from './dynamo-record.ts';

const closed = (task: string): TankerError =>
  new TankerError('TaskClosed', {
    what: `Task "${task}" has ended, or another execution has taken it over.`,
    now: 'This execution may change nothing any more.',
    next: "Look at the task's record and log; the execution that holds it is named there.",
  });

/** The tasks' records, one row each. */
export class DynamoTasks implements Tasks {
  readonly #table: RecordTable;
  readonly #now: () => Date;
  readonly #recordDays: number;

  constructor(table: RecordTable, now: () => Date, recordDays: number) {
    this.#table = table;
    this.#now = now;
    this.#recordDays = recordDays;
  }

  get(task: string): Promise<TaskRecord | undefined> {
    return this.#table.get(keys.task(task), TaskRecord);
  }

  async create(record: OpenTaskRecord): Promise<{ created: boolean; record: TaskRecord }> {
    const created = await this.#table.put(keys.task(record.task), record, {
      expression: 'attribute_not_exists(pk)',
    });
    if (created) return { created, record };
    const existing = await this.get(record.task);
    if (existing) return { created, record: existing };
    throw closed(record.task);
  }

  async takeOver(task: string, by: { epoch: number; holder: string }, changes: TaskChanges): Promise<void> {
    const done = await this.#table.update(
      keys.task(task),
      { set: { ...changes, ...by } },
      {
        expression: '#state = :open AND (#epoch < :by OR (#epoch = :by AND #holder = :holder))',
        values: { open: 'open', by: by.epoch, holder: by.holder },
      },
    );
    if (!done) throw closed(task);
  }

  async advance(actor: Actor, changes: TaskChanges): Promise<void> {
    const done = await this.#table.update(
      keys.task(actor.task),
      { set: changes },
      {
        expression: '#state = :open AND #epoch = :epoch AND #holder = :holder',
        values: { open: 'open', epoch: actor.epoch, holder: actor.holder },
      },
    );
    if (!done) throw closed(actor.task);
  }

  async countRecovery(task: string): Promise<number | undefined> {
    const counted = await this.#table.update(
      keys.task(task),
      { set: {}, add: { recoveries: 1 } },
      { expression: '#state = :open', values: { open: 'open' } },
    );
    return counted ? (await this.get(task))?.recoveries : undefined;
  }

  async close(actor: Pick<Actor, 'task' | 'epoch'> & { holder: string | null }, end: TaskEnd): Promise<void> {
    const now = this.#now();
    const done = await this.#table.update(
      keys.task(actor.task),
      {
        set: {
          ...end,
          state: 'closed',
          closedAt: now.toISOString(),
          ttl: ttlAfter(now, this.#recordDays),
        },
      },
      {
        expression: '#state = :open AND #epoch = :epoch AND #holder = :holder',
        values: { open: 'open', epoch: actor.epoch, holder: actor.holder },
      },
    );
    if (done) return;
    const record = await this.get(actor.task);
    const mine = record?.state === 'closed' && record.epoch === actor.epoch && record.holder === actor.holder;
    if (!mine) throw closed(actor.task);
  }
}
