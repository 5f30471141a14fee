import type { Definition, GuardedState, MapState, State } from '../definition.ts';
import { errorOutput, StateFailure } from '../errors.ts';
import { stepFunctions } from '../functions.ts';
import { History } from '../history.ts';
import type { Json, JsonObject } from '../json.ts';
import { leave, type Outcome } from '../outcome.ts';
import { backoffSeconds, matches } from '../retry.ts';
import type { Run } from '../run.ts';
import { Scope } from '../scope.ts';
import { runChoice } from '../states/choice.ts';
import { exceedsThreshold, thresholdExceeded } from '../states/distributed-map.ts';
import { runFail } from '../states/fail.ts';
import { evaluateWork } from '../states/map.ts';
import { Thread } from '../thread.ts';
import { TokenBook } from '../token-book.ts';
import { Visit } from '../visit.ts';
import { VirtualClock } from './virtual-clock.ts';
import { matchesRecording } from './wildcards.ts';

/** One state as AWS's TestState ran it, what it calls mocked. */
export interface TestStateFile {
  readonly name: string;
  /** One state, or a machine of which `stateName` is meant. */
  readonly definition: State | Definition;
  readonly stateName?: string;
  readonly input: Json;
  readonly variables?: JsonObject;
  readonly stateConfiguration?: {
    readonly retrierRetryCount?: number;
    readonly mapIterationFailureCount?: number;
  };
  readonly mock?: { readonly result?: string; readonly errorOutput?: { error?: string; cause?: string } };
  readonly expected: JsonObject;
}

/** The name and the ARNs that TestState gives, whatever the state is called. */
const STATE_NAME = 'StateName';
const ARN = 'arn:aws:states:us-east-1:111111111111';
const ROLE_ARN = 'arn:aws:iam::111111111111:role/case';
const START_MS = Date.parse('2026-01-01T00:00:00Z');
/** Attempts of a retrier that doesn't say. Source: Amazon States Language. */
const DEFAULT_ATTEMPTS = 3;

/** Plays one single-state case and answers how it differs from AWS's recording; undefined when it doesn't. */
export async function runTestState(file: TestStateFile): Promise<string | undefined> {
  const actual = await testState(file);
  if (matchesRecording(file.expected, actual)) return undefined;
  return `expected ${JSON.stringify(file.expected)}\n      but got  ${JSON.stringify(actual)}`;
}

async function testState(file: TestStateFile): Promise<JsonObject> {
  const state = 'States' in file.definition ? file.definition.States[file.stateName ?? ''] : file.definition;
  if (state === undefined) throw new Error(`the definition has no state '${file.stateName}'`);
  const visit = new Visit(STATE_NAME, state, file.input, makeThread(file));
  const inspectionData: JsonObject = { input: file.input };
  if (Object.keys(file.variables ?? {}).length > 0) inspectionData['variables'] = file.variables ?? {};
  try {
    const outcome = await passThrough(visit, file, inspectionData);
    return { status: 'SUCCEEDED', inspectionData, ...leaving(outcome) };
  } catch (failure) {
    if (!(failure instanceof StateFailure)) throw failure;
    const { error, reason } = failure;
    const words = {
      ...(error === undefined ? {} : { error }),
      ...(reason === undefined ? {} : { cause: reason }),
    };
    return { ...words, ...(await handle(visit, failure, file, inspectionData)), inspectionData };
  }
}

function leaving({ output, next }: Outcome): JsonObject {
  return { output, ...(next === undefined ? {} : { nextState: next }) };
}

