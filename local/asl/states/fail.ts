import type { FailState } from '../definition.ts';
import { StateFailure } from '../errors.ts';
import type { Outcome } from '../outcome.ts';
import type { Visit } from '../visit.ts';

/** Always throws; a missing Error or Cause stays missing. */
export async function runFail(visit: Visit<FailState>): Promise<Outcome> {
  const { Error: error, Cause: cause } = visit.state;
  throw new StateFailure(
    error === undefined ? undefined : await visit.evaluateAs<string>(error, 'Error', 'string'),
    cause === undefined ? undefined : await visit.evaluateAs<string>(cause, 'Cause', 'string'),
  );
}
