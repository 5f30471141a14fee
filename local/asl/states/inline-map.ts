import { runBlock } from '../block.ts';
import type { MapState } from '../definition.ts';
import { SiblingFailed, StateFailure } from '../errors.ts';
import type { Json } from '../json.ts';
import { INLINE_MAP_CONCURRENCY } from '../limits.ts';
import { together } from '../siblings.ts';
import type { Visit } from '../visit.ts';
import { iterationInput, type MapWork } from './map.ts';
import { abortFailedTask } from './parallel.ts';

/**
 * Iterations inside the execution's own history. Up to MaxConcurrency lanes take items in turn; a lane's next
 * iteration follows the last event of its former one (recorded).
 * @throws StateFailure of the first iteration that failed, after the others were aborted
 */
export async function runIterations(visit: Visit<MapState>, work: MapWork): Promise<Json[]> {
  const { thread } = visit;
  const results: Json[] = new Array(work.items.length).fill(null);
  const started = thread.last;
  const queue = work.items.entries();
  const lane = async (signal: AbortSignal): Promise<void> => {
    let previous = started;
    for (const [index, value] of queue) {
      const iteration = await runIteration(visit, { index, value }, previous, signal);
      results[index] = iteration.output;
      previous = iteration.last;
    }
  };
  const lanes = Math.min(
    work.maxConcurrency || INLINE_MAP_CONCURRENCY,
    INLINE_MAP_CONCURRENCY,
    work.items.length,
  );
  await abortFailedTask(visit, () => together(thread, new Array(lanes).fill(lane)));
  return results;
}

async function runIteration(
  visit: Visit<MapState>,
  item: { readonly index: number; readonly value: Json },
  previous: number,
  signal: AbortSignal,
): Promise<{ output: Json; last: number }> {
  const { thread } = visit;
  const details = { index: item.index, name: visit.name };
  const inner = thread.fork(signal, previous, item);
  inner.advance('MapIterationStarted', details);
  try {
    const input = await iterationInput(visit, item.index, item.value);
    const output = await runBlock(visit.state.ItemProcessor, input, inner);
    thread.last = inner.note('MapIterationSucceeded', details);
    return { output, last: inner.last };
  } catch (error) {
    if (error instanceof StateFailure && !signal.aborted) {
      inner.note('MapIterationFailed', details);
      thread.last = inner.last;
    }
    if (error instanceof SiblingFailed) thread.history.add('MapIterationAborted', inner.last, details);
    throw error;
  } finally {
    inner.scope.end();
  }
}
