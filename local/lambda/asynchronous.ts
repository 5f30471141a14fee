import type { Clock } from '../clock.ts';
import type { FunctionDefinition, InvokeResult } from './definition.ts';
import { LambdaApiError } from './definition.ts';

/** Waits before the second and the third attempt. Source: Lambda, "How Lambda handles errors and retries". */
const RETRY_DELAYS_MS = [60_000, 120_000];

/** Attempts after the first that are made when nothing is configured. Source: as above. */
const DEFAULT_RETRY_ATTEMPTS = 2;

/** An event older than this is given up: 6 hours, unless configured lower. Source: as above. */
const DEFAULT_EVENT_AGE_SECONDS = 21_600;

/** Throttled events are tried again after 1 s, doubling up to 5 minutes. Source: as above. */
const THROTTLE_DELAY_MS = { first: 1_000, longest: 300_000 };

interface QueuedEvent {
  readonly definition: FunctionDefinition;
  readonly requestId: string;
  readonly payload: string;
  readonly acceptedAt: number;
  attempts: number;
  throttles: number;
}

/** Record that a destination gets. Source: Lambda, "Capturing records of asynchronous invocations". */
export interface FailureRecord {
  readonly version: '1.0';
  readonly timestamp: string;
  readonly requestContext: {
    readonly requestId: string;
    readonly functionArn: string;
    readonly condition: 'RetriesExhausted' | 'EventAgeExceeded';
    readonly approximateInvokeCount: number;
  };
  readonly requestPayload: unknown;
  readonly responseContext?: {
    readonly statusCode: number;
    readonly executedVersion: string;
    readonly functionError?: string;
  };
  readonly responsePayload?: unknown;
}

export interface AsynchronousPorts {
  readonly clock: Clock;
  /** Runs it once; rejects with LambdaApiError only (throttled, function gone). */
  run(definition: FunctionDefinition, requestId: string, payload: string): Promise<InvokeResult>;
  /** Sends the record of an event that is given up to the configured destination. */
  giveUp(definition: FunctionDefinition, destinationArn: string, record: FailureRecord): Promise<void>;
  log(definition: FunctionDefinition, requestId: string, text: string): void;
}

export interface AsynchronousInvocations {
  /** Takes an event in; it runs soon, perhaps more than once. */
  accept(definition: FunctionDefinition, requestId: string, payload: string): void;
  /** Events accepted and neither done nor given up. */
  pending(): number;
  stop(): void;
}

/** Lambda's queue in front of asynchronous invocations: retries, age limit, destination on failure. */
export function createAsynchronous(ports: AsynchronousPorts): AsynchronousInvocations {
  const timers = new Set<() => void>();
  let open = 0;
  let stopped = false;

  function later(milliseconds: number, event: QueuedEvent): void {
    const cancel = ports.clock.after(milliseconds, () => {
      timers.delete(cancel);
      void attempt(event);
    });
    timers.add(cancel);
  }

  function isTooOld(event: QueuedEvent, at: number): boolean {
    const limit = event.definition.eventInvokeConfig?.maximumEventAgeSeconds ?? DEFAULT_EVENT_AGE_SECONDS;
    return at - event.acceptedAt > limit * 1000;
  }

  async function giveUp(
    event: QueuedEvent,
    condition: FailureRecord['requestContext']['condition'],
    last?: InvokeResult,
  ): Promise<void> {
    open -= 1;
    ports.log(event.definition, event.requestId, `Asynchronous invocation given up: ${condition}`);
    const destination = event.definition.eventInvokeConfig?.onFailure;
    if (destination === undefined) return;
    const record = failureRecord(event, condition, new Date(ports.clock.now()).toISOString(), last);
    try {
      await ports.giveUp(event.definition, destination, record);
    } catch (error) {
      ports.log(
        event.definition,
        event.requestId,
        `Destination ${destination} did not take the record: ${error}`,
      );
    }
  }

  async function attempt(event: QueuedEvent): Promise<void> {
    if (stopped) return;
    if (isTooOld(event, ports.clock.now())) return giveUp(event, 'EventAgeExceeded');
    let result: InvokeResult;
    try {
      result = await ports.run(event.definition, event.requestId, event.payload);
    } catch (error) {
      if (stopped) return;
      if (!(error instanceof LambdaApiError)) throw error;
      const wait = Math.min(THROTTLE_DELAY_MS.first * 2 ** event.throttles, THROTTLE_DELAY_MS.longest);
      event.throttles += 1;
      return later(wait, event);
    }
    event.attempts += 1;
    if (stopped) return;
    if (result.functionError === undefined) {
      open -= 1;
      return;
    }
    const retries = event.definition.eventInvokeConfig?.maximumRetryAttempts ?? DEFAULT_RETRY_ATTEMPTS;
    if (event.attempts > retries) return giveUp(event, 'RetriesExhausted', result);
    const wait = RETRY_DELAYS_MS[event.attempts - 1] ?? 0;
    if (isTooOld(event, ports.clock.now() + wait)) return giveUp(event, 'EventAgeExceeded', result);
    later(wait, event);
  }

  return {
    accept(definition, requestId, payload) {
      open += 1;
      const acceptedAt = ports.clock.now();
      void attempt({ definition, requestId, payload, acceptedAt, attempts: 0, throttles: 0 });
    },
    pending: () => open,
    stop() {
      stopped = true;
      for (const cancel of timers) cancel();
    },
  };
}

function failureRecord(
  event: QueuedEvent,
  condition: FailureRecord['requestContext']['condition'],
  timestamp: string,
  last?: InvokeResult,
): FailureRecord {
  return {
    version: '1.0',
    timestamp,
    requestContext: {
      requestId: event.requestId,
      functionArn: `${event.definition.arn}:$LATEST`,
      condition,
      approximateInvokeCount: event.attempts,
    },
    requestPayload: JSON.parse(event.payload),
    ...(last && {
      responseContext: {
        statusCode: last.statusCode,
        executedVersion: last.executedVersion,
        functionError: last.functionError,
      },
      responsePayload: JSON.parse(last.payload),
    }),
  };
}
