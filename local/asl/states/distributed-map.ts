import { createHash, randomUUID } from 'node:crypto';
import type { MapState } from '../definition.ts';
import { failureDetails, StateFailure } from '../errors.ts';
import type { Json } from '../json.ts';
import { DISTRIBUTED_MAP_CONCURRENCY } from '../limits.ts';
import { together } from '../siblings.ts';
import type { Visit } from '../visit.ts';
import { orAborted } from '../waiting.ts';
import { iterationInput, type MapWork } from './map.ts';

/**
 * Each item as an execution of its own, without the outer variables; the parent's history has only the Map Run.
 * Outputs of children that failed within the tolerance are left out of the result.
 * @throws StateFailure `States.ExceedToleratedFailureThreshold`, after stopping the children that still ran; or what
 *   a machine gets whose role may not start executions of its own machine
 */
export async function runChildren(visit: Visit<MapState>, work: MapWork): Promise<Json[]> {
  const { thread } = visit;
  const label = visit.state.Label ?? createHash('sha256').update(visit.name).digest('hex').slice(0, 32);
  thread.advance('MapRunStarted', { mapRunArn: mapRunArn(thread.run.stateMachineArn, label) });
  const outputs = new Map<number, Json>();
  const queue = work.items.entries();
  let failures = 0;
  const lane = async (signal: AbortSignal): Promise<void> => {
    for (const [index, value] of queue) {
      const output = await runChild(visit, label, { index, value }, signal);
      if (output !== undefined) outputs.set(index, output);
      else failures += 1;
      if (exceeds(failures, work)) throw thresholdExceeded();
    }
  };
  const lanes = Math.min(
    work.maxConcurrency || DISTRIBUTED_MAP_CONCURRENCY,
    DISTRIBUTED_MAP_CONCURRENCY,
    work.items.length,
  );
  try {
    if (work.items.length > 0) thread.run.permitChildren();
    await together(thread, new Array(lanes).fill(lane));
  } catch (failure) {
    if (failure instanceof StateFailure) thread.advance('MapRunFailed', failureDetails(failure));
    throw failure;
  }
  thread.advance('MapRunSucceeded');
  return [...outputs].sort(([a], [b]) => a - b).map(([, output]) => output);
}

/** The child's output, or undefined when it didn't succeed. */
async function runChild(
  visit: Visit<MapState>,
  label: string,
  item: { readonly index: number; readonly value: Json },
  signal: AbortSignal,
): Promise<Json | undefined> {
  const input = await iterationInput(visit, item.index, item.value);
  signal.throwIfAborted();
  const child = visit.thread.run.startChild(label, visit.state.ItemProcessor, input);
  try {
    const end = await orAborted<Awaited<typeof child.done>>((resolve, reject) => {
      child.done.then(resolve, reject);
      return () => {};
    }, signal);
    return end.status === 'SUCCEEDED' ? end.output : undefined;
  } finally {
    child.stop();
  }
}

/** Without any threshold the first failure is one too many. */
function exceeds(failures: number, work: MapWork): boolean {
  const { toleratedFailureCount, toleratedFailurePercentage } = work;
  if (toleratedFailureCount === undefined && toleratedFailurePercentage === undefined) return failures > 0;
  return exceedsThreshold(failures, work);
}

/** Whether the failures pass one of the thresholds that are given. */
export function exceedsThreshold(failures: number, work: MapWork): boolean {
  const { toleratedFailureCount, toleratedFailurePercentage, items } = work;
  const percentage = (failures / items.length) * 100;
  return (
    failures > (toleratedFailureCount ?? Number.POSITIVE_INFINITY) ||
    percentage > (toleratedFailurePercentage ?? 100)
  );
}

/** The failure of a Map Run with too many failed children (recorded). */
export function thresholdExceeded(): StateFailure {
  return new StateFailure(
    'States.ExceedToleratedFailureThreshold',
    'The specified tolerated failure threshold was exceeded',
  );
}

function mapRunArn(stateMachineArn: string, label: string): string {
  return `${stateMachineArn.replace(':stateMachine:', ':mapRun:')}/${label}:${randomUUID()}`;
}