async function passThrough(visit: Visit, file: TestStateFile, inspection: JsonObject): Promise<Outcome> {
  const { state } = visit;
  if (state.Type === 'Choice') return runChoice(visit as Visit<typeof state>);
  if (state.Type === 'Fail') return runFail(visit as Visit<typeof state>);
  if (state.Type !== 'Task' && state.Type !== 'Map' && state.Type !== 'Parallel') {
    return leave(visit, state, visit.input);
  }
  visit.retryCount = 0;
  if (state.Type === 'Task' && state.Arguments !== undefined) {
    inspection['afterArguments'] = await visit.evaluate(state.Arguments, 'Arguments');
  }
  if (state.Type === 'Map') await inspectMap(visit as Visit<MapState>, file, inspection);
  const { error, cause } = file.mock?.errorOutput ?? {};
  if (file.mock?.errorOutput !== undefined) throw new StateFailure(error, cause);
  const result = JSON.parse(file.mock?.result ?? 'null') as Json;
  return leave(visit, state, result, { result });
}

async function inspectMap(
  visit: Visit<MapState>,
  file: TestStateFile,
  inspection: JsonObject,
): Promise<void> {
  const work = await evaluateWork(visit);
  inspection['maxConcurrency'] = work.maxConcurrency;
  for (const field of ['toleratedFailureCount', 'toleratedFailurePercentage'] as const) {
    if (work[field] !== undefined) inspection[field] = work[field];
  }
  if (exceedsThreshold(file.stateConfiguration?.mapIterationFailureCount ?? 0, work))
    throw thresholdExceeded();
}

/** What Retry and Catch make of the failure. */
async function handle(
  visit: Visit,
  failure: StateFailure,
  file: TestStateFile,
  inspection: JsonObject,
): Promise<JsonObject> {
  const { Retry = [], Catch = [] } = visit.state as GuardedState;
  const retryIndex = Retry.findIndex(({ ErrorEquals }) => matches(ErrorEquals, failure));
  const retrier = Retry[retryIndex];
  const used = file.stateConfiguration?.retrierRetryCount ?? 0;
  if (retrier !== undefined) {
    const again = used < (retrier.MaxAttempts ?? DEFAULT_ATTEMPTS);
    const details: JsonObject = { retryIndex };
    if (again) details['retryBackoffIntervalSeconds'] = backoffSeconds(retrier, used);
    inspection['errorDetails'] = details;
    if (again) return { status: 'RETRIABLE' };
  }
  const catchIndex = Catch.findIndex(({ ErrorEquals }) => matches(ErrorEquals, failure));
  const catcher = Catch[catchIndex];
  if (catcher === undefined) return { status: 'FAILED' };
  inspection['errorDetails'] = { catchIndex };
  const output = errorOutput(failure);
  const outcome = await leave(visit, catcher, output, { errorOutput: output }, `Catch[${catchIndex}]/`);
  return { status: 'CAUGHT_ERROR', ...leaving(outcome) };
}

function makeThread(file: TestStateFile): Thread {
  const clock = new VirtualClock(START_MS);
  const scope = new Scope();
  scope.assign(file.variables ?? {});
  const history = new History(() => clock.now());
  const run: Run = {
    clock,
    random: Math.random,
    runner: () => Promise.reject(new Error('a single state calls nothing')),
    tokens: new TokenBook('us-east-1').of(`${ARN}:stateMachine:machine`),
    turn: () => 0,
    region: 'us-east-1',
    executionArn: `${ARN}:express:machine:run`,
    stateMachineArn: `${ARN}:stateMachine:machine`,
    roleArn: ROLE_ARN,
    functions: () => stepFunctions({ now: () => clock.now(), random: Math.random }),
    context: {
      Execution: {
        Id: `${ARN}:express:machine:run`,
        Input: file.input,
        Name: 'run',
        RoleArn: file.mock === undefined ? null : ROLE_ARN,
        StartTime: new Date(START_MS).toISOString(),
      },
      StateMachine: { Id: `${ARN}:stateMachine:machine`, Name: 'machine' },
    },
    permitChildren: () => {},
    startChild: () => {
      throw new Error('a single state starts no children');
    },
  };
  return new Thread(run, {
    history,
    scope,
    signal: new AbortController().signal,
    mapItem: undefined,
    last: 0,
  });
}
