import * as agents from './agents.ts';
import * as fargate from './fargate.ts';
import * as life from './life.ts';
import * as schedules from './schedules.ts';
import type { Story } from './story.ts';
import * as whole from './whole.ts';

/** Every story by its name. */
export const STORIES = {
  'a dry run': whole.planned,
  'a refused task': whole.refused,
  'a migration': whole.migrated,
  'a migration in S3 parts': whole.migratedInS3Parts,
  'an undone migration': whole.undone,
  'a stopped migration': whole.stopped,
  'a migration stopped after its commit': whole.wentForward,
  'a migration stopped in its recovery': whole.stoppedInRecovery,
  'a backup': life.backedUp,
  'a removal': life.removed,
  'a removal stopped after its commit': life.removedByRecovery,
  'an incomplete removal': life.incomplete,
  'a restore': life.restored,
  'a cleanup': life.cleaned,
  'the machine is stopped in its plan': life.stoppedInPlan,
  'a broken upload': whole.uploadBroken,
  'an upload left behind': whole.uploadLeft,
  'the agent dies': agents.agentDies,
  'an agent dies for good': agents.agentDiesForGood,
  'the agent fails': agents.agentFails,
  'the agent is late': agents.agentIsLate,
  'a migration by Fargate': fargate.migratedOnFargate,
  'a waiting worker is killed': fargate.launchedAgain,
  'launch dies': fargate.launchDies,
  'a worker is killed at work': fargate.killedAtWork,
  'a worker is refused': fargate.refusedOnFargate,
  'a worker is late': fargate.lateOnFargate,
  'a broken upload by Fargate': fargate.uploadBrokenOnFargate,
  'a worker is faster than its note': fargate.fasterThanItsNote,
  'the control region is examined': schedules.controlExamined,
  'a datacenter is examined': schedules.datacenterExamined,
  'a lost event': schedules.swept,
  'exports that are due': schedules.discardedWhenDue,
  'a lock that nobody ended': schedules.openedByItsRegion,
  'a task that is told of': schedules.told,
  'a cancelled task': schedules.cancelled,
  'a recovery that cannot be started': schedules.unhandled,
} as const satisfies Readonly<Record<string, Story>>;

export type StoryName = keyof typeof STORIES;
