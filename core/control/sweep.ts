import { formatHolder, type Operation, type SweepResult, type TaskRecord } from '@tanker/contract/index.ts';
import { countFailures, type Failures } from '../failures.ts';
import type { Executions, Recoveries, Tasks } from '../ports.ts';
import { recoveryName } from './start-recovery.ts';
import { cleanUp, cleanupsWaiting, debtsWaiting, startDebtCleanup } from './sweep-cleanups.ts';
import { type Round, sweepDues } from './sweep-dues.ts';
import { discardExports, expireBackup, isLate, type SweepDuesPorts } from './sweep-exports.ts';

export interface SweepPorts extends SweepDuesPorts {
  readonly tasks: Tasks;
  readonly executions: Executions;
  readonly recoveries: Recoveries;
  /** What went wrong at one task or due date; the sweep goes on. */
  readonly logError: (message: string, error: unknown) => void;
  /** Until the function is killed. */
  readonly remainingMilliseconds: () => number;
}

/**
 * How long the sweeper leaves a task alone after a recovery of it was started and ended without closing it. A recovery
 * retries its calls for about two minutes, and the rule has started it again up to RECOVERY_STARTS times before: what
 * stands in its way then is an outage, which four tries an hour neither disturb nor oversleep. There is no last try.
 */
export const SWEEP_PAUSE_MINUTES = 15;

/** No due date is taken up with less time left: a datacenter that does not answer takes 4 tries of 10 s. */
export const SWEEP_MARGIN_MS = 45_000;

/** No task is looked after with less time left: six calls of at most 4 tries of 4 s are 96 s. */
export const SWEEP_TASK_MARGIN_MS = 100_000;

interface Seen {
  /** Undefined for a task that was closed meanwhile, and for one that is within its lock's time. */
  readonly createdAt?: string;
  readonly recovered: boolean;
  readonly incomplete?: boolean;
}

/** The execution names that may work on the task: its own, the one that holds it, the recovery that was started last. */
function executionsOf(record: TaskRecord): readonly (readonly [Operation, string])[] {
  const recoveries = new Set<string>();
  const held = record.holder?.slice(record.task.length + 1);
  if (held !== undefined && record.holder !== formatHolder(record.task, record.task)) recoveries.add(held);
  if (record.lastRecovery) recoveries.add(record.lastRecovery.name);
  return [[record.operation, record.task], ...[...recoveries].map((name) => ['recover', name] as const)];
}

/** A restore's lock may last far longer than the lock budget: it is not stuck while it does. */
const isInTime = ({ lock }: TaskRecord, now: Date): boolean =>
  lock !== undefined && lock.unlockedAt === undefined && now.toISOString() <= lock.deadline;

/** Starts a recovery for an open task on which no execution works. */
async function revive(ports: SweepPorts, task: string, eventId: string): Promise<Seen> {
  const record = await ports.tasks.get(task);
  if (record?.state !== 'open') return { recovered: false };
  const age = isInTime(record, ports.now()) ? {} : { createdAt: record.createdAt };
  const seen = { ...age, incomplete: (record.incomplete?.left.length ?? 0) > 0 };
  for (const [operation, name] of executionsOf(record)) {
    if (await ports.executions.running(operation, name)) return { ...seen, recovered: false };
  }
  const now = ports.now();
  const name = recoveryName(task, eventId);
  const since = new Date(now.getTime() - SWEEP_PAUSE_MINUTES * 60_000).toISOString();
  const count = await ports.tasks.countRecovery(task, { name, at: now.toISOString() }, since);
  if (count === undefined) return { ...seen, recovered: false };
  await ports.recoveries.start(name, {
    task,
    reason: { error: 'ExecutionLost', cause: 'The task was open and no execution worked on it.' },
  });
  await ports.log.write({
    task,
    phase: record.phase,
    by: 'sweep',
    epoch: record.epoch,
    what: `started ${name}, because no execution worked on the task`,
  });
  return { ...seen, recovered: true };
}

