import {
  type DiscardDue,
  type Outcome,
  type Plan,
  type SubtaskRecord,
  sourceOf,
  type Topology,
  targetOf,
} from '@tanker/contract/index.ts';
import type { Actor, Backups, Debts, DueDates, Fallbacks, KeptFallback, Ledger, Log } from '../ports.ts';
import { discardedBackup, tombstoneTtl } from './backup-record.ts';
import { type HeldRecord, resultOf } from './records.ts';
import { settleRemoval } from './settle-removal.ts';
import { sliceSha256 } from './slices.ts';

export interface EndPorts {
  readonly topology: Topology;
  readonly backups: Backups;
  readonly debts: Debts;
  readonly dueDates: DueDates;
  readonly fallbacks: Fallbacks;
  readonly ledger: Ledger;
  readonly log: Log;
  readonly now: () => Date;
}

export interface End {
  readonly record: HeldRecord;
  readonly outcome: Outcome;
  readonly subtasks: readonly SubtaskRecord[];
}

const DAY_MS = 86_400_000;

/**
 * When the exports of an undone task are discarded once more: its recovery has done so, but a write that was on its way
 * to S3 then may have arrived since. Longer than any function lives, and far longer than a request is tried.
 */
export const LATE_WRITES_MS = 3_600_000;

/** What the end of a task leaves on the company's record. May be called twice. */
export async function settleEnd(ports: EndPorts, actor: Actor, end: End): Promise<void> {
  const { record, outcome } = end;
  const { operation, plan } = record;
  if (outcome === 'migrated') await keepFallback(ports, actor, end);
  if (outcome === 'migrated' || outcome === 'restored') await dropFallback(ports, actor, plan);
  if (outcome === 'removed') await settleRemoval(ports, actor, end);
  const makesBackup = operation === 'backup' || operation === 'remove';
  if (makesBackup && plan.from && outcome === 'undone') await discardBackup(ports, actor, end);
  // A backup's objects have the due date of their expiry; what an undone task made
  // is discarded already, and once more later; a move's exports go after some days.
  const kept = outcome === 'backed-up' || outcome === 'removed';
  if (!plan.from || kept) return;
  const { transferDays } = ports.topology.retention;
  const keptMs = outcome === 'undone' ? LATE_WRITES_MS : transferDays * DAY_MS;
  await ports.dueDates.schedule(discardDue(ports, actor, plan.from.datacenter, keptMs));
}

/** Counted from the close: until then a recovery may have written more. */
const discardDue = (
  { now }: Pick<EndPorts, 'now'>,
  actor: Actor,
  datacenter: string,
  keptMs: number,
): DiscardDue => ({
  kind: 'due',
  due: 'discard-exports',
  at: new Date(now().getTime() + keptMs).toISOString(),
  task: actor.task,
  company: actor.company,
  datacenter,
});

/** The source as it was at the commit, by provider: a cleanup is refused if it is anything else. */
function slicesOf({ record, subtasks }: End): KeptFallback['slices'] {
  const location = sourceOf(record.plan);
  const epochs = subtasks.filter(({ action }) => action === 'export').map(({ epoch }) => epoch);
  // Exports are made under the one epoch of the task's own execution; a recovery exports nothing.
  const epoch = Math.max(...epochs);
  const slices: KeptFallback['slices'] = {};
  for (const { name: provider } of record.plan.providers) {
    const at = { epoch, phase: 'export', action: 'export' as const, provider, location };
    const found = resultOf(subtasks, at);
    if (found) slices[provider] = sliceSha256(found.collections, found.watermark);
  }
  return slices;
}

async function keepFallback(ports: EndPorts, actor: Actor, end: End): Promise<void> {
  const { plan, committed } = end.record;
  if (!committed) throw new Error('a move that is done was committed');
  const location = sourceOf(plan);
  const cleanupAt = new Date(Date.parse(committed.at) + ports.topology.graceDays * DAY_MS).toISOString();
  const { task, company } = actor;
  await ports.fallbacks.keep({
    kind: 'fallback',
    state: 'kept',
    company,
    location,
    task,
    version: committed.version,
    movedAt: committed.at,
    cleanupAt,
    slices: slicesOf(end),
    epoch: actor.epoch,
  });
  await ports.dueDates.schedule({
    kind: 'due',
    due: 'cleanup',
    at: cleanupAt,
    task,
    company,
    location,
    tries: 0,
  });
}

/**
 * A copy on record where the company lives now: the plan found nothing of it there, so it is nobody's way back. What lies
 * at a provider that nobody asked stays on record.
 */
async function dropFallback(ports: EndPorts, actor: Actor, plan: Plan): Promise<void> {
  const fallback = await ports.fallbacks.get(actor.company, targetOf(plan));
  if (fallback?.state !== 'kept') return;
  const asked = new Set(plan.providers.map(({ name }) => name));
  if (Object.keys(fallback.slices).every((name) => asked.has(name)))
    await ports.fallbacks.giveUp(fallback, actor);
}

/** Undone. Without the discard agent's word that the objects are gone, the due date of the exports looks after them. */
async function discardBackup(ports: EndPorts, actor: Actor, { record, subtasks }: End): Promise<void> {
  const found = subtasks.find(({ action, epoch }) => action === 'discard' && epoch === actor.epoch);
  const discarded =
    found?.state === 'succeeded' && found.result.action === 'discard' ? found.result : undefined;
  const now = ports.now();
  const ttl = tombstoneTtl(ports.topology, now);
  await ports.backups.bury(discardedBackup(ports.topology, actor, record, discarded, { now, ttl }));
}
