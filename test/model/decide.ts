import { committedBy } from './authority.ts';
import type { Course } from './operations.ts';
import {
  type Direction,
  type ExecutionName,
  type Refusal,
  siteOf,
  TASKS,
  type Task,
  type World,
} from './state.ts';
import { authorityRead } from './world.ts';

const owes = (world: World, home: string): boolean =>
  TASKS.some((task) => world.records[task].debts.some((place) => siteOf(place) === home));

/** What a task's own claim shows: home and version as planned, and no debt where it goes; else it stops here. */
export function refusalOfClaim(
  { rules, operationOf }: Course,
  world: World,
  task: Task,
): Refusal | undefined {
  const { plan } = world.records[task];
  const { home, version } = authorityRead(world);
  if (!plan) return 'TaskClosed';
  if (operationOf[task] === 'cleanup') {
    if (home === plan.from) return 'HomeProtected';
    const bound = rules['24 a cleanup is bound to its version'];
    return bound && version !== plan.version ? 'PlacementChanged' : undefined;
  }
  const changed = version !== plan.version || home !== plan.from;
  if (changed && rules['14 home and version are as claimed']) return 'PlacementChanged';
  return owes(world, plan.to) && rules['23 a debt blocks its location'] ? 'DebtOutstanding' : undefined;
}

/** Whether an execution of the task had claimed before this one did. */
function claimedBefore(world: World, task: Task, by: ExecutionName): boolean {
  const { holder, beforeHolder } = authorityRead(world);
  const before = holder === by ? beforeHolder : holder;
  return before !== '' && world.executions[before].task === task;
}

/** Forward if the commit mark is this task's; else back, or, if nothing outside was touched, refused. */
export function decideDirection(course: Course, world: World, task: Task, by: ExecutionName): Direction {
  const { rules, operationOf } = course;
  const authority = authorityRead(world);
  const { plan } = world.records[task];
  if (!plan) return 'refused';
  if (operationOf[task] === 'cleanup') return world.fallback?.givenUpBy === task ? 'forward' : 'refused';
  if (operationOf[task] === 'backup') {
    // Its own unlock found the grant unbroken.
    if (authority.grant?.releasedBy === task) return 'forward';
  } else if (!rules["20 decides by the task's own mark"]) {
    return authority.home === plan.to ? 'forward' : 'back';
  } else if (committedBy(authority, task, plan.version)) {
    return 'forward';
  }
  // The version can't change under the task's claim: that claim had shown it changed, and the task went no further.
  if (authority.version !== plan.version) return 'refused';
  return claimedBefore(world, task, by) || !rules['6 claim is a write'] ? 'back' : 'refused';
}
