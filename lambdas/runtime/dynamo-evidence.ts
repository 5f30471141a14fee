import { randomUUID } from 'node:crypto';
import { DebtRecord, type DueRecord, keys, type LogRecord } from '@tanker/contract/index.ts';
import type { Debts, DueDates, Log } from '../../core/ports.ts';
import { type RecordTable, ttlAfter } from './dynamo-record.ts';

/** The log of a task: a row a line, in the order of time. */
export class DynamoLog implements Log {
  readonly #table: RecordTable;
  readonly #now: () => Date;
  readonly #recordDays: number;

  constructor(table: RecordTable, now: () => Date, recordDays: number) {
    this.#table = table;
    this.#now = now;
    this.#recordDays = recordDays;
  }

  async write(line: Omit<LogRecord, 'kind' | 'at' | 'ttl'>): Promise<void> {
    const now = this.#now();
    const at = now.toISOString();
    const record: LogRecord = { kind: 'log', ...line, at, ttl: ttlAfter(now, this.#recordDays) };
    await this.#table.put(keys.log(line.task, at, randomUUID().slice(0, 8)), record);
  }
}

/** What could not be erased, a row for each location and provider of a company. */
export class DynamoDebts implements Debts {
  readonly #table: RecordTable;

  constructor(table: RecordTable) {
    this.#table = table;
  }

  list(company: string): Promise<DebtRecord[]> {
    return this.#table.list(keys.debts(company), DebtRecord);
  }

  async record(debt: DebtRecord): Promise<void> {
    await this.#table.put(keys.debt(debt.company, debt.location, debt.provider), debt);
  }
}

/** What is due later, in the order of time. */
export class DynamoDueDates implements DueDates {
  readonly #table: RecordTable;

  constructor(table: RecordTable) {
    this.#table = table;
  }

  async schedule(due: DueRecord): Promise<void> {
    await this.#table.put(keys.due(due.at, due.due, due.task), due);
  }
}
