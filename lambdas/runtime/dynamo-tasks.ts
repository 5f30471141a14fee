import { keys, OPEN_ATTRIBUTE, OPEN_TASKS_INDEX, OPEN_VALUE, TaskRecord } from '@tanker/contract/index.ts';
import { taskClosed } from '../../core/control/records.ts';
import type { Actor, OpenTaskRecord, TaskChanges, TaskEnd, Tasks } from '../../core/ports.ts';
import { type RecordTable, ttlAfter } from './dynamo-record.ts';

const TASK_PREFIX = keys.task('').pk;

/** The tasks' records, one row each; an open one stands in the index of open tasks too. */
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
    const indexed = { ...record, [OPEN_ATTRIBUTE]: OPEN_VALUE };
    const created = await this.#table.put(keys.task(record.task), indexed, {
      expression: 'attribute_not_exists(pk)',
    });
    if (created) return { created, record };
    const existing = await this.get(record.task);
    if (existing) return { created, record: existing };
    throw taskClosed(record.task);
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
    if (!done) throw taskClosed(task);
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
    if (!done) throw taskClosed(actor.task);
  }

  async listOpen(): Promise<string[]> {
    const found = await this.#table.indexed({
      index: OPEN_TASKS_INDEX,
      attribute: OPEN_ATTRIBUTE,
      value: OPEN_VALUE,
    });
    return found.map(({ pk }) => pk.slice(TASK_PREFIX.length));
  }

  async countRecovery(
    task: string,
    recovery: { name: string; at: string },
    unlessSince?: string,
  ): Promise<number | undefined> {
    const rested = '(attribute_not_exists(#lastRecovery) OR #lastRecovery.#at < :since)';
    const counted = await this.#table.update(
      keys.task(task),
      { set: { lastRecovery: recovery }, add: { recoveries: 1 } },
      {
        expression: `#state = :open${unlessSince === undefined ? '' : ` AND ${rested}`}`,
        values: { open: 'open', ...(unlessSince === undefined ? {} : { since: unlessSince }) },
      },
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
        // A removal is closed only when nothing is left.
        remove: [OPEN_ATTRIBUTE, 'incomplete'],
      },
      {
        expression: '#state = :open AND #epoch = :epoch AND #holder = :holder',
        values: { open: 'open', epoch: actor.epoch, holder: actor.holder },
      },
    );
    if (done) return;
    const record = await this.get(actor.task);
    const mine = record?.state === 'closed' && record.epoch === actor.epoch && record.holder === actor.holder;
    if (!mine) throw taskClosed(actor.task);
  }
}