/** The oldest task first, for its age is told, then the others from another place each time. */
function inAnotherOrder(tasks: readonly string[], now: Date): string[] {
  const [first, ...others] = tasks;
  // Steps of the golden ratio come near every place soon, however many the tasks are.
  const from = Math.floor(((Math.floor(now.getTime() / 60_000) * GOLDEN_RATIO) % 1) * others.length);
  return [...(first === undefined ? [] : [first]), ...others.slice(from), ...others.slice(0, from)];
}

const GOLDEN_RATIO = (Math.sqrt(5) - 1) / 2;

/** Looks after the open tasks as long as there is time; those that had no turn count as one failure, so that it is told. */
async function reviveAll(
  ports: SweepPorts,
  failures: Failures,
  open: readonly string[],
  eventId: string,
): Promise<readonly Seen[]> {
  const seen: Seen[] = [];
  for (const [index, task] of inAnotherOrder(open, ports.now()).entries()) {
    if (ports.remainingMilliseconds() <= SWEEP_TASK_MARGIN_MS) {
      failures.add(`${open.length - index} of ${open.length} open tasks had no turn.`, new Error(NO_TIME));
      break;
    }
    const one = await failures.attempt(`Task ${task} could not be looked after.`, () =>
      revive(ports, task, eventId),
    );
    if (one) seen.push(one);
  }
  return seen;
}

const NO_TIME = 'The time of the sweep was over. The next one begins with other tasks.';

function oldest(seen: readonly Seen[], now: Date): number {
  const ages = seen.flatMap(({ createdAt }) => (createdAt ? [now.getTime() - Date.parse(createdAt)] : []));
  return Math.max(0, Math.round(Math.max(0, ...ages) / 1000));
}

/**
 * One round of the one sweeper: a recovery for every open task on which no execution works, and what has become due:
 * cleanups of fallback copies and of debts are started as tasks of their own, with a claim and checks of their own;
 * exports and backups are deleted by the agent next to them. A failure at one of them never keeps the others from their
 * turn. May run twice at once; the same event twice starts each recovery once.
 *
 * @param eventId the id of the schedule's event
 */
export async function sweep(ports: SweepPorts, eventId: string): Promise<SweepResult> {
  const failures = countFailures(ports.logError);
  const hasTime = () => ports.remainingMilliseconds() > SWEEP_MARGIN_MS;
  const round: Round = { ports, hasTime, failures, silent: new Set() };

  // First what needs no Step Functions: when those are throttled or down, what the law wants gone still goes.
  const expiries = await sweepDues(round, 'expire-backup', expireBackup);
  const discards = await sweepDues(round, 'discard-exports', discardExports);
  const cleanups = await sweepDues(round, 'cleanup', cleanUp);
  const settles = await sweepDues(round, 'settle-debts', startDebtCleanup);
  const open =
    (await failures.attempt('The open tasks could not be listed.', () => ports.tasks.listOpen())) ?? [];
  const seen = await reviveAll(ports, failures, open, eventId);
  const waiting = (count: () => Promise<number>) =>
    failures.attempt('What waits could not be counted.', count).then((number) => number ?? 0);
  return {
    open: open.length,
    oldestSeconds: oldest(seen, ports.now()),
    recovered: seen.filter(({ recovered }) => recovered).length,
    incomplete: seen.filter(({ incomplete }) => incomplete).length,
    cleanups: cleanups.done.length,
    settles: settles.done.length,
    cleanupsWaiting: await waiting(() => cleanupsWaiting(ports)),
    debtsWaiting: await waiting(() => debtsWaiting(ports)),
    discards: discards.come,
    expiries: expiries.come,
    expiriesLate: [...expiries.done, ...expiries.left].filter((due) => isLate(due, ports.now())).length,
    failed: failures.count(),
  };
}
