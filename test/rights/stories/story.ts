import type { Action, Outcome, TaskOperation } from '@tanker/contract/index.ts';
import { readSubtasks } from '@tanker/sdk/task-records.ts';
import type { DatacenterKey } from '../../../demo/world/topology.ts';
import { failedCall, type Move, outcome, recordOf, taskOf } from '../move.ts';

/** A story with the agent or the operation that it is about, where it is about one. */
export interface Telling extends Move {
  readonly agent: Action;
  readonly operation: TaskOperation;
}

/** One thing that happens to one company. */
export interface Story {
  /** Rows of the company; 200 when absent. */
  readonly rows?: number;
  /** One document of so many bytes besides. */
  readonly documentBytes?: number;
  /** Answers what was not as it should be; undefined when all was. */
  run(telling: Telling): Promise<string | undefined>;
}

/** The service whose messages, tables and hook the stories' disturbances are about. */
export const PROVIDER = 'mail';
/** The service whose documents are large. */
export const DOCUMENTS = 'documents';

interface Expectation {
  readonly operation?: TaskOperation;
  readonly recovers?: boolean;
  /** Whether the story itself makes calls fail. */
  readonly disturbed?: boolean;
}

/** Waits for the end and holds it to what was expected. One that is undone has a recovery, one that is migrated none. */
export async function expecting(
  move: Move,
  expected: Outcome,
  { operation = 'migrate', recovers = expected === 'undone', disturbed = false }: Expectation = {},
): Promise<string | undefined> {
  const found = await outcome(move, operation, recovers);
  if (found !== expected) return `ended ${found}, not ${expected}`;
  // Not every failure changes the end: what could not be opened, fenced or told by a hook is reported only.
  const task = await recordOf(move, operation);
  const failed = disturbed ? undefined : await failedCall(move);
  if (failed) return `ended ${found}, after a ${failed}`;
  const left = (await readSubtasks(move.stage.rows, taskOf(move, operation))).find(
    ({ epoch, state }) => epoch === task?.epoch && state !== 'succeeded',
  );
  return left && `ended ${found}, but the ${left.action} of ${left.provider} is ${left.state}`;
}

/** The exports bucket of a datacenter. */
export const bucketAt = ({ stage }: Move, datacenter: DatacenterKey): string =>
  stage.cloud.s3.buckets().find(({ name }) => name.endsWith(`-${datacenter}`))?.name ?? '';

/** What the company has in the exports buckets: objects and unfinished uploads. */
export function exportsOf({ stage, company }: Move) {
  const own = ({ key }: { key: string }) => key.startsWith(`exports/${company}/`);
  const names = stage.cloud.s3.buckets().map(({ name }) => name);
  return {
    objects: names.flatMap((name) => stage.cloud.s3.objects(name).filter(own)).length,
    uploads: names.flatMap((name) => stage.cloud.s3.uploads(name).filter(own)).length,
  };
}
