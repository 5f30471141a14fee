import { z } from 'zod';
import type { Clock } from './clock.ts';
import type { InjectedFault, InjectFault } from './hooks.ts';

interface Bucket {
  /** Calls that may come at once. */
  readonly burst: number;
  /** Calls a second after that. */
  readonly perSecond: number;
}

/** Regions with Step Functions' higher numbers. Source: Step Functions service quotas. */
const LARGE_REGIONS: ReadonlySet<string> = new Set(['us-east-1', 'us-west-2', 'eu-west-1']);

/**
 * AWS's published numbers per account and region, without an increase: in the large regions, then elsewhere.
 * Sources: Step Functions service quotas, "API action throttling" and "State throttling"; ECS Developer Guide, "AWS
 * Fargate throttling quotas" (tasks launched: 100 at once, 20 a second; calls of RunTask: 20 a second).
 */
const BUCKETS: Readonly<Record<string, readonly [Bucket, Bucket]>> = {
  'states:StartExecution': [bucket(1300, 300), bucket(800, 150)],
  'states:StopExecution': [bucket(1000, 200), bucket(500, 25)],
  'states:DescribeExecution': [bucket(300, 15), bucket(250, 10)],
  'states:GetExecutionHistory': [bucket(400, 20), bucket(400, 20)],
  'states:ListExecutions': [bucket(200, 5), bucket(100, 2)],
  'states:SendTaskSuccess': [bucket(3000, 500), bucket(1500, 300)],
  'states:SendTaskFailure': [bucket(3000, 500), bucket(1500, 300)],
  'states:SendTaskHeartbeat': [bucket(3000, 500), bucket(1500, 300)],
  StateTransition: [bucket(5000, 5000), bucket(800, 800)],
  'ecs:RunTask': [bucket(20, 20), bucket(20, 20)],
  FargateLaunch: [bucket(100, 20), bucket(100, 20)],
};

/** Invocations of all functions that run at once in a region. Source: Lambda quotas, "Concurrent executions". */
const LAMBDA_CONCURRENCY = 1000;

/** What POST /_local/throttles takes. A name of `limits` is an action, `StateTransition` or `FargateLaunch`. */
const settingsSchema = z.strictObject({
  enabled: z.boolean(),
  /** Other numbers than AWS's, to see a throttle at work without its load. */
  limits: z
    .record(z.string(), z.strictObject({ burst: z.number().min(1), perSecond: z.number().positive() }))
    .default({}),
  lambdaConcurrency: z.int().min(1).default(LAMBDA_CONCURRENCY),
});

export type ThrottleSettings = z.input<typeof settingsSchema>;

/** AWS's rates of calls; off until they are switched on. */
export interface Throttles {
  /** Switches them on or off, all buckets full. Throws ZodError for what is no setting. */
  set(settings: ThrottleSettings): void;
  /** Takes a call (or what it asks for so many times) from its bucket: false when that holds less, and it is refused. */
  take(name: string, region: string, times?: number): boolean;
  /** Takes one call in any case; answers the milliseconds until its turn, 0 when it is now. */
  turn(name: string, region: string): number;
  /** Invocations that may run at once in a region; Infinity while throttles are off. */
  lambdaConcurrency(): number;
  /** Refuses a call of an API whose bucket is empty. */
  readonly inject: InjectFault;
  /** Calls refused or delayed since they were switched on, by name and region. */
  counts(): Readonly<Record<string, number>>;
}

/** AWS JSON services answer so when a bucket is empty. Source: Step Functions API reference, "Common error types". */
const THROTTLED: InjectedFault = { status: 400, code: 'ThrottlingException', message: 'Rate exceeded' };

/** Token buckets, refilled continuously. */
export function createThrottles(clock: Clock): Throttles {
  let settings = settingsSchema.parse({ enabled: false });
  const levels = new Map<string, { level: number; at: number }>();
  const counts: Record<string, number> = {};

  /** The bucket's level after this call; below 0 it came too early. */
  function draw(
    name: string,
    region: string,
    { mayOwe, times }: { mayOwe: boolean; times: number },
  ): { level: number; perSecond: number } {
    const limit = settings.limits[name] ?? BUCKETS[name]?.[LARGE_REGIONS.has(region) ? 0 : 1];
    if (!settings.enabled || !limit) return { level: 0, perSecond: 1 };
    const key = `${name} ${region}`;
    const now = clock.now();
    const last = levels.get(key) ?? { level: limit.burst, at: now };
    const refilled = Math.min(limit.burst, last.level + ((now - last.at) / 1000) * limit.perSecond);
    const level = refilled - times;
    if (level < 0) counts[key] = (counts[key] ?? 0) + 1;
    levels.set(key, { level: level < 0 && !mayOwe ? refilled : level, at: now });
    return { level, perSecond: limit.perSecond };
  }

  const take: Throttles['take'] = (name, region, times = 1) =>
    draw(name, region, { mayOwe: false, times }).level >= 0;
  return {
    set(input) {
      settings = settingsSchema.parse(input);
      levels.clear();
      for (const key of Object.keys(counts)) delete counts[key];
    },
    take,
    turn(name, region) {
      const { level, perSecond } = draw(name, region, { mayOwe: true, times: 1 });
      return level >= 0 ? 0 : Math.ceil((-level / perSecond) * 1000);
    },
    lambdaConcurrency: () => (settings.enabled ? settings.lambdaConcurrency : Number.POSITIVE_INFINITY),
    inject: ({ action, region }) => (take(action, region) ? undefined : THROTTLED),
    counts: () => ({ ...counts }),
  };
}

function bucket(burst: number, perSecond: number): Bucket {
  return { burst, perSecond };
}
