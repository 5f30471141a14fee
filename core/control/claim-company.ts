import {
  type ClaimCompanyResult,
  formatHolder,
  type Refusal,
  type TaskRecord,
} from '@tanker/contract/index.ts';
import type { Actor, Authority, Claims, Log, Tasks } from '../ports.ts';
import { taskClosed } from './records.ts';

export interface ClaimPorts {
  readonly authority: Authority;
  readonly claims: Claims;
  readonly tasks: Tasks;
  readonly log: Log;
}

export interface ClaimOrder {
  readonly task: string;
  readonly executionName: string;
  readonly reason: Refusal;
}

const nothing = (task: string, record: TaskRecord | undefined): ClaimCompanyResult => ({
  proceed: false,
  task,
  company: record?.company ?? '',
  epoch: 0,
  holder: '',
  outcome: record?.state === 'closed' ? record.outcome : null,
  debts: record?.state === 'closed' ? record.debts : [],
});

/**
 * A recovery takes a new epoch only while the company's row names its task and that task is open; then it claims the
 * company at the authority. A task that never took its company is closed as refused. May be called twice.
 */
export async function claimCompany(ports: ClaimPorts, order: ClaimOrder): Promise<ClaimCompanyResult> {
  const { task } = order;
  const record = await ports.tasks.get(task);
  if (record === undefined) return nothing(task, record);
  if (record.state === 'closed') {
    // Closing and releasing are two writes: the second may have been lost.
    await ports.claims.release(record.company, task);
    return nothing(task, record);
  }
  const { company } = record;
  const holder = formatHolder(task, order.executionName);
  const reported = await highestReported(ports, record);
  const epoch = await ports.claims.retake({ company, task, holder, reported });
  if (epoch === undefined) return closeUnclaimed(ports, record, order.reason);

  await ports.tasks.takeOver(
    task,
    { epoch, holder },
    { phase: 'claim', failure: record.failure ?? order.reason },
  );
  if (!(await ports.tasks.get(task))?.plan)
    return closeUnplanned(ports, { task, company, epoch, holder }, order.reason);
  await ports.authority.claim({ task, company, epoch, holder });
  await ports.log.write({
    task,
    phase: 'claim',
    by: holder,
    epoch,
    what: `recovery claimed the company; the reason was ${order.reason.error}`,
  });
  return { proceed: true, task, company, epoch, holder, outcome: null, debts: [] };
}

/** A table that was set back knows lower epochs than the authority; a row of another task needs no look. */
async function highestReported(ports: ClaimPorts, { company, task, epoch }: TaskRecord): Promise<number> {
  const row = await ports.claims.read(company);
  if (row?.state !== 'held' || row.task !== task) return epoch;
  return Math.max(epoch, (await ports.authority.read(company)).epoch);
}

/** The task died between taking the company and noting its plan: nothing outside the table knows of it. */
async function closeUnplanned(ports: ClaimPorts, actor: Actor, reason: Refusal): Promise<ClaimCompanyResult> {
  const { task, company, epoch, holder } = actor;
  await ports.log.write({
    task,
    phase: 'claim',
    by: holder,
    epoch,
    what: `refused before a plan: ${reason.error}`,
  });
  await ports.tasks.close(actor, { outcome: 'refused', debts: [], failure: reason });
  await ports.claims.release(company, task);
  return { ...nothing(task, undefined), company, outcome: 'refused' };
}

/** The row does not name the task. One that never held it is refused; one that did is nobody's to touch any more. */
async function closeUnclaimed(
  ports: ClaimPorts,
  record: TaskRecord,
  reason: Refusal,
): Promise<ClaimCompanyResult> {
  const { task, epoch, holder } = record;
  if (holder !== null) {
    await ports.log.write({
      task,
      phase: 'claim',
      by: 'recovery',
      epoch,
      what: 'recovery did nothing: the row of the company names another task, though this one is open',
    });
    throw taskClosed(task);
  }
  await ports.log.write({ task, phase: 'claim', by: 'recovery', epoch, what: `refused: ${reason.error}` });
  await ports.tasks.close(
    { task, epoch, holder },
    { outcome: 'refused', debts: [], failure: record.failure ?? reason },
  );
  // A late plan of the dead execution may have taken the company between the look and the close.
  await ports.claims.release(record.company, task);
  return { ...nothing(task, record), outcome: 'refused' };
}
