import { decideDirection } from './decide.ts';
import { advance, stopped } from './execution.ts';
import { type Course, holds } from './operations.ts';
import {
  type Execution,
  type ExecutionName,
  isSite,
  PROVIDERS,
  placeOf,
  type Refusal,
  type Task,
  type TaskRecord,
  type World,
} from './state.ts';
import type { Step } from './step.ts';
import { withExecution, withRecord } from './world.ts';

/** The step of a phase that looks and decides; none while it has to wait. */
export function lookOf(course: Course, world: World, name: ExecutionName): readonly Step[] {
  switch (world.executions[name].phase) {
    case 'drain':
      return drain(course, world, name);
    case 'verify':
      return [verify(course, world, name)];
    case 'look':
      return [lookBeforeClaim(course, world, name)];
    default:
      return [];
  }
}

/** Waits until nothing is pending at home, and notes the watermark. */
function drain(course: Course, world: World, name: ExecutionName): readonly Step[] {
  const execution = world.executions[name];
  const home = world.records[execution.task as Task].plan?.from ?? 'removed';
  if (!isSite(home)) return [];
  const { pending, produced } = world.queues[home];
  if (pending !== 0 && course.rules['7 waits until nothing is in flight']) return [];
  const noted = withExecution(world, name, { ...execution, watermark: produced });
  return [[`${name}: drain: nothing is in flight at ${home}`, advance(course, noted, name)]];
}

/** Each provider of the source holds what its export holds, and no message came since the drain. */
function sourceUnchanged(world: World, { plan, exported }: TaskRecord, watermark: number): boolean {
  if (!plan || !isSite(plan.from)) return true;
  const { from } = plan;
  const same = PROVIDERS.every(
    (index) => world.providers[placeOf(from, index)].rows === exported[index].rows,
  );
  return same && world.queues[from].produced === watermark;
}

function fallbackUnchanged({ fallback, queues }: World, equal: boolean): boolean {
  if (!fallback || !equal) return false;
  const { pending, produced } = queues[fallback.site];
  return pending === 0 && produced === fallback.produced;
}

function refusalOf(
  { rules, operationOf }: Course,
  world: World,
  name: ExecutionName,
  execution: Execution,
): Refusal | undefined {
  const { equal, epoch, watermark } = execution;
  const task = execution.task as Task;
  const record = world.records[task];
  if (!holds(record, name, epoch)) return 'TaskClosed';
  switch (operationOf[task]) {
    case 'cleanup':
      return fallbackUnchanged(world, equal) || !rules['24 the fallback is as the move left it']
        ? undefined
        : 'FallbackChanged';
    case 'restore':
      return equal || !rules['14 verifies before it commits'] ? undefined : 'VerificationFailed';
    default:
      if (!equal && rules['14 verifies before it commits']) return 'VerificationFailed';
      return sourceUnchanged(world, record, watermark) || !rules['10 watermarks are read again']
        ? undefined
        : 'SourceChanged';
  }
}

/** The last look before the commit point. */
function verify(course: Course, world: World, name: ExecutionName): Step {
  const execution = world.executions[name];
  const refusal = refusalOf(course, world, name, execution);
  if (refusal) return [`${name}: verify: ${refusal}`, stopped(world, name, 'refused')];
  const task = execution.task as Task;
  const noted = withRecord(world, task, { ...world.records[task], verified: true });
  return [`${name}: verify: as it must be`, advance(course, noted, name)];
}

/** Without rule 20: decides on what it reads, and claims afterwards. */
function lookBeforeClaim(course: Course, world: World, name: ExecutionName): Step {
  const execution = world.executions[name];
  const direction = decideDirection(course, world, execution.task as Task, name);
  const decided = withExecution(world, name, { ...execution, direction });
  return [`${name}: reads the authority and decides: ${direction}`, advance(course, decided, name)];
}
