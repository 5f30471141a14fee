import type { PassState, SucceedState } from '../definition.ts';
import { leave, type Outcome } from '../outcome.ts';
import type { Visit } from '../visit.ts';

/** Hands its input, or its Output, on. */
export function runPass(visit: Visit<PassState>): Promise<Outcome> {
  return leave(visit, visit.state, visit.input);
}

/** Ends its block with its input, or its Output. */
export function runSucceed(visit: Visit<SucceedState>): Promise<Outcome> {
  return leave(visit, visit.state, visit.input);
}
