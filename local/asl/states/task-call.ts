import type { TaskState } from '../definition.ts';
import { StateFailure, TaskTimedOut } from '../errors.ts';
import type { Json } from '../json.ts';
import { parseResource } from '../resource.ts';
import type { OpenToken, TokenOutcome } from '../tasks.ts';
import type { Visit } from '../visit.ts';
import { alarm, orAborted } from '../waiting.ts';

export interface TaskLimits {
  readonly timeoutInSeconds: number | undefined;
  readonly heartbeatInSeconds: number | undefined;
}

/**
 * Calls the resource once and waits for its end: the runner's answer, or the outcome of the token. TimeoutSeconds
 * runs from the call; HeartbeatSeconds only from when the called function has answered. However it ends, no timer
 * or listener is left.
 * @throws TaskError, TaskTimedOut, or why the thread was stopped
 */
export function perform(
  visit: Visit<TaskState>,
  args: Json,
  limits: TaskLimits,
  token: OpenToken | undefined,
  submitted: (output: Json) => void,
): Promise<Json> {
  const { run, signal, mapItem } = visit.thread;
  return orAborted<Json>((resolve, reject) => {
    const stop = new AbortController();
    const endings = [() => stop.abort()];
    if (limits.timeoutInSeconds !== undefined) {
      endings.push(alarm(run.clock, limits.timeoutInSeconds * 1000, () => reject(new TaskTimedOut())));
    }
    const answered = (answer: Json): void => {
      if (stop.signal.aborted) return;
      if (token === undefined) {
        resolve(answer);
        return;
      }
      submitted(answer);
      endings.push(watchHeartbeat(visit, token, limits.heartbeatInSeconds, reject));
      endings.push(token.onOutcome((outcome) => settle(outcome, resolve, reject)));
    };
    const call = run.runner(parseResource(visit.state.Resource).tail, args, {
      region: run.region,
      executionArn: run.executionArn,
      roleArn: run.roleArn,
      stateName: visit.name,
      mapIndex: mapItem?.index,
      taskToken: token?.token,
      signal: stop.signal,
      submitted: (output) => {
        if (!stop.signal.aborted) submitted(output);
      },
    });
    call.then(answered).catch(reject);
    return () => {
      for (const end of endings) end();
    };
  }, signal);
}

function settle(
  outcome: TokenOutcome,
  resolve: (output: Json) => void,
  reject: (failure: StateFailure) => void,
): void {
  if (outcome.kind === 'succeeded') resolve(outcome.output);
  else reject(new StateFailure(outcome.error, outcome.cause));
}

/** Each heartbeat starts the count again; a missed one is an ordinary timeout (recorded). */
function watchHeartbeat(
  visit: Visit<TaskState>,
  token: OpenToken,
  everySeconds: number | undefined,
  reject: (failure: StateFailure) => void,
): () => void {
  if (everySeconds === undefined) return () => {};
  const arm = (): (() => void) =>
    alarm(visit.thread.run.clock, everySeconds * 1000, () => reject(new TaskTimedOut()));
  let cancel = arm();
  const unlisten = token.onHeartbeat(() => {
    cancel();
    cancel = arm();
  });
  return () => {
    cancel();
    unlisten();
  };
}
