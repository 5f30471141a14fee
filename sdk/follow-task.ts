import { setTimeout as sleep } from 'node:timers/promises';
import type { SubtaskRecord, TaskRecord } from '@tanker/contract/index.ts';
import { readSubtasks, readTask, type TaskRows } from './task-records.ts';

/** A task at one look. */
export interface TaskLook {
  readonly task: TaskRecord;
  readonly subtasks: readonly SubtaskRecord[];
}

export interface FollowOptions {
  /** Between two looks; each reads the record and its subtasks. */
  readonly everyMilliseconds: number;
  /** Called at each look that finds no record yet. It may throw when there will be none. */
  readonly absent?: () => Promise<void>;
  readonly signal?: AbortSignal;
}

/**
 * Looks at a task again and again, the last time when it is closed. The record may come into being meanwhile. A removal
 * that could not erase everything is open and `incomplete`, and is followed until nothing is left.
 */
export async function* followTask(
  rows: TaskRows,
  id: string,
  { everyMilliseconds, absent, signal }: FollowOptions,
): AsyncGenerator<TaskLook> {
  for (;;) {
    const task = await readTask(rows, id);
    if (task === undefined) await absent?.();
    else {
      // Read after the record: what a closed task's subtasks are does not change any more.
      yield { task, subtasks: await readSubtasks(rows, id) };
      if (task.state === 'closed') return;
    }
    await sleep(everyMilliseconds, undefined, signal ? { signal } : {});
  }
}
