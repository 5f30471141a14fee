import type { SubtaskRecord, TaskRecord } from '@tanker/contract/index.ts';

export interface LockWindow {
  /** From the lock to the unlock, by the authority's clock. */
  readonly seconds: number;
  /** In which a part streamed, a publish ran, or rows and digests were computed. Grows with the data. */
  readonly movingSeconds: number;
  /** The rest: what a company without data would pay. */
  readonly fixedSeconds: number;
}

type Interval = readonly [from: number, to: number];

/** Milliseconds covered by at least one of the intervals. */
export function unionLength(intervals: readonly Interval[]): number {
  let total = 0;
  let end = Number.NEGATIVE_INFINITY;
  for (const [from, to] of [...intervals].sort((a, b) => a[0] - b[0])) {
    total += Math.max(0, to - Math.max(from, end));
    end = Math.max(end, to);
  }
  return total;
}

const rounded = (milliseconds: number): number => Math.round(milliseconds) / 1000;

/** The lock window and its parts, by the agents' and providers' own timestamps; null when there was no lock. */
export function lockWindowOf(task: TaskRecord, subtasks: readonly SubtaskRecord[]): LockWindow | null {
  if (!task.lock?.unlockedAt) return null;
  const from = Date.parse(task.lock.lockedAt);
  const to = Date.parse(task.lock.unlockedAt);
  const work = subtasks.flatMap((subtask) => (subtask.state === 'succeeded' ? subtask.work : []));
  const inside = work
    .map(({ from: a, to: b }): Interval => [Math.max(from, Date.parse(a)), Math.min(to, Date.parse(b))])
    .filter(([a, b]) => b > a);
  const moving = unionLength(inside);
  return {
    seconds: rounded(to - from),
    movingSeconds: rounded(moving),
    fixedSeconds: rounded(to - from - moving),
  };
}

/** How long each phase of a task lasted: until the next one began, the last until the task was closed. */
export function phaseSeconds(task: TaskRecord): { name: string; seconds: number }[] {
  const began = Object.entries(task.phases)
    .map(([name, at]) => ({ name, at: Date.parse(at) }))
    .sort((a, b) => a.at - b.at);
  const end = task.state === 'closed' ? Date.parse(task.closedAt) : Date.now();
  return began.map(({ name, at }, index) => ({ name, seconds: rounded((began[index + 1]?.at ?? end) - at) }));
}
