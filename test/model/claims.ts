import type { Course } from './operations.ts';
import type { ExecutionName, Message, Refusal, Task, World } from './state.ts';
import { authorityRead, REFUSED, withRecord } from './world.ts';

/** A call's effect, and why it was refused. */
export interface Done {
  readonly world: World;
  readonly refusal?: Refusal;
}

export const refused = (world: World, refusal: Refusal): Done => ({ world, refusal });

/** Issues the next epoch, above the row's own and, by rule 2, above all that were reported. */
function issue({ rules }: Course, world: World, { by, task }: Message, reported: number): Done {
  const above = rules['2 epochs are above all reported'] ? reported : 0;
  const epoch = Math.max(world.row.epoch, above) + 1;
  // The row of the company and the task's record are two writes; here they are one.
  const record = { ...world.records[task], epoch, holder: by };
  return { world: withRecord({ ...world, row: { epoch, holder: by, task } }, task, record) };
}

const holdsAlready = ({ rules }: Course, { row }: World, task: Task, by: ExecutionName): boolean =>
  rules['2 a take is idempotent by holder'] && row.task === task && row.holder === by;

/** A task takes the company, unless another open one holds it. */
export function take(course: Course, world: World, message: Message): Done {
  const { task, by } = message;
  const { row, records } = world;
  if (records[task].state !== 'open') return refused(world, 'TaskClosed');
  if (holdsAlready(course, world, task, by)) return { world };
  // Nothing is taken back from a recovery.
  if (row.task === task && row.holder !== by) return refused(world, 'TaskClosed');
  const busy = row.task !== '' && row.task !== task && records[row.task].state === 'open';
  if (busy && course.rules['2 one task takes the company']) {
    return refused(withRecord(world, task, REFUSED), 'CompanyBusy');
  }
  return issue(course, world, message, records[task].plan?.reported ?? 0);
}

/** A recovery takes a new epoch only while the company's row names its task and that task is open. */
export function retake(course: Course, world: World, message: Message): Done {
  const { task, by } = message;
  const record = world.records[task];
  if (course.rules['19 recovers only its open task']) {
    if (record.state !== 'open') return refused(world, 'TaskClosed');
    if (holdsAlready(course, world, task, by)) return { world };
    // A task that never held the company is refused; one that did is nobody's to touch any more.
    if (world.row.task !== task) {
      return refused(record.holder === '' ? withRecord(world, task, REFUSED) : world, 'TaskClosed');
    }
  }
  const opened = withRecord(world, task, { ...record, state: 'open', outcome: '' });
  return issue(course, opened, message, authorityRead(world).epoch);
}

/** Frees the company's row, if it names this task. */
export const release = (world: World, { task }: Message): Done =>
  world.row.task === task ? { world: { ...world, row: { ...world.row, task: '' } } } : { world };
