import { keys, LogRecord, SubtaskRecord, TankerError, TaskRecord } from '@tanker/contract/index.ts';

/** Reads of Tanker's table; whoever has the AWS SDK implements it, this package does without. */
export interface TaskRows {
  /** Reads one row consistently; undefined when there is none. */
  get(key: { readonly pk: string; readonly sk: string }): Promise<unknown>;
  /** Every row of a partition whose sort key begins so, in key order, consistently. */
  query(at: { readonly pk: string; readonly prefix: string }): Promise<readonly unknown[]>;
}

/** What anybody with read rights sees of a task. */
export interface TaskView {
  readonly task: TaskRecord;
  readonly subtasks: readonly SubtaskRecord[];
  readonly log: readonly LogRecord[];
}

export async function readTask(rows: TaskRows, task: string): Promise<TaskRecord | undefined> {
  const row = await rows.get(keys.task(task));
  return row === undefined ? undefined : TaskRecord.parse(row);
}

export const readSubtasks = async (rows: TaskRows, task: string): Promise<SubtaskRecord[]> =>
  (await rows.query(keys.subtasks(task))).map((row) => SubtaskRecord.parse(row));

/**
 * The whole of a task's records.
 *
 * @throws TaskUnknown when there is no such task, or its records have expired
 */
export async function readTaskView(rows: TaskRows, id: string): Promise<TaskView> {
  const [task, subtasks, logs] = await Promise.all([
    readTask(rows, id),
    readSubtasks(rows, id),
    rows.query(keys.logs(id)),
  ]);
  if (!task) throw taskUnknown(id);
  return { task, subtasks, log: logs.map((row) => LogRecord.parse(row)) };
}

export const taskUnknown = (task: string): TankerError =>
  new TankerError('TaskUnknown', {
    what: `There is no task "${task}" on record.`,
    now: 'Nothing was touched.',
    next: 'List the tasks to find its id; records of closed tasks are kept for as many days as the topology says.',
  });
