import { randomUUID } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { FaultPort, Hit } from '../faults.ts';
import type { AsynchronousInvocations } from './asynchronous.ts';
import { ConnectionLost, type InvocationType, type InvokeResult, LambdaApiError } from './definition.ts';
import { assertRequest } from './payloads.ts';
import type { FunctionRegistry, Registered } from './registry.ts';
import { faultSubject, type Run, waitFor } from './run.ts';

export interface InvokeCall {
  readonly region: string;
  /** Name, partial ARN or ARN. */
  readonly functionName: string;
  /** JSON text. */
  readonly payload: string;
  readonly invocationType?: InvocationType;
}

/** As the Invoke API, without HTTP and without authorization. Rejects with LambdaApiError or ConnectionLost. */
export type Invoke = (call: InvokeCall) => Promise<InvokeResult>;

export interface InvokePorts {
  readonly clock: Clock;
  readonly fault?: FaultPort;
  readonly registry: FunctionRegistry;
  readonly run: Run;
  readonly asynchronous: AsynchronousInvocations;
}

export function createInvoke(ports: InvokePorts): Invoke {
  return async (call) => {
    const entry = ports.registry.find(call.region, call.functionName);
    const type = call.invocationType ?? 'RequestResponse';
    const requestId = randomUUID();
    const payload = call.payload === '' ? '{}' : call.payload;
    assertRequest(payload, type);
    const empty = { requestId, executedVersion: '$LATEST', payload: '' } as const;
    if (type === 'DryRun') return { ...empty, statusCode: 204 };
    const effect = ports.fault?.(faultSubject(entry, 'Invoke', payload));
    if (effect?.kind === 'error') {
      throw new LambdaApiError(effect.errorType, effect.statusCode ?? 500, effect.errorMessage);
    }
    if (type === 'RequestResponse') return runNow(entry, requestId, payload, effect, ports);
    acceptEvent(entry, requestId, payload, effect, ports);
    return { ...empty, statusCode: 202 };
  };
}

async function runNow(
  entry: Registered,
  requestId: string,
  payload: string,
  effect: Hit | undefined,
  { clock, run }: InvokePorts,
): Promise<InvokeResult> {
  if (effect?.kind === 'drop') throw new ConnectionLost();
  if (effect?.kind === 'delay') await waitFor(clock, effect.milliseconds);
  if (effect?.kind === 'duplicate') {
    // Nobody waits for the second run; being throttled is its only way to fail.
    clock.after(effect.afterMilliseconds, () => void run(entry, requestId, payload).catch(() => {}));
  }
  if (effect?.kind === 'hold')
    void effect
      .hold()
      .then(() => run(entry, requestId, payload))
      .catch(() => {});
  const result = await run(entry, requestId, payload);
  if (effect?.kind === 'answer-lost') throw new LambdaApiError('ServiceException', 500, effect.errorMessage);
  return result;
}

function acceptEvent(
  { definition }: Registered,
  requestId: string,
  payload: string,
  effect: Hit | undefined,
  { asynchronous, clock }: InvokePorts,
): void {
  if (effect?.kind === 'drop') return;
  const accept = () => asynchronous.accept(definition, requestId, payload);
  if (effect?.kind === 'delay') clock.after(effect.milliseconds, accept);
  else accept();
  if (effect?.kind === 'duplicate') clock.after(effect.afterMilliseconds, accept);
  if (effect?.kind === 'hold') void effect.hold().then(accept);
  if (effect?.kind === 'answer-lost') throw new LambdaApiError('ServiceException', 500, effect.errorMessage);
}
