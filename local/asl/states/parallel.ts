import { runBlock } from '../block.ts';
import type { Block, ParallelState } from '../definition.ts';
import { StateFailure } from '../errors.ts';
import { guarded } from '../guarded.ts';
import type { Json } from '../json.ts';
import { type Outcome, withinLimit } from '../outcome.ts';
import { together } from '../siblings.ts';
import type { Visit } from '../visit.ts';

/** Runs every branch on the same input; the result is the array of their outputs. */
export function runParallel(visit: Visit<ParallelState>): Promise<Outcome> {
  return guarded(visit, () => attempt(visit));
}

async function attempt(visit: Visit<ParallelState>): Promise<Json> {
  const { state, thread } = visit;
  const input =
    state.Arguments === undefined ? visit.input : await visit.evaluate(state.Arguments, 'Arguments');
  const started = thread.advance('ParallelStateStarted');
  const results: Json[] = new Array(state.Branches.length).fill(null);
  const branch = async (block: Block, index: number, signal: AbortSignal): Promise<void> => {
    const inner = thread.fork(signal, started);
    try {
      results[index] = await runBlock(block, input, inner);
    } finally {
      inner.scope.end();
      if (!signal.aborted) thread.last = inner.last;
    }
  };
  await abortFailedTask(visit, () =>
    together(
      thread,
      state.Branches.map((block, index) => (signal) => branch(block, index, signal)),
    ),
  );
  return withinLimit(results, visit.name);
}

/** A Task that failed inside a Parallel or Map counts as aborted too, after its siblings (recorded). */
export async function abortFailedTask(visit: Visit, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (failure) {
    if (failure instanceof StateFailure && failure.leftState === 'Task')
      visit.thread.note('TaskStateAborted');
    throw failure;
  }
}
