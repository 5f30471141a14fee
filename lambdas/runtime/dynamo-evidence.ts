import { randomUUID } from 'node:crypto';
import {
  CleanupDue,
  DebtRecord,
  DiscardDue,
  type DueKind,
  type DueRecord,
  ExpireDue,
  keys,
  type LogRecord,
  SettleDue,
} from '@tanker/contract/index.ts';
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

  async list(company: string): Promise<DebtRecord[]> {
    const debts = await this.#table.list(keys.debts(company), DebtRecord);
    return debts.filter(({ settledAt }) => settledAt === undefined);
  }

  async record(debt: DebtRecord): Promise<void> {
    await this.#table.put(keys.debt(debt.company, debt.location, debt.provider), debt, {
      expression: 'attribute_not_exists(pk) OR #epoch <= :epoch',
      values: { epoch: debt.epoch },
    });
  }
}

const DUE_SCHEMAS = {
  cleanup: CleanupDue,
  'settle-debts': SettleDue,
  'discard-exports': DiscardDue,
  'expire-backup': ExpireDue,
} as const satisfies Record<DueKind, unknown>;
type Due<D extends DueKind> = Extract<DueRecord, { due: D }>;

/** What is due later, a queue for each kind in the order of time. */
export class DynamoDueDates implements DueDates {
  readonly #table: RecordTable;

  constructor(table: RecordTable) {
    this.#table = table;
  }

  async schedule(due: DueRecord): Promise<void> {
    await this.#table.put(keys.due(due.due, due.at, due.task), due);
  }

  all<D extends DueKind>(due: D): Promise<Due<D>[]> {
    return this.#table.list(keys.dues(due), DUE_SCHEMAS[due]) as Promise<Due<D>[]>;
  }

  async ofCompany<D extends DueKind>(due: D, company: string): Promise<Due<D>[]> {
    return (await this.all(due)).filter((one) => one.company === company);
  }

  async come<D extends DueKind>(due: D, now: Date): Promise<{ dues: Due<D>[]; unreadable: string[] }> {
    // Sort keys are `<instant>#<task>`, and "~" stands behind "#": every task of this very instant is among them.
    const at = { pk: keys.dues(due).pk, last: `${now.toISOString()}~` };
    const { records, unreadable } = await this.#table.upTo(at, DUE_SCHEMAS[due]);
    return { dues: records as Due<D>[], unreadable: unreadable.map(({ pk, sk }) => `${pk} ${sk}`) };
  }

  remove(due: DueRecord): Promise<void> {
    return this.#table.remove(keys.due(due.due, due.at, due.task));
  }
}
