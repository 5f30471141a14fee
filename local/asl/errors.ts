import type { Json } from './json.ts';

/**
 * An error inside a state machine, in Step Functions' sense: a name and a cause, either of which may be missing
 * (a Fail state without Error, SendTaskFailure without error).
 */
export class StateFailure extends Error {
  readonly error: string | undefined;
  readonly reason: string | undefined;
  /** Type of the state that the failure has left uncaught; each enclosing state overwrites it. */
  leftState: string | undefined;

  constructor(error: string | undefined, reason: string | undefined) {
    super(`${error ?? 'unnamed error'}: ${reason ?? 'no cause given'}`);
    this.name = 'StateFailure';
    this.error = error;
    this.reason = reason;
  }
}

/** What a task's service or function answered when it failed. Thrown by a TaskRunner. */
export class TaskError extends StateFailure {
  constructor(error: string | undefined, reason: string | undefined) {
    super(error, reason);
    this.name = 'TaskError';
  }
}

/** Why a line of control stops when a sibling iteration or branch has failed. */
export class SiblingFailed extends Error {
  constructor() {
    super('another iteration or branch of the same state failed');
    this.name = 'SiblingFailed';
  }
}

/** Why everything stops once the execution has its final status. */
export class ExecutionClosed extends Error {
  constructor() {
    super('the execution has its final status');
    this.name = 'ExecutionClosed';
  }
}

/** Error name and cause as event details: a missing one is absent, as in AWS's history. */
export function failureDetails(failure: StateFailure): { error?: string; cause?: string } {
  return {
    ...(failure.error === undefined ? {} : { error: failure.error }),
    ...(failure.reason === undefined ? {} : { cause: failure.reason }),
  };
}

/**
 * `$states.errorOutput`. A missing name or cause is null (recorded for SendTaskFailure without error), but the cause
 * of a timeout is the empty string (recorded for TimeoutSeconds).
 */
export function errorOutput(failure: StateFailure): Json {
  const noCause = failure.error === 'States.Timeout' ? '' : null;
  return { Error: failure.error ?? null, Cause: failure.reason ?? noCause };
}

/** The failure of a result over 256 KiB; `what` is the state, or `lambda` for a Lambda task (recorded). */
export function dataLimitExceeded(what: string): StateFailure {
  return new StateFailure(
    'States.DataLimitExceeded',
    `The state/task '${what}' returned a result with a size exceeding the maximum number of bytes service limit.`,
  );
}

/** The failure of a task that missed its TimeoutSeconds or HeartbeatSeconds: AWS gives it no cause (recorded). */
export class TaskTimedOut extends StateFailure {
  constructor() {
    super('States.Timeout', undefined);
    this.name = 'TaskTimedOut';
  }
}
