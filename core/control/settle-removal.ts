import {
  type Debt,
  formatLocation,
  type Location,
  type SubtaskRecord,
  TankerError,
} from '@tanker/contract/index.ts';
import type { Actor } from '../ports.ts';
import type { HeldRecord } from './records.ts';
import type { EndPorts } from './settle-end.ts';
import { leftoversOf } from './verify-erased.ts';
import { erasesOf } from './ways.ts';

/**
 * A removal is complete: zero rows and zero staging at each of its erases. It goes into the ledger, and what other tasks
 * had left at those providers and locations is settled. What lies at a provider or location that the topology has no
 * longer is not among them: it stays on record, and the task's log says so.
 *
 * @throws EraseIncomplete when that is not on record under this epoch
 */
export async function settleRemoval(
  ports: EndPorts,
  actor: Actor,
  { record, subtasks }: { record: HeldRecord; subtasks: readonly SubtaskRecord[] },
): Promise<void> {
  const { plan, committed, requestedBy, reason } = record;
  if (!committed || !plan.expiresAt) throw new Error('a removal that is done was committed');
  const erases = erasesOf(plan);
  const [left] = leftoversOf(subtasks, actor, erases);
  if (left) throw incomplete(actor, left);
  const now = ports.now().toISOString();
  await ports.ledger.write({
    kind: 'ledger',
    company: actor.company,
    task: actor.task,
    requestedBy,
    reason,
    home: plan.final ? 'erased' : 'removed',
    version: committed.version,
    removedAt: committed.at,
    completedAt: now,
    locations: plan.erases,
    providers: plan.providers.map(({ name }) => name),
    erasedRows: erasedRows(subtasks),
    // The commit has ended every other backup and transfer of the company at the latest with this one.
    lastCopyUntil: plan.expiresAt,
  });
  const erased = new Set(erases.map(keyOf));
  await settleDebts(ports, actor, erased, now);
  await dropFallbacks(ports, actor, erased);
}

const keyOf = ({ provider, location }: Debt): string => `${provider} ${formatLocation(location)}`;

async function settleDebts(
  ports: EndPorts,
  actor: Actor,
  erased: ReadonlySet<string>,
  settledAt: string,
): Promise<void> {
  for (const debt of await ports.debts.list(actor.company)) {
    if (erased.has(keyOf(debt))) await ports.debts.record({ ...debt, settledAt });
    else await tellBeyond(ports, actor, [debt.provider], debt.location);
  }
}

async function dropFallbacks(ports: EndPorts, actor: Actor, erased: ReadonlySet<string>): Promise<void> {
  for (const fallback of await ports.fallbacks.list(actor.company)) {
    if (fallback.state !== 'kept') continue;
    const { location, slices } = fallback;
    const beyond = Object.keys(slices).filter((provider) => !erased.has(keyOf({ provider, location })));
    if (beyond.length === 0) await ports.fallbacks.giveUp(fallback, actor);
    else await tellBeyond(ports, actor, beyond, location);
  }
}

const tellBeyond = (
  ports: EndPorts,
  { task, holder, epoch }: Actor,
  providers: readonly string[],
  location: Location,
): Promise<void> =>
  ports.log.write({
    task,
    phase: 'verify-erased',
    by: holder,
    epoch,
    what: `not erased, because the topology no longer has them: ${providers.join(', ')} at ${formatLocation(location)}`,
  });

/** As far as the erases have told: one that failed half-way does not say how much it had erased. */
const erasedRows = (subtasks: readonly SubtaskRecord[]): number =>
  subtasks.reduce(
    (total, subtask) =>
      total +
      (subtask.state === 'succeeded' && subtask.result.action === 'erase' ? subtask.result.erased.rows : 0),
    0,
  );

const incomplete = ({ task }: Actor, { provider, location, cause }: Debt & { cause: string }): TankerError =>
  new TankerError('EraseIncomplete', {
    what: `Task "${task}" can't be closed as a removal: ${provider} at ${formatLocation(location)} is not proven empty (${cause}).`,
    now: 'Home is removed, and the task is open.',
    next: 'The sweeper starts its recovery again, which erases again.',
  });
