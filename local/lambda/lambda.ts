import { randomUUID } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { FaultEffect, FaultPort } from '../faults.ts';
import type { Authorize, ServiceCall } from '../hooks.ts';
import type { WireHandler } from '../wire.ts';
import { type AsynchronousInvocations, createAsynchronous, type FailureRecord } from './asynchronous.ts';
import {
  ConnectionLost,
  type FunctionDefinition,
  type InvocationType,
  type InvokeResult,
  LambdaApiError,
  parseFunctionReference,
} from './definition.ts';
import { InitFailed, type Outcome, startEnvironment } from './execution-environment.ts';
import { type FunctionLog, openLog } from './log.ts';
import { assertRequest, limitAnswer } from './payloads.ts';
import { createPools } from './pool.ts';
import { environmentVariables, type RoleCredentials } from './variables.ts';
import { createLambdaHandler } from './wire-handler.ts';

export interface LambdaOptions {
  readonly clock: Clock;
  /** The cloud's own address, asked when an environment starts. */
  endpoint(): string;
  credentialsFor(roleArn: string): RoleCredentials;
  readonly authorize?: Authorize;
  /** Refuses a record that the function's role may not send to its destination. */
  authorizeRole?(roleArn: string, call: Omit<ServiceCall, 'accessKeyId'>): void;
  readonly fault?: FaultPort;
  /** Logs are <logDirectory>/<region>/<function>.log. */
  readonly logDirectory: string;
  /** Takes records for a destination that is no function (a queue). */
  sendToQueue?(queueArn: string, body: string): Promise<void>;
}

export interface InvokeCall {
  readonly region: string;
  /** Name, partial ARN or ARN. */
  readonly functionName: string;
  /** JSON text. */
  readonly payload: string;
  readonly invocationType?: InvocationType;
}

export interface RunningEnvironment {
  readonly region: string;
  readonly functionName: string;
  readonly pid: number;
  readonly busy: boolean;
}

export interface Lambda {
  readonly handle: WireHandler;
  /** Adds a function to a region; the same name replaces nothing and is refused. */
  register(region: string, definition: FunctionDefinition): void;
  functions(region: string): readonly FunctionDefinition[];
  /** As the Invoke API, without HTTP and without authorization. Rejects with LambdaApiError or ConnectionLost. */
  invoke(call: InvokeCall): Promise<InvokeResult>;
  /** Loads the handler of a function in so many processes before they are needed. */
  prewarm(region: string, functionName: string, count?: number): Promise<void>;
  environments(): readonly RunningEnvironment[];
  /** Sends a signal to every process of a function (SIGKILL when absent); answers how many. */
  killEnvironments(functionName: string, region: string, signal?: NodeJS.Signals): number;
  /** Asynchronous events accepted and neither done nor given up. */
  pendingEvents(): number;
  logFile(region: string, functionName: string): string;
  /** Ends every process. Asynchronous events that wait are lost. */
  stop(): Promise<void>;
}

interface Registered {
  readonly region: string;
  readonly key: string;
  readonly definition: FunctionDefinition;
  readonly log: FunctionLog;
  running: number;
}

