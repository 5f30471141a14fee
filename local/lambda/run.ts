import type { Clock } from '../clock.ts';
import type { FaultPort, FaultSubject } from '../faults.ts';
import { type InvokeResult, LambdaApiError } from './definition.ts';
import { InitFailed, type Outcome } from './execution-environment.ts';
import { limitAnswer } from './payloads.ts';
import type { EnvironmentPools } from './pool.ts';
import type { FunctionRun, Registered } from './registry.ts';

export interface RunPorts {
  readonly clock: Clock;
  readonly fault?: FaultPort;
  readonly pools: EnvironmentPools;
  /** Whether the region's concurrency has room for one more. */
  mayRun(region: string): boolean;
}

/** Runs a function once. Rejects only with LambdaApiError TooManyRequestsException: all else is a result. */
export type Run = (entry: Registered, requestId: string, payload: string) => Promise<InvokeResult>;

/** What a fault can do to a function's own run. */
const RUN_EFFECTS = ['error', 'delay', 'answer-delayed', 'answer-lost', 'hold'] as const;

/** Runs functions in their environments, within the reserved concurrency. */
export function createRun(ports: RunPorts): Run {
  const runIn = async (entry: Registered, requestId: string, current: FunctionRun): Promise<InvokeResult> => {
    const { payload } = current;
    const { reservedConcurrency } = entry.definition;
    if (reservedConcurrency !== undefined && entry.running >= reservedConcurrency)
      throw throttled('ReservedFunctionConcurrentInvocationLimitExceeded');
    if (!ports.mayRun(entry.region)) throw throttled('ConcurrentInvocationLimitExceeded');
    const effect = ports.fault?.(faultSubject(entry, 'Run', payload, true), RUN_EFFECTS);
    if (effect?.kind === 'delay') await waitFor(ports.clock, effect.milliseconds);
    if (effect?.kind === 'hold' && effect.what === 'call') await effect.hold();
    if (effect?.kind === 'error') return failed(requestId, effect);
    entry.running += 1;
    try {
      const outcome = await runOnce(entry, requestId, current, ports);
      if (effect?.kind === 'answer-delayed') await waitFor(ports.clock, effect.milliseconds);
      if (effect?.kind === 'hold' && effect.what === 'answer') await effect.hold();
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
  };
  return async (entry, requestId, payload) => {
    const current: FunctionRun = { payload };
    entry.runs.add(current);
    try {
      return await runIn(entry, requestId, current);
    } finally {
      entry.runs.delete(current);
    }
  };
}

async function runOnce(
  entry: Registered,
  requestId: string,
  current: FunctionRun,
  ports: RunPorts,
): Promise<Outcome> {
  const { definition, key, log } = entry;
  try {
    const environment = await ports.pools.acquire(key);
    current.pid = environment.pid;
    const started = performance.now();
    const timeoutMs = definition.timeoutSeconds * 1000;
    const outcome = await environment.invoke({
      requestId,
      event: current.payload,
      timeoutMs,
      clockOffsetMs: clockOffset(ports.clock),
    });
    ports.pools.release(key, environment);
    const failure = 'error' in outcome ? ` Error: ${outcome.error.errorType}` : '';
    const took = `Duration: ${(performance.now() - started).toFixed(2)} ms`;
    const memory = `Memory Size: ${definition.memoryMb} MB Max Memory Used: ${environment.peakMemoryMb} MB`;
    log.line(requestId, `REPORT ${took} ${memory}${failure}`);
    return outcome;
  } catch (error) {
    if (!(error instanceof InitFailed)) throw error;
    log.line(requestId, `INIT failed: ${error.document.errorType}: ${error.document.errorMessage}`);
    return { error: error.document };
  }
}

/** How far the cloud's clock is ahead of the machine's, in milliseconds. */
export function clockOffset(clock: Clock): number {
  return Math.round(clock.now() - Date.now());
}

export function waitFor(clock: Clock, milliseconds: number): Promise<void> {
  return new Promise((resolve) => clock.after(milliseconds, resolve));
}

/** A call as faults see it; the payload is parsed only when one looks at it. */
export function faultSubject(
  { region, definition }: Registered,
  operation: string,
  payload: string,
  namedOnly = false,
): FaultSubject {
  return {
    service: 'lambda',
    region,
    operation,
    functionName: definition.name,
    namedOnly,
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

/** Source: Lambda API reference, TooManyRequestsException, Reason. */
function throttled(Reason: string): LambdaApiError {
  return new LambdaApiError('TooManyRequestsException', 429, 'Rate Exceeded.', { Reason });
}
