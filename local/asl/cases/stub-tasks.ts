import type { Clock } from '../../clock.ts';
import { TaskError } from '../errors.ts';
import { isJsonObject, type Json } from '../json.ts';
import type { TaskContext, TaskRunner } from '../tasks.ts';
import type { TokenBook } from '../token-book.ts';
import { sleep } from '../waiting.ts';
import type { CaseFile, LambdaStub, TaskResponse } from './case-file.ts';

/** Every call takes some time, so that tasks side by side have all begun before the first is answered. */
const CALL_MS = 1;

/**
 * Answers a case's tasks as the recording says, and tasks that it doesn't list (a Map Run's) by the function stubs.
 * An attempt beyond the listed ones stays unanswered, as it was when AWS aborted it.
 */
export function stubRunner(recorded: CaseFile, clock: Clock, tokens: TokenBook): TaskRunner {
  const responses = [...(recorded.taskResponses ?? [])];
  const listed = new Set(responses.map(({ state }) => state));
  const submissions = recorded.expectedHistory.events.filter(({ type }) => type === 'TaskSubmitted');
  return async (resource, args, context) => {
    const response = take(responses, context);
    await sleep(clock, CALL_MS, context.signal);
    if (response === undefined && listed.has(context.stateName)) return new Promise(() => {});
    if (response === undefined) return callStub(recorded.lambdaStubs ?? [], args, context, clock);
    if (resource.includes('.sync')) context.submitted(submissions.shift()?.details?.['output'] ?? {});
    if (context.taskToken !== undefined) {
      settle(tokens, context.taskToken, response);
      return {};
    }
    return answer(response);
  };
}

function take(responses: TaskResponse[], context: TaskContext): TaskResponse | undefined {
  const index = responses.findIndex(
    ({ state, mapIndex }) =>
      state === context.stateName && (mapIndex === undefined || mapIndex === context.mapIndex),
  );
  return index < 0 ? undefined : responses.splice(index, 1)[0];
}

function answer(response: TaskResponse): Promise<Json> | Json {
  if (response.outcome === 'timeout') return new Promise(() => {});
  if (response.outcome === 'succeed') return response.output ?? null;
  throw new TaskError(response.error, causeText(response));
}

function settle(tokens: TokenBook, token: string, response: TaskResponse): void {
  if (response.outcome === 'timeout') return;
  if (response.outcome === 'succeed')
    tokens.settle(token, { kind: 'succeeded', output: response.output ?? null });
  else tokens.settle(token, { kind: 'failed', error: response.error, cause: causeText(response) });
}

function causeText(response: TaskResponse): string | undefined {
  return response.causeJson === undefined ? response.cause : JSON.stringify(response.causeJson);
}

async function callStub(
  stubs: readonly LambdaStub[],
  args: Json,
  context: TaskContext,
  clock: Clock,
): Promise<Json> {
  const named = isJsonObject(args) ? String(args['FunctionName']) : '';
  const stub = stubs.find(({ functionName }) => named.endsWith(functionName)) ?? stubs[0];
  if (stub === undefined)
    throw new Error(`the recording has no answer for the task of '${context.stateName}'`);
  const event = isJsonObject(args) ? (args['Payload'] ?? {}) : {};
  return { ExecutedVersion: '$LATEST', StatusCode: 200, Payload: await behave(stub, event, context, clock) };
}

async function behave(
  { behaviour }: LambdaStub,
  event: Json,
  context: TaskContext,
  clock: Clock,
): Promise<Json> {
  switch (behaviour.kind) {
    case 'echoEvent':
      return event;
    case 'returnJson':
      return behaviour.value;
    case 'returnLargeString':
      return 'a'.repeat(behaviour.bytes);
    case 'sleepThenEcho':
      await sleep(clock, behaviour.seconds * 1000, context.signal);
      return event;
    case 'throw': {
      const { errorType, errorMessage } = behaviour;
      throw new TaskError(
        errorType,
        JSON.stringify({ errorMessage, errorType, requestId: 'stub', stackTrace: [] }),
      );
    }
  }
}