/** Lambda of all regions: the functions of the template, each environment a child process of Node. */
export function createLambda(options: LambdaOptions): Lambda {
  const registered = new Map<string, Registered>();
  const pools = createPools();
  const clockOffset = () => Math.round(options.clock.now() - Date.now());
  const asynchronous: AsynchronousInvocations = createAsynchronous({
    clock: options.clock,
    run: (definition, requestId, payload) => run(registeredByArn(definition.arn), requestId, payload),
    giveUp,
    log: (definition, requestId, text) => registeredByArn(definition.arn).log.line(requestId, text),
  });

  function register(region: string, definition: FunctionDefinition): void {
    const key = `${region}/${definition.name}`;
    if (registered.has(key)) throw new Error(`Two functions are named ${definition.name} in ${region}`);
    const log = openLog(options.logDirectory, region, definition.name, () => options.clock.now());
    registered.set(key, { region, key, definition, log, running: 0 });
    pools.register(key, () => {
      const credentials = options.credentialsFor(definition.roleArn);
      const logStream = `[$LATEST]${randomUUID().replaceAll('-', '')}`;
      const variables = environmentVariables(definition, region, credentials, options.endpoint(), logStream);
      return startEnvironment(definition, variables, log, clockOffset());
    });
  }

  function registeredByArn(arn: string): Registered {
    const found = [...registered.values()].find((entry) => entry.definition.arn === arn);
    if (!found) throw new Error(`No function has the ARN ${arn}`);
    return found;
  }

  function find(region: string, functionName: string): Registered {
    const reference = parseFunctionReference(functionName);
    if (reference.region !== undefined && reference.region !== region) {
      const message = `Functions from '${reference.region}' are not reachable in this region ('${region}')`;
      throw new LambdaApiError('ResourceNotFoundException', 404, message);
    }
    const found = registered.get(`${region}/${reference.name}`);
    const knowsQualifier = reference.qualifier === undefined || reference.qualifier === '$LATEST';
    if (found && knowsQualifier) return found;
    const suffix = knowsQualifier ? '' : `:${reference.qualifier}`;
    const account = [...registered.values()][0]?.definition.arn.split(':')[4] ?? '000000000000';
    const arn = `arn:aws:lambda:${region}:${account}:function:${reference.name}${suffix}`;
    throw new LambdaApiError('ResourceNotFoundException', 404, `Function not found: ${arn}`);
  }

  async function run(entry: Registered, requestId: string, payload: string): Promise<InvokeResult> {
    const { definition, region } = entry;
    const limit = definition.reservedConcurrency;
    if (limit !== undefined && entry.running >= limit) throw throttled();
    const effect = options.fault?.(subject(region, 'Run', definition.name, payload));
    if (effect?.kind === 'delay') await wait(effect.milliseconds);
    if (effect?.kind === 'error') return failed(requestId, effect);
    entry.running += 1;
    try {
      const outcome = await runOnce(entry, requestId, payload);
      if (effect?.kind === 'answer-lost') {
        return failed(requestId, { errorType: 'Runtime.ExitError', errorMessage: effect.errorMessage });
      }
      if ('error' in outcome) return failed(requestId, outcome.error);
      return limitAnswer({
        statusCode: 200,
        requestId,
        executedVersion: '$LATEST',
        payload: outcome.payload,
      });
    } finally {
      entry.running -= 1;
    }
  }

  async function runOnce(entry: Registered, requestId: string, payload: string): Promise<Outcome> {
    try {
      const environment = await pools.acquire(entry.key);
      const started = performance.now();
      const timeoutMs = entry.definition.timeoutSeconds * 1000;
      const outcome = await environment.invoke({
        requestId,
        event: payload,
        timeoutMs,
        clockOffsetMs: clockOffset(),
      });
      pools.release(entry.key, environment);
      const failure = 'error' in outcome ? ` Error: ${outcome.error.errorType}` : '';
      entry.log.line(requestId, `REPORT Duration: ${(performance.now() - started).toFixed(2)} ms${failure}`);
      return outcome;
    } catch (error) {
      if (!(error instanceof InitFailed)) throw error;
      entry.log.line(requestId, `INIT failed: ${error.document.errorType}: ${error.document.errorMessage}`);
      return { error: error.document };
    }
  }

  async function invoke(call: InvokeCall): Promise<InvokeResult> {
    const entry = find(call.region, call.functionName);
    const type = call.invocationType ?? 'RequestResponse';
    const requestId = randomUUID();
    const payload = call.payload === '' ? '{}' : call.payload;
    assertRequest(payload, type);
    const accepted = { requestId, executedVersion: '$LATEST', payload: '' } as const;
    if (type === 'DryRun') return { ...accepted, statusCode: 204 };
    const effect = options.fault?.(subject(call.region, 'Invoke', entry.definition.name, payload));
    if (effect?.kind === 'error') throw apiError(effect);
    if (type === 'Event') {
      acceptEvent(entry.definition, requestId, payload, effect);
      return { ...accepted, statusCode: 202 };
    }
    if (effect?.kind === 'drop') throw new ConnectionLost();
    if (effect?.kind === 'delay') await wait(effect.milliseconds);
    const result = run(entry, requestId, payload);
    if (effect?.kind === 'duplicate') {
      options.clock.after(
        effect.afterMilliseconds,
        () => void run(entry, requestId, payload).catch(() => {}),
      );
    }
    if (effect?.kind !== 'answer-lost') return result;
    await result;
    throw new LambdaApiError('ServiceException', 500, effect.errorMessage);
  }

  function acceptEvent(
    definition: FunctionDefinition,
    requestId: string,
    payload: string,
    effect: FaultEffect | undefined,
  ): void {
    if (effect?.kind === 'drop') return;
    const accept = () => asynchronous.accept(definition, requestId, payload);
    if (effect?.kind === 'delay') options.clock.after(effect.milliseconds, accept);
    else accept();
    if (effect?.kind === 'duplicate') options.clock.after(effect.afterMilliseconds, accept);
    if (effect?.kind === 'answer-lost')
      throw new LambdaApiError('ServiceException', 500, effect.errorMessage);
  }

  async function giveUp(
    definition: FunctionDefinition,
    destination: string,
    record: FailureRecord,
  ): Promise<void> {
    const body = JSON.stringify(record);
    const region = destination.split(':')[3] ?? '';
    const isFunction = destination.includes(':lambda:');
    const action = isFunction ? 'lambda:InvokeFunction' : 'sqs:SendMessage';
    const operation = isFunction ? 'Invoke' : 'SendMessage';
    options.authorizeRole?.(definition.roleArn, { action, resource: destination, region, operation });
    if (isFunction) {
      await invoke({ region, functionName: destination, payload: body, invocationType: 'Event' });
    } else if (options.sendToQueue) {
      await options.sendToQueue(destination, body);
    } else {
      throw new Error(
        `${definition.name} has a destination that the embedded cloud can't reach: ${destination}`,
      );
    }
  }

  const wait = (milliseconds: number) =>
    new Promise<void>((resolve) => options.clock.after(milliseconds, resolve));

  const lambda = {
    register,
    functions: (region: string) =>
      [...registered.values()].filter((entry) => entry.region === region).map((entry) => entry.definition),
    invoke,
    prewarm: (region: string, functionName: string, count = 1) =>
      pools.prewarm(find(region, functionName).key, count),
    environments: () =>
      [...registered.values()].flatMap(({ region, key }) =>
        pools.environments(key).map(({ pid, functionName, busy }) => ({ region, functionName, pid, busy })),
      ),
    killEnvironments(functionName: string, region: string, signal: NodeJS.Signals = 'SIGKILL') {
      const all = pools.environments(find(region, functionName).key);
      for (const environment of all) environment.kill(signal);
      return all.length;
    },
    pendingEvents: () => asynchronous.pending(),
    logFile: (region: string, functionName: string) => find(region, functionName).log.file,
    async stop() {
      asynchronous.stop();
      await pools.stop();
      await Promise.all([...registered.values()].map((entry) => entry.log.close()));
    },
  };
  return {
    ...lambda,
    handle: createLambdaHandler(
      { invoke, functions: lambda.functions, find: (...at) => find(...at).definition },
      options,
    ),
  };
}

function subject(region: string, operation: string, functionName: string, payload: string) {
  return {
    service: 'lambda',
    region,
    operation,
    functionName,
    get payload(): unknown {
      return JSON.parse(payload);
    },
  };
}

function failed(requestId: string, error: { errorType: string; errorMessage: string }): InvokeResult {
  const { errorType, errorMessage } = error;
  const trace = 'trace' in error ? { trace: error.trace } : {};
  const payload = JSON.stringify({ errorType, errorMessage, ...trace });
  return { statusCode: 200, requestId, executedVersion: '$LATEST', payload, functionError: 'Unhandled' };
}

function apiError(effect: Extract<FaultEffect, { kind: 'error' }>): LambdaApiError {
  return new LambdaApiError(effect.errorType, effect.statusCode ?? 500, effect.errorMessage);
}

function throttled(): LambdaApiError {
  return new LambdaApiError('TooManyRequestsException', 429, 'Rate Exceeded.', {
    Reason: 'ReservedFunctionConcurrentInvocationLimitExceeded',
  });
}
