import { type Debt, formatLocation, type SubtaskRecord, TankerError } from '@tanker/contract/index.ts';
import type { Actor } from '../ports.ts';
import type { HeldRecord } from './records.ts';
import type { EndPorts } from './settle-end.ts';
import { erasedRows, leftoversOf } from './verify-erased.ts';
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
  const erased = new Set(erases.map(keyOf));
  const beyond = [
    ...(await markErasedDebts(ports, actor, erased, now)),
    ...(await dropFallbacks(ports, actor, erased)),
  ];
  if (beyond.length > 0) await tellBeyond(ports, actor, beyond);
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
    erasedRows: Math.max(erasedRows(subtasks), record.incomplete?.erasedRows ?? 0),
    // The commit has ended every other backup and transfer of the company at the latest with this one.
    lastCopyUntil: plan.expiresAt > now ? plan.expiresAt : now,
    beyond,
  });
}

const keyOf = ({ provider, location }: Debt): string => `${provider} ${formatLocation(location)}`;

/** Settles what was erased; answers what was not. */
async function markErasedDebts(
  ports: EndPorts,
  actor: Actor,
  erased: ReadonlySet<string>,
  settledAt: string,
): Promise<Debt[]> {
  const beyond: Debt[] = [];
  for (const debt of await ports.debts.list(actor.company)) {
    const { provider, location } = debt;
    if (!erased.has(keyOf(debt))) beyond.push({ provider, location });
    else await ports.debts.record({ ...debt, epoch: actor.epoch, settledAt });
  }
  return beyond;
}

/** Gives the copies up that were erased whole; answers what of the others was not. */
async function dropFallbacks(ports: EndPorts, actor: Actor, erased: ReadonlySet<string>): Promise<Debt[]> {
  const beyond: Debt[] = [];
  for (const fallback of await ports.fallbacks.list(actor.company)) {
    if (fallback.state !== 'kept') continue;
    const { location, slices } = fallback;
    const left = Object.keys(slices)
      .map((provider) => ({ provider, location }))
      .filter((at) => !erased.has(keyOf(at)));
    if (left.length === 0) await ports.fallbacks.giveUp(fallback, actor);
    beyond.push(...left);
  }
  return beyond;
}

const tellBeyond = (
  ports: EndPorts,
  { task, holder, epoch }: Actor,
  beyond: readonly Debt[],
): Promise<void> =>
  ports.log.write({
    task,
    phase: 'verify-erased',
    by: holder,
    epoch,
    what: `not erased, because the topology no longer has them: ${beyond.map(({ provider, location }) => `${provider} at ${formatLocation(location)}`).join(', ')}`,
  });

const incomplete = ({ task }: Actor, { provider, location, cause }: Debt & { cause: string }): TankerError =>
  new TankerError('EraseIncomplete', {
    what: `Task "${task}" can't be closed as a removal: ${provider} at ${formatLocation(location)} is not proven empty (${cause}).`,
    now: 'The company lives nowhere any more, and the task is open.',
    next: 'Nothing: the sweeper starts its recovery again, which erases again.',
  });
