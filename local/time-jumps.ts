import type { JumpingClock } from './clock.ts';
import type { Services } from './deploy/deploy.ts';
import { clockOffset } from './lambda/run.ts';

/** What a jump of the clock brought about in the cloud. */
export interface Jump {
  /** ISO 8601, after the jump. */
  readonly now: string;
  /** Objects that their buckets' lifecycle expired. */
  readonly expiredObjects: number;
  /** Unfinished uploads that their buckets' lifecycle aborted. */
  readonly abortedUploads: number;
  /** Items whose time to live was over. */
  readonly expiredItems: number;
  /** Rules whose schedules run and that were due. */
  readonly firedRules: readonly string[];
}

/** The cloud's clock. */
export interface CloudClock {
  /** Milliseconds since 1970. */
  now(): number;
  /** What is under way and keeps the clock from jumping; empty when nothing is. */
  underWay(): readonly string[];
  /**
   * Lets that much time pass at once: every date of the cloud, its functions and its tasks is ahead by so much from then
   * on, what has become due is done, and no timer is any shorter.
   * @throws CloudBusy, and nothing has changed, while anything is under way
   */
  jump(milliseconds: number): Promise<Jump>;
}

/** The clock can't jump: something runs whose start and end would lie in different times. */
export class CloudBusy extends Error {
  override readonly name = 'CloudBusy';

  constructor(underWay: readonly string[]) {
    super(`The clock can't jump while work is under way, and nothing was changed: ${underWay.join(', ')}.`);
  }
}

/** No time, or time that goes back. */
export class JumpInvalid extends Error {
  override readonly name = 'JumpInvalid';
}

/** A jump beyond it would leave the years that AWS's dates have: four digits. 100 years. */
const LONGEST_JUMP_MS = 100 * 365 * 24 * 60 * 60 * 1000;

export interface JumpPorts {
  readonly clock: JumpingClock;
  readonly services: Services;
  /** Told how far the cloud is ahead of the machine, before anything that was due is done. */
  followed(offsetMs: number): Promise<void>;
}

export function createCloudClock({ clock, services, followed }: JumpPorts): CloudClock {
  const underWay = (): string[] => underWayIn(services);
  return {
    now: clock.now,
    underWay,
    async jump(milliseconds) {
      if (!(Number.isInteger(milliseconds) && milliseconds > 0 && milliseconds <= LONGEST_JUMP_MS)) {
        throw new JumpInvalid(
          `A jump is a whole number of milliseconds from 1 to ${LONGEST_JUMP_MS}, not ${milliseconds}.`,
        );
      }
      const busy = underWay();
      if (busy.length > 0) throw new CloudBusy(busy);
      clock.advance(milliseconds);
      // What runs of them was started by the time before; a module may have kept a date, or Date itself.
      await services.lambda.recycle();
      await followed(clockOffset(clock));
      return { now: new Date(clock.now()).toISOString(), ...(await doWhatIsDue(clock.now(), services)) };
    },
  };
}

/** Waits between retries are under way too: their timers would fire in a time that is not theirs. */
function underWayIn({ states, lambda, ecs, events, mappings }: Services): string[] {
  const running = ecs.tasks().filter(({ lastStatus }) => lastStatus !== 'STOPPED').length;
  const counts = {
    'executions of state machines': states.runningCount(),
    'invocations of functions': lambda.underWay(),
    'asynchronous events that wait for a function': lambda.pendingEvents(),
    'Fargate tasks': running,
    'deliveries of events': events.pending(),
    'records of streams': mappings.pending(),
  };
  return Object.entries(counts).flatMap(([what, count]) => (count > 0 ? [`${count} ${what}`] : []));
}

async function doWhatIsDue(now: number, { s3, dynamo, events }: Services): Promise<Omit<Jump, 'now'>> {
  const outcomes = [...(await s3.applyLifecycle(now)).values()];
  const expiredItems = await dynamo.expire(now);
  return {
    expiredObjects: outcomes.reduce((sum, { expired }) => sum + expired.length, 0),
    abortedUploads: outcomes.reduce((sum, { abortedUploads }) => sum + abortedUploads.length, 0),
    expiredItems,
    firedRules: events.afterJump(),
  };
}
