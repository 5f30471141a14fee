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

/**
 * A fallback copy whose grace days are over: starts its cleanup, until the copy is given up, or is another move's.
 * Answers whether one was started.
 */
export async function cleanUp(ports: SweepDuesPorts, due: CleanupDue): Promise<boolean> {
  const { company, location, task } = due;
  const fallback = await ports.fallbacks.get(company, location);
  if (fallback?.state !== 'kept' || fallback.task !== task) {
    await ports.dueDates.remove(due);
    return false;
  }
  await start(ports, due, 'cleanup', `the grace days of task ${task} are over`);
  return true;
}

/** Debts at a location: starts a cleanup of them, until none is owed there. Answers whether one was started. */
export async function settleDebts(ports: SweepDuesPorts, due: SettleDue): Promise<boolean> {
  const { company, location, task } = due;
  const debts = await ports.debts.list(company);
  if (!debts.some((debt) => sameLocation(debt.location, location))) {
    await ports.dueDates.remove(due);
    return false;
  }
  await start(ports, due, 'settle', `task ${task} could not erase everything there`);
  return true;
}
