import {
  type Debt,
  type DebtRecord,
  DONE,
  formatLocation,
  type Location,
  type SettleDue,
  type SubtaskRecord,
  sameLocation,
} from '@tanker/contract/index.ts';
import type { Actor, Debts, DueDates, Log, Subtasks, Tasks } from '../ports.ts';
import { type HeldRecord, heldTask, resultOf } from './records.ts';
import { worksFor } from './ways.ts';

export interface VerifyErasedPorts {
  readonly tasks: Tasks;
  readonly subtasks: Subtasks;
  readonly debts: Debts;
  readonly dueDates: Pick<DueDates, 'schedule'>;
  readonly log: Log;
  readonly now: () => Date;
}

/** The sweeper first tries to settle a debt after this long: time for a provider to come back. */
export const FIRST_SETTLE_MS = 3_600_000;

export interface Leftover extends Debt {
  readonly error: string;
  readonly cause: string;
}

const sameDebt = (a: Debt, b: Debt): boolean =>
  a.provider === b.provider && sameLocation(a.location, b.location);

/**
 * A provider is clean only if its erase of this epoch is on record and left neither rows nor staging. Why it is not is
 * read from the subtask too, so that the Map's result stays small however many fail.
 */
function leftoverAt(subtasks: readonly SubtaskRecord[], actor: Actor, at: Debt): Leftover | undefined {
  const wanted = { epoch: actor.epoch, phase: 'erase', action: 'erase' as const, ...at };
  const erased = resultOf(subtasks, wanted);
  if (erased?.left.rows === 0 && erased.left.staging === 0) return undefined;
  if (erased) {
    const { rows, staging } = erased.left;
    return { ...at, error: 'EraseIncomplete', cause: `${rows} rows and ${staging} staging rows are left` };
  }
  const failed = subtasks.find(
    ({ epoch, phase, action, ...one }) =>
      epoch === wanted.epoch && phase === wanted.phase && action === wanted.action && sameDebt(one, at),
  );
  return failed?.state === 'failed'
    ? { ...at, error: failed.error, cause: failed.cause }
    : { ...at, error: 'WorkerFailed', cause: 'no erase of this epoch is on record' };
}

/** What is not proven clean under this epoch. */
export const leftoversOf = (
  subtasks: readonly SubtaskRecord[],
  actor: Actor,
  erases: readonly Debt[],
): Leftover[] => erases.flatMap((at) => leftoverAt(subtasks, actor, at) ?? []);

/** Rows that the task's erases have told so far: one that failed half-way does not say how much it had erased. */
export const erasedRows = (subtasks: readonly SubtaskRecord[]): number =>
  subtasks.reduce(
    (total, subtask) =>
      total +
      (subtask.state === 'succeeded' && subtask.result.action === 'erase' ? subtask.result.erased.rows : 0),
    0,
  );

/** What this execution had to erase: what its recovery decided, or, on the forward path, what the plan says. */
function erasesOfActor({ operation, plan, direction }: HeldRecord, actor: Actor): readonly Debt[] {
  const outcome = direction?.epoch === actor.epoch ? direction.outcome : DONE[operation];
  return worksFor(operation, outcome, plan).erases;
}

/**
 * Zero rows and zero staging at every provider and location that was to be erased; or, for each that is not proven clean,
 * a debt on record. A removal has no debts: its task stays open, with what is left on its record, until nothing is.
 */
export async function verifyErased(ports: VerifyErasedPorts, actor: Actor) {
  const record = await heldTask(ports.tasks, actor);
  const erases = erasesOfActor(record, actor);
  if (erases.length === 0) return { clean: 0, left: 0, incomplete: false, debts: [] };
  const subtasks = await ports.subtasks.list(actor.task);
  const found = leftoversOf(subtasks, actor, erases);
  const left = found.map(({ provider, location }) => ({ provider, location }));
  const removal = record.operation === 'remove';
  if (removal) await noteIncomplete(ports, actor, record, { left, erasedRows: erasedRows(subtasks) });
  else await recordLeftovers(ports, actor, record, { erases, found });
  const [first] = found;
  await ports.log.write({
    task: actor.task,
    phase: 'verify-erased',
    by: actor.holder,
    epoch: actor.epoch,
    what: `${erases.length - left.length} of ${erases.length} providers at ${places(erases)} hold nothing of the company${first ? `; ${first.provider} at ${formatLocation(first.location)}: ${first.error}, ${first.cause}` : ''}`,
  });
  return {
    clean: erases.length - left.length,
    left: left.length,
    incomplete: removal && left.length > 0,
    debts: removal ? [] : left,
  };
}

const places = (erases: readonly Debt[]): string =>
  [...new Set(erases.map(({ location }) => formatLocation(location)))].join(', ');

async function noteIncomplete(
  ports: VerifyErasedPorts,
  actor: Actor,
  { incomplete }: HeldRecord,
  found: { left: readonly Debt[]; erasedRows: number },
): Promise<void> {
  if (found.left.length === 0 && !incomplete) return;
  const since = incomplete?.since ?? ports.now().toISOString();
  const erased = Math.max(found.erasedRows, incomplete?.erasedRows ?? 0);
  await ports.tasks.advance(actor, { incomplete: { since, left: [...found.left], erasedRows: erased } });
}

/** Records what is left and settles what an earlier try could not clean and this one has. */
async function recordLeftovers(
  ports: VerifyErasedPorts,
  actor: Actor,
  { plan }: HeldRecord,
  { erases, found }: { erases: readonly Debt[]; found: readonly Leftover[] },
): Promise<void> {
  const known = await ports.debts.list(actor.company);
  const now = ports.now();
  await scheduleSettling(ports, actor, { found, known, now });
  for (const leftover of found) {
    const since = known.find((debt) => sameDebt(debt, leftover))?.since ?? now.toISOString();
    await ports.debts.record({
      kind: 'debt',
      company: actor.company,
      task: actor.task,
      epoch: actor.epoch,
      version: plan.version,
      since,
      ...leftover,
    });
  }
  for (const debt of known) {
    const erased = erases.some((at) => sameDebt(at, debt));
    if (!erased || found.some((leftover) => sameDebt(leftover, debt))) continue;
    await ports.debts.record({ ...debt, epoch: actor.epoch, settledAt: now.toISOString() });
  }
}

/** Before the debts, so that none is without its due date; a location that owes already has one. */
async function scheduleSettling(
  ports: VerifyErasedPorts,
  actor: Actor,
  at: { found: readonly Leftover[]; known: readonly DebtRecord[]; now: Date },
): Promise<void> {
  const owing = (location: Location) => at.known.some((debt) => sameLocation(debt.location, location));
  const locations = new Map(at.found.map(({ location }) => [formatLocation(location), location]));
  for (const location of locations.values()) {
    if (owing(location)) continue;
    const due: SettleDue = {
      kind: 'due',
      due: 'settle-debts',
      at: new Date(at.now.getTime() + FIRST_SETTLE_MS).toISOString(),
      task: actor.task,
      company: actor.company,
      location,
      tries: 0,
    };
    await ports.dueDates.schedule(due);
  }
}
