import type { GuardedState } from './definition.ts';
import { errorOutput, StateFailure } from './errors.ts';
import type { Json } from './json.ts';
import { leave, type Outcome } from './outcome.ts';
import { matches, RetryCounts } from './retry.ts';
import type { Visit } from './visit.ts';
import { sleep } from './waiting.ts';

/**
 * Runs attempts of a Task, Parallel or Map until one succeeds, the retriers give up, or a catcher takes the failure.
 * An attempt includes the state's Output and Assign, whose failures are retried and caught like any other.
 */
export async function guarded(visit: Visit<GuardedState>, attempt: () => Promise<Json>): Promise<Outcome> {
  const { state, thread } = visit;
  const counts = new RetryCounts(state.Retry ?? [], thread.run.random);
  for (;;) {
    visit.retryCount = counts.total;
    try {
      const result = await attempt();
      const outcome = await leave(visit, state, result, { result });
      if (state.Type !== 'Task') thread.note(`${state.Type}StateSucceeded`);
      return outcome;
    } catch (failure) {
      if (!(failure instanceof StateFailure)) throw failure;
      const delayMs = counts.next(failure);
      if (delayMs === undefined) return caught(visit, failure);
      await sleep(thread.run.clock, delayMs, thread.signal);
    }
  }
}

async function caught(visit: Visit<GuardedState>, failure: StateFailure): Promise<Outcome> {
  const { state, thread } = visit;
  if (state.Type !== 'Task') thread.advance(`${state.Type}StateFailed`);
  const catchers = state.Catch ?? [];
  const index = catchers.findIndex((catcher) => matches(catcher.ErrorEquals, failure));
  const catcher = catchers[index];
  if (catcher === undefined) throw failure;
  const output = errorOutput(failure);
  return leave(visit, catcher, output, { errorOutput: output }, `Catch[${index}]/`);
}
