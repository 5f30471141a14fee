import { type Debt, formatLocation, type SubtaskRecord, sameLocation } from '@tanker/contract/index.ts';
import type { Actor } from '../ports.ts';
import type { End, EndPorts } from './settle-end.ts';
import { erasesOf } from './ways.ts';

/**
 * A removal is complete: zero rows and zero staging at each of its erases. It goes into the ledger, and what other tasks
 * had left at those providers and locations is settled. What a provider holds that the topology has no longer is not
 * among them, and stays on record.
 */
export async function settleRemoval(
  ports: EndPorts,
  actor: Actor,
  { record, subtasks }: Pick<End, 'record' | 'subtasks'>,
): Promise<void> {
  const { plan, committed, requestedBy, reason } = record;
  if (!committed || !plan.expiresAt) throw new Error('a removal that is done was committed');
  const erased = new Set(erasesOf(plan).map(keyOf));
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
  for (const debt of await ports.debts.list(actor.company)) {
    if (erased.has(keyOf(debt))) await ports.debts.record({ ...debt, settledAt: now });
  }
  for (const fallback of await ports.fallbacks.list(actor.company)) {
    const { location } = fallback;
    const all = Object.keys(fallback.slices).every((provider) => erased.has(keyOf({ provider, location })));
    const there = plan.erases.some((erase) => sameLocation(erase, location));
    if (fallback.state === 'kept' && there && all) await ports.fallbacks.giveUp(fallback, actor);
  }
}

const keyOf = ({ provider, location }: Debt): string => `${provider} ${formatLocation(location)}`;

/** As far as the erases have told: one that failed half-way does not say how much it had erased. */
const erasedRows = (subtasks: readonly SubtaskRecord[]): number =>
  subtasks.reduce(
    (total, subtask) =>
      total +
      (subtask.state === 'succeeded' && subtask.result.action === 'erase' ? subtask.result.erased.rows : 0),
    0,
  );
