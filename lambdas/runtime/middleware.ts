import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@aws-lambda-powertools/logger';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { logMetrics } from '@aws-lambda-powertools/metrics/middleware';
import { Tracer } from '@aws-lambda-powertools/tracer';
import { captureLambdaHandler } from '@aws-lambda-powertools/tracer/middleware';
import middy, { type MiddlewareObj } from '@middy/core';
import { TankerError, WarmEvent } from '@tanker/contract/index.ts';
import type { Context } from 'aws-lambda';
import type { z } from 'zod';
import { errorFields } from './error-fields.ts';
import { parseEvent } from './parse-event.ts';

export const logger = new Logger();
export const metrics = new Metrics();
export { MetricUnit };

/** HTTP is not patched: the patch stands in the way of every transferred byte. */
const tracer = new Tracer({ captureHTTPsRequests: false });

/** What a function knows beside its event. */
export interface Scope {
  readonly logger: Logger;
  readonly context: Context;
}

export type ThinHandler<R> = (event: unknown, context: Context) => Promise<R | { warm: true }>;

/** Fields of an event that stand in every log line of its invocation. */
const LOGGED = ['task', 'company', 'phase', 'epoch', 'attempt', 'action', 'provider', 'location'] as const;

/** Answers a WarmEvent before anything else looks at it: the environment is up, and is held so that others start too. */
const answerWarmEvents: MiddlewareObj = {
  before: async ({ event }) => {
    const warm = WarmEvent.safeParse(event);
    if (!warm.success) return undefined;
    await sleep(warm.data.holdMilliseconds);
    return { warm: true };
  },
};

const countAndTell: MiddlewareObj = {
  after: () => {
    metrics.addMetric('Handled', MetricUnit.Count, 1);
  },
  onError: (request) => {
    metrics.addMetric('Failed', MetricUnit.Count, 1);
    logger.error('The function failed.', errorFields(request.error));
    if (!(request.error instanceof TankerError)) request.error = unnamed(request.error);
  },
};

/** A foreign error, of the SDK or of a defect: the machines know its new name and try again; its message stays here. */
const unnamed = (error: unknown): TankerError =>
  new TankerError(
    'InternalFailure',
    {
      what: `The function failed with ${error instanceof Error ? error.name : typeof error}.`,
      now: 'What it had begun may be unfinished; each of its calls may be repeated.',
      next: "Look at the function's log for that time.",
    },
    { cause: error },
  );

/**
 * A Lambda handler around one domain function: the event is parsed by its schema, log lines carry whose event it is,
 * errors are logged without customer data and thrown on with a name of the contract. Middy's early timeout is off: a function's
 * own limits are shorter, and an answer that races the work would leave the work's outcome unknown.
 *
 * @param fixed fields for each log line that the event does not carry, such as the phase
 */
export function controlHandler<S extends z.ZodType, R>(
  schema: S,
  fn: (event: z.infer<S>, scope: Scope) => Promise<R>,
  fixed: Readonly<Record<string, string>> = {},
): ThinHandler<R> {
  const handler = middy({ timeoutEarlyInMillis: 0 })
    .use(answerWarmEvents)
    .use(injectLambdaContext(logger, { resetKeys: true }) as MiddlewareObj)
    .use(captureLambdaHandler(tracer, { captureResponse: false }) as MiddlewareObj)
    .use(logMetrics(metrics, { captureColdStartMetric: true }) as MiddlewareObj)
    .use(countAndTell)
    .handler(async (event: unknown, context: Context) => {
      const parsed = parseEvent(schema, event);
      logger.appendKeys({ ...fixed, ...identity(parsed) });
      return fn(parsed, { logger, context });
    });
  return handler as unknown as ThinHandler<R>;
}

function identity(event: unknown): Record<string, unknown> {
  const fields = (event ?? {}) as Record<string, unknown>;
  return Object.fromEntries(
    LOGGED.filter((name) => fields[name] !== undefined).map((name) => [name, fields[name]]),
  );
}
