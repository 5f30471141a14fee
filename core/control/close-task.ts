import {
  type CleanupDue,
  type Debt,
  type DiscardDue,
  formatLocation,
  type Outcome,
  type Plan,
  type Refusal,
  type SubtaskRecord,
  type SubtaskStatus,
  type Topology,
} from '@tanker/contract/index.ts';
import type { Actor, Claims, Debts, DueDates, Log, OpenTaskRecord, Subtasks, Tasks } from '../ports.ts';
import { taskClosed } from './records.ts';

export interface ClosePorts {
  readonly topology: Topology;
  readonly claims: Claims;
  readonly tasks: Tasks;
  readonly subtasks: Subtasks;
  readonly debts: Debts;
  readonly dueDates: DueDates;
  readonly log: Log;
  readonly now: () => Date;
}

export interface CloseOrder {
  readonly outcome: Outcome;
  readonly reason: Refusal | null;
  readonly reported: readonly SubtaskStatus[];
}

const DAY_MS = 86_400_000;

/** What the source was at the commit: the cleanup is refused if it is anything else. */
function cleanupDue(
  topology: Topology,
  actor: Actor,
  record: OpenTaskRecord & { plan: Plan },
  subtasks: readonly SubtaskRecord[],
  committed: { version: number; at: string },
): CleanupDue {
  const collections: CleanupDue['collections'] = {};
  const watermarks: CleanupDue['watermarks'] = {};
  for (const subtask of subtasks) {
    if (subtask.state !== 'succeeded' || subtask.result.action !== 'export') continue;
    collections[subtask.provider] = subtask.result.collections;
    watermarks[subtask.provider] = subtask.result.watermark;
  }
  return {
    kind: 'due',
    due: 'cleanup',
    at: new Date(Date.parse(committed.at) + topology.graceDays * DAY_MS).toISOString(),
    task: actor.task,
    company: actor.company,
    location: record.plan.from,
    version: committed.version,
    collections,
    watermarks,
  };
}

/** Counted from the close: until then a recovery may have written more. */
const discardDue = (topology: Topology, actor: Actor, plan: Plan, now: Date): DiscardDue => ({
  kind: 'due',
  due: 'discard-exports',
  at: new Date(now.getTime() + topology.retention.transferDays * DAY_MS).toISOString(),
  task: actor.task,
  company: actor.company,
  datacenter: plan.from.datacenter,
});

async function logReported(
  ports: ClosePorts,
  actor: Actor,
  reported: readonly SubtaskStatus[],
): Promise<void> {
  for (const failed of reported.filter((status) => status.status === 'failed')) {
    await ports.log.write({
      task: actor.task,
      phase: 'hooks',
      by: actor.holder,
      epoch: actor.epoch,
      what: `reported: ${failed.provider} at ${formatLocation(failed.location)} failed with ${failed.error}: ${failed.cause}`,
    });
  }
}

/**
 * Ends a task: the due dates of its exports and, after a move, of the source's cleanup, the record closed with outcome
 * and debts, and as the last write the company's row released. May be called twice.
 */
export async function closeTask(ports: ClosePorts, actor: Actor, order: CloseOrder) {
  const record = await ports.tasks.get(actor.task);
  if (record?.holder !== actor.holder || record.epoch !== actor.epoch) throw taskClosed(actor.task);
  if (record.state === 'closed') {
    await ports.claims.release(actor.company, actor.task);
    return { outcome: record.outcome, debts: record.debts };
  }
  await logReported(ports, actor, order.reported);
  if (order.outcome === 'migrated' && record.plan && record.committed) {
    const subtasks = await ports.subtasks.list(actor.task);
    const planned = { ...record, plan: record.plan };
    await ports.dueDates.schedule(cleanupDue(ports.topology, actor, planned, subtasks, record.committed));
  }
  if (record.plan) {
    await ports.dueDates.schedule(discardDue(ports.topology, actor, record.plan, ports.now()));
  }
  const debts: Debt[] = (await ports.debts.list(actor.company))
    .filter((debt) => debt.task === actor.task)
    .map(({ provider, location }) => ({ provider, location }));
  await ports.log.write({
    task: actor.task,
    phase: record.phase,
    by: actor.holder,
    epoch: actor.epoch,
    what: `closed as ${order.outcome}${debts.length > 0 ? ` with ${debts.length} debt(s)` : ''}`,
  });
  const failure = record.failure ?? order.reason;
  await ports.tasks.close(actor, {
    outcome: order.outcome,
    debts,
    ...(failure ? { failure } : {}),
  });
  await ports.claims.release(actor.company, actor.task);
  return { outcome: order.outcome, debts };
}
