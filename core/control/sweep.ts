import {
  type DueKind,
  type DueRecord,
  formatHolder,
  type Operation,
  type SweepResult,
  type TaskRecord,
} from '@tanker/contract/index.ts';
import type { Executions, Recoveries, Tasks } from '../ports.ts';
import { recoveryName } from './start-recovery.ts';
import { cleanUp, settleDebts } from './sweep-cleanups.ts';
import { discardExports, expireBackup, isLate, type SweepDuesPorts } from './sweep-exports.ts';

export interface SweepPorts extends SweepDuesPorts {
  readonly tasks: Tasks;
  readonly executions: Executions;
  readonly recoveries: Recoveries;
  /** What went wrong at one task or due date; the sweep goes on. */
  readonly logError: (message: string, error: unknown) => void;
}

/**
 * How long the sweeper leaves a task alone after a recovery of it was started and ended without closing it. A recovery
 * retries its calls for about two minutes, and the rule has started it again up to RECOVERY_STARTS times before: what
 * stands in its way then is an outage, which four tries an hour neither disturb nor oversleep. There is no last try.
 */
export const SWEEP_PAUSE_MINUTES = 15;

/** Due dates taken up by one sweep: 500 invocations of 20 ms are 10 s. The others wait for the next one. */
export const DUES_PER_SWEEP = 500;

interface Seen {
  /** Undefined for a task that was closed meanwhile. */
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

/** Starts a recovery for an open task on which no execution works. */
async function revive(ports: SweepPorts, task: string, eventId: string): Promise<Seen> {
  const record = await ports.tasks.get(task);
  if (record?.state !== 'open') return { recovered: false };
  const seen = { createdAt: record.createdAt, incomplete: (record.incomplete?.left.length ?? 0) > 0 };
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
  let failed = 0;
  const attempt = async <T>(what: string, work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      failed += 1;
      ports.logError(what, error);
      return undefined;
    }
  };
  /** Looks after each due date of a kind that has come; answers them, and how many of them had something done. */
  const each = async <D extends DueKind>(
    kind: D,
    work: (ports: SweepPorts, due: Extract<DueRecord, { due: D }>) => Promise<boolean>,
  ) => {
    const come = await attempt(`The ${kind} due dates could not be read.`, () =>
      ports.dueDates.come(kind, ports.now(), DUES_PER_SWEEP),
    );
    const done: Extract<DueRecord, { due: D }>[] = [];
    for (const due of come ?? []) {
      const what = `The due date ${kind} of task ${due.task} could not be looked after.`;
      if (await attempt(what, () => work(ports, due))) done.push(due);
    }
    return { come: come ?? [], done };
  };

  const open = (await attempt('The open tasks could not be listed.', () => ports.tasks.listOpen())) ?? [];
  const seen: Seen[] = [];
  for (const task of open) {
    const one = await attempt(`Task ${task} could not be looked after.`, () => revive(ports, task, eventId));
    if (one) seen.push(one);
  }
  const discards = await each('discard-exports', discardExports);
  const expiries = await each('expire-backup', expireBackup);
  const cleanups = await each('cleanup', cleanUp);
  const settles = await each('settle-debts', settleDebts);
  const again = (dues: readonly { tries: number }[]) => dues.filter(({ tries }) => tries > 0).length;
  return {
    open: open.length,
    oldestSeconds: oldest(seen, ports.now()),
    recovered: seen.filter(({ recovered }) => recovered).length,
    failed,
    incomplete: seen.filter(({ incomplete }) => incomplete).length,
    cleanups: cleanups.done.length,
    settles: settles.done.length,
    cleanupsWaiting: again(cleanups.done),
    debtsWaiting: again(settles.done),
    discards: discards.come.length,
    expiries: expiries.come.length,
    expiriesLate: expiries.done.filter((due) => isLate(due, ports.now())).length,
  };
}
