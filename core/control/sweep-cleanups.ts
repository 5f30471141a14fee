import { createHash } from 'node:crypto';
import {
  type CleanupDue,
  type CleanupInput,
  formatLocation,
  type SettleDue,
  sameLocation,
} from '@tanker/contract/index.ts';
import type { SweepDuesPorts } from './sweep-exports.ts';

/** A cleanup that did not do is tried again after an hour, then after twice as long each, at most after a day. */
const AGAIN_MS = 3_600_000;
const AGAIN_LONGEST_MS = 24 * AGAIN_MS;

/**
 * The task id of the sweeper's cleanup: the same due date and try is the same task. The tries of 90 days, for which Step
 * Functions remembers a name, are about 95, so that 8 + 12 + 1 + 2 characters are far below the 48 allowed.
 */
const taskOf = (verb: 'cleanup' | 'settle', { task, location, tries }: CleanupDue | SettleDue): string => {
  const identity = createHash('sha256').update(JSON.stringify([task, formatLocation(location)]));
  return `${verb}-${identity.digest('hex').slice(0, 12)}-${tries}`;
};

async function start(
  ports: SweepDuesPorts,
  due: CleanupDue | SettleDue,
  verb: 'cleanup' | 'settle',
  reason: string,
): Promise<void> {
  const task = taskOf(verb, due);
  const { company, location, tries } = due;
  const input: CleanupInput = { task, company, requestedBy: 'sweeper', reason, at: location };
  await ports.cleanups.start(task, input);
  const pause = Math.min(AGAIN_MS * 2 ** tries, AGAIN_LONGEST_MS);
  const at = new Date(ports.now().getTime() + pause).toISOString();
  // The next one first: between the two writes there are two of them, never none.
  await ports.dueDates.schedule({ ...due, at, tries: tries + 1 });
  await ports.dueDates.remove(due);
}

async function isKept({ fallbacks }: SweepDuesPorts, { company, location, task }: CleanupDue) {
  const fallback = await fallbacks.get(company, location);
  return fallback?.state === 'kept' && fallback.task === task;
}

async function isOwed({ debts }: SweepDuesPorts, { company, location }: SettleDue): Promise<boolean> {
  return (await debts.list(company)).some((debt) => sameLocation(debt.location, location));
}

/**
 * How many were tried and are still there, whenever their next try is: what waits for people. A due date that nobody
 * needs any more goes.
 */
async function countWaiting<D extends CleanupDue | SettleDue>(
  ports: SweepDuesPorts,
  dues: readonly D[],
  isNeeded: (ports: SweepDuesPorts, due: D) => Promise<boolean>,
): Promise<number> {
  let waiting = 0;
  for (const due of dues.filter(({ tries }) => tries > 0)) {
    if (await isNeeded(ports, due)) waiting += 1;
    else await ports.dueDates.remove(due);
  }
  return waiting;
}

/** Fallback copies whose cleanup was refused or undone before. */
export const cleanupsWaiting = async (ports: SweepDuesPorts): Promise<number> =>
  countWaiting(ports, await ports.dueDates.all('cleanup'), isKept);

/** Locations whose debts a cleanup has not settled. */
export const debtsWaiting = async (ports: SweepDuesPorts): Promise<number> =>
  countWaiting(ports, await ports.dueDates.all('settle-debts'), isOwed);

/**
 * A fallback copy whose grace days are over: starts its cleanup, until the copy is given up, or is another move's.
 * Answers whether one was started.
 */
export async function cleanUp(ports: SweepDuesPorts, due: CleanupDue): Promise<boolean> {
  if (!(await isKept(ports, due))) {
    await ports.dueDates.remove(due);
    return false;
  }
  await start(ports, due, 'cleanup', `the grace days of task ${due.task} are over`);
  return true;
}

/** Debts at a location: starts a cleanup of them, until none is owed there. Answers whether one was started. */
export async function startDebtCleanup(ports: SweepDuesPorts, due: SettleDue): Promise<boolean> {
  if (!(await isOwed(ports, due))) {
    await ports.dueDates.remove(due);
    return false;
  }
  await start(ports, due, 'settle', `task ${due.task} could not erase everything there`);
  return true;
}
