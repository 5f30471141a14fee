import {
  type BackupRecord,
  CompanyId,
  type DebtRecord,
  type FallbackRecord,
  keys,
  type LedgerRecord,
  LogRecord,
  SubtaskRecord,
  TankerError,
  TaskRecord,
} from '@tanker/contract/index.ts';
import { readBackup, readDebts, readFallbacks, readLedger } from './company-records.ts';

/** Reads of Tanker's table; whoever has the AWS SDK implements it, this package does without. */
export interface TaskRows {
  /** Reads one row consistently; undefined when there is none. */
  get(key: { readonly pk: string; readonly sk: string }): Promise<unknown>;
  /** Every row of a partition whose sort key begins so, in key order, consistently. */
  query(at: { readonly pk: string; readonly prefix: string }): Promise<readonly unknown[]>;
}

/** What a task left on its company's record, or worked from. */
export interface Evidence {
  /** The backup that it made, or that it restores. */
  readonly backup?: BackupRecord;
  /** Its removal, once it is complete. */
  readonly ledger?: LedgerRecord;
  /** Copies that it left at its source, or gave up. */
  readonly fallbacks: readonly FallbackRecord[];
  /** What it could not erase, settled or not. */
  readonly debts: readonly DebtRecord[];
}

/** What anybody with read rights sees of a task. */
export interface TaskView {
  readonly task: TaskRecord;
  readonly subtasks: readonly SubtaskRecord[];
  readonly log: readonly LogRecord[];
  readonly evidence: Evidence;
}

export async function readTask(rows: TaskRows, task: string): Promise<TaskRecord | undefined> {
  const row = await rows.get(keys.task(task));
  return row === undefined ? undefined : TaskRecord.parse(row);
}

export const readSubtasks = async (rows: TaskRows, task: string): Promise<SubtaskRecord[]> =>
  (await rows.query(keys.subtasks(task))).map((row) => SubtaskRecord.parse(row));

/** A refused task may name a company that no record can have. */
async function readEvidence(rows: TaskRows, { task, company, plan }: TaskRecord): Promise<Evidence> {
  if (!CompanyId.safeParse(company).success) return { fallbacks: [], debts: [] };
  const [backup, ledger, fallbacks, debts] = await Promise.all([
    readBackup(rows, company, plan?.backup ?? task),
    readLedger(rows, company, task),
    readFallbacks(rows, company),
    readDebts(rows, company),
  ]);
  const gaveUp = (one: FallbackRecord) => one.state === 'given-up' && one.givenUpBy === task;
  return {
    ...(backup ? { backup } : {}),
    ...(ledger ? { ledger } : {}),
    fallbacks: fallbacks.filter((one) => one.task === task || gaveUp(one)),
    debts: debts.filter((one) => one.task === task),
  };
}

/**
 * The whole of a task's records.
 *
 * @throws TaskUnknown when there is no such task, or its records have expired
 */
export async function readTaskView(rows: TaskRows, id: string): Promise<TaskView> {
  const task = await readTask(rows, id);
  if (!task) throw taskUnknown(id);
  const [subtasks, logs, evidence] = await Promise.all([
    readSubtasks(rows, id),
    rows.query(keys.logs(id)),
    readEvidence(rows, task),
  ]);
  return { task, subtasks, log: logs.map((row) => LogRecord.parse(row)), evidence };
}

export const taskUnknown = (task: string): TankerError =>
  new TankerError('TaskUnknown', {
    what: `There is no task "${task}" on record.`,
    now: 'Nothing was touched.',
    next: 'List the tasks to find its id; records of closed tasks are kept for as many days as the topology says.',
  });
