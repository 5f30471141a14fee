import {
  formatLocation,
  keys,
  MAX_CAUSE_IN_RESULT,
  MAX_ERROR_CHARACTERS,
  SubtaskRecord,
  TankerError,
} from '@tanker/contract/index.ts';
import type { Dispatches, SubtaskAt, Subtasks } from '../../core/ports.ts';
import { type RecordTable, ttlAfter } from './dynamo-record.ts';

/** The control side of the subtasks' rows: written when dispatched, read when verified. */
export class DynamoSubtasks implements Subtasks, Dispatches {
  readonly #table: RecordTable;
  readonly #now: () => Date;
  readonly #recordDays: number;

  constructor(table: RecordTable, now: () => Date, recordDays: number) {
    this.#table = table;
    this.#now = now;
    this.#recordDays = recordDays;
  }

  get(at: SubtaskAt): Promise<SubtaskRecord | undefined> {
    return this.#table.get(keys.subtask(at), SubtaskRecord);
  }

  describes(task: string): Promise<SubtaskRecord[]> {
    return this.#table.list(keys.describes(task), SubtaskRecord);
  }

  list(task: string): Promise<SubtaskRecord[]> {
    return this.#table.between(keys.claimedSubtasks(task), SubtaskRecord);
  }

  async end(subtask: SubtaskRecord, error: string, cause: string): Promise<void> {
    const at = this.#now();
    const ended = {
      state: 'failed',
      endedAt: at.toISOString(),
      error: error.slice(0, MAX_ERROR_CHARACTERS),
      cause: cause.slice(0, MAX_CAUSE_IN_RESULT),
      ttl: ttlAfter(at, this.#recordDays),
    };
    await this.#table.update(
      keys.subtask(subtask),
      { set: ended, remove: ['token'] },
      {
        expression: '#attempt = :attempt AND #state IN (:dispatched, :running)',
        values: { attempt: subtask.attempt, dispatched: 'dispatched', running: 'running' },
      },
    );
  }

  async dispatch(
    record: Extract<SubtaskRecord, { state: 'dispatched' }>,
  ): Promise<'dispatched' | 'under-way'> {
    const written = await this.#table.put(keys.subtask(record), record, {
      expression:
        'attribute_not_exists(pk) OR #attempt < :attempt OR (#attempt = :attempt AND #token = :token AND #state = :state)',
      values: { attempt: record.attempt, token: record.token, state: 'dispatched' },
    });
    if (written) return 'dispatched';
    const found = await this.#table.get(keys.subtask(record), SubtaskRecord);
    // Settling removes the token. The attempt alone names the one that was settled: it is counted up with each token.
    const same = found?.attempt === record.attempt && (found.token ?? record.token) === record.token;
    if (same) return 'under-way';
    throw new TankerError('SubtaskSuperseded', {
      what: `The ${record.action} of ${record.provider} at ${formatLocation(record.location)} has an attempt above ${record.attempt}, or this one is under way.`,
      now: 'No worker was started by this call.',
      next: 'Nothing: the attempt on record settles the subtask.',
    });
  }
}
