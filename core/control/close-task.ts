import {
  type Debt,
  formatLocation,
  type Outcome,
  type Refusal,
  type SubtaskStatus,
} from '@tanker/contract/index.ts';
import type { Actor, Claims, Debts, Log, Subtasks, Tasks } from '../ports.ts';
import { type HeldRecord, taskClosed } from './records.ts';
import { type EndPorts, settleEnd } from './settle-end.ts';

export interface ClosePorts extends EndPorts {
  readonly claims: Claims;
  readonly tasks: Tasks;
  readonly subtasks: Subtasks;
  readonly debts: Debts;
  readonly log: Log;
}

export interface CloseOrder {
  readonly outcome: Outcome;
  readonly reason: Refusal | null;
  readonly reported: readonly SubtaskStatus[];
}

async function logReported(
  ports: ClosePorts,
  actor: Actor,
  phase: HeldRecord['phase'],
  reported: readonly SubtaskStatus[],
): Promise<void> {
  for (const failed of reported.filter((status) => status.status === 'failed')) {
    await ports.log.write({
      task: actor.task,
      phase,
      by: actor.holder,
      epoch: actor.epoch,
      what: `reported: ${failed.provider} at ${formatLocation(failed.location)} failed with ${failed.error}: ${failed.cause}`,
    });
  }
}

/**
 * Ends a task: what its outcome leaves on record (fallback copy, backup, ledger, due dates), the record closed with
 * outcome and debts, and as the last write the company's row released. May be called twice.
 */
export async function closeTask(ports: ClosePorts, actor: Actor, order: CloseOrder) {
  const record = await ports.tasks.get(actor.task);
  if (record?.holder !== actor.holder || record.epoch !== actor.epoch) throw taskClosed(actor.task);
  if (record.state === 'closed') {
    await ports.claims.release(actor.company, actor.task);
    return { outcome: record.outcome, debts: record.debts };
  }
  await logReported(ports, actor, record.phase, order.reported);
  if (record.plan) {
    const subtasks = await ports.subtasks.list(actor.task);
    await settleEnd(ports, actor, { record: record as HeldRecord, outcome: order.outcome, subtasks });
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
