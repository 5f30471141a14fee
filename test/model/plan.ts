import { advance, stopped } from './execution.ts';
import type { Course } from './operations.ts';
import type { TaskOrder } from './scenario.ts';
import {
  isSite,
  NO_ROWS,
  PLACES,
  type Plan,
  placesOf,
  type Refusal,
  type Task,
  type World,
} from './state.ts';
import type { Step } from './step.ts';
import { authorityRead, IDLE, NO_RECORD, REFUSED, withExecution, withRecord } from './world.ts';

/** What the task means to do, from what it reads before it has taken or claimed anything. */
function drafted(world: World, { operation, to, version }: TaskOrder): Plan {
  const authority = authorityRead(world);
  const { fallback } = world;
  const common = {
    reported: authority.epoch,
    incarnations: PLACES.map((place) => world.providers[place].incarnation).join(''),
  };
  if (operation === 'cleanup' && fallback) {
    return { ...common, from: fallback.site, to: authority.home, version: version ?? fallback.version };
  }
  const target =
    operation === 'remove' ? 'removed' : operation === 'final-erasure' ? 'erased' : authority.home;
  return { ...common, from: authority.home, to: to ?? target, version: authority.version };
}

function refusalOf(
  { rules, operationOf }: Course,
  world: World,
  task: Task,
  plan: Plan,
): Refusal | undefined {
  const { home, version } = authorityRead(world);
  const empty =
    !isSite(plan.to) || placesOf(plan.to).every((place) => world.providers[place].rows === NO_ROWS);
  switch (operationOf[task]) {
    case 'migrate':
      if (!isSite(home)) return 'CompanyNotHome';
      if (home === plan.to) return 'LocationSame';
      return empty ? undefined : 'TargetNotEmpty';
    case 'restore':
      if (home !== 'removed' && rules['15 only a removed company is restored']) return 'CompanyAtHome';
      if (world.backup === null) return 'BackupUnknown';
      return empty ? undefined : 'TargetNotEmpty';
    case 'final-erasure':
      return home === 'removed' ? undefined : 'CompanyAtHome';
    case 'cleanup':
      if (world.fallback?.state !== 'kept') return 'NothingToClean';
      if (home === plan.from) return 'HomeProtected';
      return version !== plan.version && rules['24 a cleanup is bound to its version']
        ? 'PlacementChanged'
        : undefined;
    default:
      return isSite(home) ? undefined : 'CompanyNotHome';
  }
}

/** A task begins: reads, beyond its own record, and fixes its plan or is refused. */
export function plan(course: Course, world: World, task: Task, order: TaskOrder): Step {
  const fixed = drafted(world, order);
  const refusal = refusalOf(course, world, task, fixed);
  if (refusal) {
    return [
      `${task} plans: ${order.operation}: ${refusal}`,
      stopped(withRecord(world, task, REFUSED), task, 'ended'),
    ];
  }
  const opened = withRecord(world, task, { ...NO_RECORD, state: 'open', plan: fixed });
  const running = withExecution(opened, task, { ...IDLE, state: 'running', task, phase: 'plan' });
  return [`${task} plans: ${order.operation} from ${fixed.from}`, advance(course, running, task)];
}
