import { randomUUID } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { FaultPort } from '../faults.ts';
import type { CloudEvent, Rule, TargetDefinition } from './rules.ts';
import { targetPayload } from './target-input.ts';

/** Attempts after the first when the target names no other number. Source: EventBridge, "Retry policy". */
const DEFAULT_RETRY_ATTEMPTS = 185;

/** Age at which an event is given up: 24 hours. Source: as above. */
const DEFAULT_EVENT_AGE_SECONDS = 86_400;

/** First wait before another attempt, doubling. AWS publishes no figures, only "exponential back off". */
const BACKOFF_MS = { first: 1_000, longest: 300_000 };

/** Errors of a target that a later attempt may not have. */
const RETRYABLE =
  /Throttl|TooManyRequests|LimitExceeded|ServiceException|ServiceUnavailable|InternalFailure|Timeout/;

/** What can happen to an event on its way. */
const ROUTE_EFFECTS = ['drop', 'delay', 'duplicate'] as const;

/** How the services behind targets are reached. Each rejects with an error whose `name` is the AWS error code. */
export interface DeliveryPorts {
  readonly clock: Clock;
  readonly fault?: FaultPort;
  /** Asynchronous invocation: resolves when it is accepted. */
  invokeFunction(region: string, functionArn: string, payload: string, ruleArn: string): Promise<void>;
  startExecution(start: ExecutionStart): Promise<void>;
  /** Throws when the queue's policy doesn't let EventBridge: the event is lost. */
  sendToQueue(queueArn: string, body: string, attributes: Record<string, string>, ruleArn: string): void;
  log(text: string): void;
}

export interface ExecutionStart {
  readonly region: string;
  readonly stateMachineArn: string;
  readonly roleArn: string | undefined;
  readonly name: string;
  readonly input: string;
}

export interface Delivery {
  /** Sends an event to one target of a rule, at least once; failures are retried, then go to the dead letter queue. */
  deliver(rule: Rule, target: TargetDefinition, event: CloudEvent): void;
  /** Deliveries begun and neither done nor given up. */
  pending(): number;
  stop(): void;
}

/** EventBridge's way from a rule that matched to its target. */
export function createDelivery(ports: DeliveryPorts): Delivery {
  const timers = new Set<() => void>();
  let open = 0;
  let stopped = false;

  function later(milliseconds: number, act: () => void): void {
    const cancel = ports.clock.after(milliseconds, () => {
      timers.delete(cancel);
      if (!stopped) act();
    });
    timers.add(cancel);
  }

  async function send(
    rule: Rule,
    target: TargetDefinition,
    payload: string,
    event: CloudEvent,
  ): Promise<void> {
    if (target.arn.includes(':lambda:')) {
      return ports.invokeFunction(rule.region, target.arn, payload, rule.arn);
    }
    const { region } = rule;
    const { arn: stateMachineArn, roleArn } = target;
    const name = `${event.id}_${randomUUID()}`;
    return ports.startExecution({ region, stateMachineArn, roleArn, name, input: payload });
  }

  async function attempt(
    rule: Rule,
    target: TargetDefinition,
    event: CloudEvent,
    begun: number,
    attempts: number,
  ): Promise<void> {
    try {
      const fault = ports.fault?.(subject(rule, target, event), ['error']);
      if (fault?.kind === 'error')
        throw Object.assign(new Error(fault.errorMessage), { name: fault.errorType });
      await send(rule, target, targetPayload(target, event, rule.arn), event);
      open -= 1;
    } catch (error) {
      retryOrGiveUp(rule, target, event, begun, attempts, error as Error);
    }
  }

  function retryOrGiveUp(
    rule: Rule,
    target: TargetDefinition,
    event: CloudEvent,
    begun: number,
    attempts: number,
    error: Error,
  ): void {
    const wait = Math.min(BACKOFF_MS.first * 2 ** attempts, BACKOFF_MS.longest);
    const ageLimitMs = (target.maximumEventAgeSeconds ?? DEFAULT_EVENT_AGE_SECONDS) * 1000;
    const exhausted = attempts >= (target.maximumRetryAttempts ?? DEFAULT_RETRY_ATTEMPTS);
    const tooOld = ports.clock.now() + wait - begun > ageLimitMs;
    if (RETRYABLE.test(error.name) && !exhausted && !tooOld) {
      later(wait, () => void attempt(rule, target, event, begun, attempts + 1));
      return;
    }
    open -= 1;
    ports.log(`Rule ${rule.name} gave up on ${target.arn}: ${error.name}: ${error.message}`);
    if (target.deadLetterArn === undefined) return;
    const attributes = {
      RULE_ARN: rule.arn,
      TARGET_ARN: target.arn,
      ERROR_CODE: error.name,
      ERROR_MESSAGE: error.message,
      EXHAUSTED_RETRY_CONDITION: tooOld ? 'MaximumEventAgeInSeconds' : 'MaximumRetryAttempts',
      RETRY_ATTEMPTS: String(attempts),
    };
    try {
      ports.sendToQueue(target.deadLetterArn, JSON.stringify(event), attributes, rule.arn);
    } catch (refusal) {
      ports.log(`Rule ${rule.name} lost an event: ${target.deadLetterArn} did not take it: ${refusal}`);
    }
  }

  return {
    deliver(rule, target, event) {
      const fault = ports.fault?.({ ...subject(rule, target, event), operation: 'Route' }, ROUTE_EFFECTS);
      if (fault?.kind === 'drop') return;
      const start = () => void attempt(rule, target, event, ports.clock.now(), 0);
      open += 1;
      if (fault?.kind === 'delay') later(fault.milliseconds, start);
      else start();
      if (fault?.kind !== 'duplicate') return;
      open += 1;
      later(fault.afterMilliseconds, start);
    },
    pending: () => open,
    stop() {
      stopped = true;
      for (const cancel of timers) cancel();
    },
  };
}

function subject(rule: Rule, target: TargetDefinition, event: CloudEvent) {
  return {
    service: 'events',
    region: rule.region,
    operation: 'Deliver',
    rule: rule.name,
    target: target.arn,
    payload: event,
  };
}
