import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { InjectFault } from './hooks.ts';

/** What a fault does to the one call that it hits. */
const effectSchema = z.discriminatedUnion('kind', [
  /** The call fails and nothing happens. With `statusCode` it is an error of the service's API, else of the callee. */
  z.strictObject({
    kind: z.literal('error'),
    errorType: z.string(),
    errorMessage: z.string().default('Injected fault'),
    statusCode: z.int().min(400).max(599).optional(),
  }),
  /** What was sent is lost: an asynchronous sender hears success, a synchronous one loses its connection. */
  z.strictObject({ kind: z.literal('drop') }),
  /** Everything happens, later. */
  z.strictObject({ kind: z.literal('delay'), milliseconds: z.number().min(0) }),
  /** It happens twice; the second time starts this long after the first. */
  z.strictObject({ kind: z.literal('duplicate'), afterMilliseconds: z.number().min(0).default(0) }),
  /** It happens, and the caller gets the answer later. */
  z.strictObject({ kind: z.literal('answer-delayed'), milliseconds: z.number().min(0) }),
  /** It happens, and the caller gets a server error instead of the answer. */
  z.strictObject({
    kind: z.literal('answer-lost'),
    errorMessage: z.string().default('Injected fault: answer lost'),
  }),
  /**
   * Something waits until the fault is cleared: the `call` itself, its `answer`, or a `copy` of the call, which is made
   * then. Only for functions: the first two for `Run`, the copy for `Invoke`.
   */
  z.strictObject({ kind: z.literal('hold'), what: z.enum(['call', 'answer', 'copy']) }),
]);

/** A fault as a test sets it, in process or over HTTP. */
export const faultSchema = z.strictObject({
  id: z.string().optional(),
  /** Signing name of the service: lambda, ecs, states, s3, dynamodb, secretsmanager, events. */
  service: z.string(),
  region: z.string().optional(),
  /** A plain JSON subset of the call: {operation, functionName, payload: {...}}. Without it every call is hit. */
  match: z.record(z.string(), z.unknown()).default({}),
  /** Only calls in whose path, query, resource or listed prefix this text stands. */
  contains: z.string().min(1).optional(),
  /** How many calls are hit before the fault is spent. */
  times: z.union([z.int().min(1), z.literal('forever')]).default(1),
  effect: effectSchema,
});

export type FaultEffect = z.output<typeof effectSchema>;
export type FaultInput = z.input<typeof faultSchema>;
export type Fault = z.output<typeof faultSchema> & {
  readonly id: string;
  hits: number;
  /** How many calls, answers or copies have come to where they are held. */
  held: number;
};

/** What hits one call. `hold` counts something as held and waits until the fault is cleared. */
export type Hit = FaultEffect & { hold(): Promise<void> };

/**
 * One call as a service shows it to the faults before it does anything. Operations are those of the API, and besides:
 * Lambda's `Run` (the function's own run: error, delay, answer-delayed, answer-lost, hold), ECS's `Run` (a task on its way to its first line of
 * code: error, delay; an error of `RunTask` without a status code is one of the failures in its 200), EventBridge's `Route` (an event on its way to a
 * target: drop, delay, duplicate) and `Deliver` (the target's answer: error).
 */
export interface FaultSubject {
  readonly service: string;
  readonly region: string;
  readonly operation: string;
  readonly functionName?: string;
  readonly payload?: unknown;
  /** Whether only faults are meant that name the operation. */
  readonly namedOnly?: boolean;
  readonly [detail: string]: unknown;
}

/**
 * Asks whether a fault hits this call; an answer has used up one of its times. With `kinds` only faults of these
 * effects are looked at: a caller names those that it can bring about.
 */
export type FaultPort = (subject: FaultSubject, kinds?: readonly FaultEffect['kind'][]) => Hit | undefined;

export interface Faults {
  /** Adds a fault, answers its id; the same id replaces. Throws ZodError for what is no fault. */
  set(fault: FaultInput): string;
  /** Removes one fault, or all; answers how many there were. */
  clear(id?: string): number;
  list(): readonly Fault[];
  consult: FaultPort;
  /** The errors among the faults, for services that ask once per request. */
  readonly inject: InjectFault;
}

/** The faults of one embedded cloud. The oldest fault that matches wins. */
export function createFaults(): Faults {
  const faults = new Map<string, { readonly fault: Fault; readonly cleared: PromiseWithResolvers<void> }>();
  const consult: FaultPort = (subject, kinds) => {
    for (const { fault, cleared } of faults.values()) {
      const spent = fault.times !== 'forever' && fault.hits >= fault.times;
      if (spent || !(kinds?.includes(fault.effect.kind) ?? true) || !hits(fault, subject)) continue;
      fault.hits += 1;
      const hold = () => {
        fault.held += 1;
        return cleared.promise;
      };
      return { ...fault.effect, hold };
    }
    return undefined;
  };
  const remove = (id: string): number => {
    faults.get(id)?.cleared.resolve();
    return faults.delete(id) ? 1 : 0;
  };
  return {
    set(input) {
      const parsed = faultSchema.parse(input);
      const id = parsed.id ?? randomUUID();
      remove(id);
      faults.set(id, { fault: { ...parsed, id, hits: 0, held: 0 }, cleared: Promise.withResolvers<void>() });
      return id;
    },
    clear: (id) => (id === undefined ? [...faults.keys()] : [id]).reduce((sum, one) => sum + remove(one), 0),
    list: () => [...faults.values()].map(({ fault }) => fault),
    consult,
    inject(call) {
      const [service = ''] = call.action.split(':');
      const { region, operation, action, resource } = call;
      const prefix = call.context?.['s3:prefix'];
      const effect = consult({ service, region, operation, action, resource, prefix }, ['error']);
      if (effect?.kind !== 'error') return undefined;
      return { status: effect.statusCode ?? 500, code: effect.errorType, message: effect.errorMessage };
    },
  };
}

function hits(fault: Fault, subject: FaultSubject): boolean {
  if (fault.service !== subject.service) return false;
  if (subject.namedOnly && fault.match['operation'] === undefined) return false;
  if (fault.region !== undefined && fault.region !== subject.region) return false;
  const { contains } = fault;
  const places = [subject['path'], subject['query'], subject['resource'], subject['prefix']];
  if (contains !== undefined && !places.some((place) => String(place ?? '').includes(contains))) return false;
  return isSubset(fault.match, subject);
}

/** Whether every field of `part` is in `whole` with an equal value; objects are compared field by field. */
export function isSubset(part: unknown, whole: unknown): boolean {
  if (Array.isArray(part)) {
    return (
      Array.isArray(whole) &&
      part.length === whole.length &&
      part.every((item, i) => isSubset(item, whole[i]))
    );
  }
  if (typeof part === 'object' && part !== null) {
    if (typeof whole !== 'object' || whole === null) return false;
    return Object.entries(part).every(([key, value]) =>
      isSubset(value, (whole as Record<string, unknown>)[key]),
    );
  }
  return Object.is(part, whole);
}
