import { ClaimRecord, keys, TankerError } from '@tanker/contract/index.ts';
import { taskClosed } from '../../core/control/records.ts';
import type { ClaimOrder, Claims } from '../../core/ports.ts';
import type { Condition, RecordTable } from './dynamo-record.ts';

/** Two writers of one row are rare; each loser reads again. More losses than this mean something else is wrong. */
const WRITE_ATTEMPTS = 10;

/** The row must still be exactly what was read. */
const unchanged = (seen: ClaimRecord | undefined): Condition =>
  seen === undefined
    ? { expression: 'attribute_not_exists(pk)' }
    : {
        expression: '#epoch = :seenEpoch AND #state = :seenState AND #holder = :seenHolder',
        values: { seenEpoch: seen.epoch, seenState: seen.state, seenHolder: seen.holder },
      };

/** Holds on companies, one row each, by single conditional writes. The table is the one place that issues epochs. */
export class DynamoClaims implements Claims {
  readonly #table: RecordTable;
  readonly #now: () => Date;

  constructor(table: RecordTable, now: () => Date) {
    this.#table = table;
    this.#now = now;
  }

  read(company: string): Promise<ClaimRecord | undefined> {
    return this.#table.get(keys.claim(company), ClaimRecord);
  }

  async take(order: ClaimOrder & { over?: string; seen?: number }): Promise<number> {
    const epoch = await this.#write(order, (seen) => {
      // Held for this task by another holder: a recovery has it, and nothing is taken back from a recovery.
      if (seen?.state === 'held' && seen.task === order.task) throw taskClosed(order.task);
      if (order.seen !== undefined && (seen?.epoch ?? 0) !== order.seen) throw heldMeanwhile(order.company);
      if (seen?.state !== 'held' || seen.task === order.over) return;
      throw new TankerError('CompanyBusy', {
        what: `Company "${order.company}" is held by task "${seen.task}".`,
        now: 'Nothing was touched; that task goes on.',
        next: `Wait until task "${seen.task}" has ended, then start again under a new task id.`,
      });
    });
    return epoch as number;
  }

  retake(order: ClaimOrder): Promise<number | undefined> {
    return this.#write(order, (seen) =>
      seen?.state === 'held' && seen.task === order.task ? undefined : 'leave',
    );
  }

  async release(company: string, task: string): Promise<void> {
    for (let attempt = 0; attempt < WRITE_ATTEMPTS; attempt += 1) {
      const seen = await this.read(company);
      if (seen?.state !== 'held' || seen.task !== task) return;
      const free: ClaimRecord = {
        kind: 'claim',
        state: 'free',
        company,
        epoch: seen.epoch,
        holder: seen.holder,
        since: this.#now().toISOString(),
      };
      // Unchanged, for a recovery may have raised the epoch: a lower one would be given out twice.
      if (await this.#table.put(keys.claim(company), free, unchanged(seen))) return;
    }
    throw contended(company, 'released');
  }

  /** Asks itself "do I already hold it?" before it takes, so that a lost answer does not cost an epoch or the task. */
  async #write(
    order: ClaimOrder,
    check: (seen: ClaimRecord | undefined) => 'leave' | undefined,
  ): Promise<number | undefined> {
    for (let attempt = 0; attempt < WRITE_ATTEMPTS; attempt += 1) {
      const seen = await this.read(order.company);
      if (seen?.state === 'held' && seen.holder === order.holder) return seen.epoch;
      if (check(seen) === 'leave') return undefined;
      const held: ClaimRecord = {
        kind: 'claim',
        state: 'held',
        company: order.company,
        epoch: Math.max(seen?.epoch ?? 0, order.reported) + 1,
        holder: order.holder,
        task: order.task,
        since: this.#now().toISOString(),
      };
      if (await this.#table.put(keys.claim(order.company), held, unchanged(seen))) return held.epoch;
    }
    throw contended(order.company, 'taken');
  }
}

const heldMeanwhile = (company: string): TankerError =>
  new TankerError('CompanyBusy', {
    what: `Another task has held company "${company}" since this one was opened, so what the providers have told may be old.`,
    now: 'Nothing was touched.',
    next: 'Start again under a new task id, which asks them anew.',
  });

const contended = (company: string, how: 'taken' | 'released'): TankerError =>
  new TankerError('InternalFailure', {
    what: `The row of company "${company}" changed ${WRITE_ATTEMPTS} times while it was to be ${how}.`,
    now: 'This execution did not change it.',
    next: 'Look who else writes the row if this goes on; the state machine tries again.',
  });
