import type { TaskState } from '../definition.ts';
import { failureDetails, StateFailure, TaskTimedOut } from '../errors.ts';
import { guarded } from '../guarded.ts';
import type { Json } from '../json.ts';
import { type Outcome, withinLimit } from '../outcome.ts';
import { parseResource } from '../resource.ts';
import type { OpenToken } from '../tasks.ts';
import type { Visit } from '../visit.ts';
import { perform } from './task-call.ts';

/** Runs a resource through the TaskRunner, with its timeouts and, for `.waitForTaskToken`, its token. */
export function runTask(visit: Visit<TaskState>): Promise<Outcome> {
  return guarded(visit, async () => {
    const waits = parseResource(visit.state.Resource).waitsForToken;
    const token = waits ? visit.thread.run.tokens.open() : undefined;
    visit.taskToken = token?.token;
    try {
      return await attempt(visit, token);
    } finally {
      token?.close();
    }
  });
}

async function attempt(visit: Visit<TaskState>, token: OpenToken | undefined): Promise<Json> {
  const { state, thread } = visit;
  const { resource, resourceType } = parseResource(state.Resource);
  const names = { resource, resourceType };
  const args =
    state.Arguments === undefined ? visit.input : await visit.evaluate(state.Arguments, 'Arguments');
  const timeoutInSeconds = await seconds(visit, 'TimeoutSeconds', state.TimeoutSeconds);
  const heartbeatInSeconds = await seconds(visit, 'HeartbeatSeconds', state.HeartbeatSeconds);
  withinLimit(args, visit.name);
  thread.advance('TaskScheduled', {
    ...names,
    region: thread.run.region,
    parameters: args,
    ...(timeoutInSeconds === undefined ? {} : { timeoutInSeconds }),
    ...(heartbeatInSeconds === undefined ? {} : { heartbeatInSeconds }),
  });
  thread.advance('TaskStarted', names);
  try {
    const limits = { timeoutInSeconds, heartbeatInSeconds };
    const answer = await perform(visit, args, limits, token, (output) =>
      thread.advance('TaskSubmitted', { ...names, output }),
    );
    const output = withinLimit(answer, resourceType === 'lambda' ? 'lambda' : visit.name);
    thread.advance('TaskSucceeded', { ...names, output });
    return output;
  } catch (failure) {
    if (!(failure instanceof StateFailure)) throw failure;
    const type = failure instanceof TaskTimedOut ? 'TaskTimedOut' : 'TaskFailed';
    thread.advance(type, { ...names, ...failureDetails(failure) });
    throw failure;
  }
}

async function seconds(
  visit: Visit<TaskState>,
  field: 'TimeoutSeconds' | 'HeartbeatSeconds',
  value: number | string | undefined,
): Promise<number | undefined> {
  if (value === undefined) return undefined;
  const number = await visit.evaluateAs<number>(value, field, 'number');
  if (Number.isInteger(number) && number > 0) return number;
  throw visit.evaluationFailed(
    field,
    `The ${field} field must be a whole number above 0, but was: ${number}`,
  );
}
