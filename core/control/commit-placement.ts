import {
  type Home,
  type Plan,
  sourceOf,
  TankerError,
  type TaskOperation,
  targetOf,
} from '@tanker/contract/index.ts';
import type { Actor, Authority, Subtasks, Tasks } from '../ports.ts';
import { pendingBackup } from './backup-record.ts';
import { formatHome } from './placement.ts';
import { type HeldRecord, heldTask } from './records.ts';
import { type SettleCommitPorts, settleCommit } from './settle-commit.ts';
import { backupOf, demandAlive } from './verify-restored.ts';

export interface CommitPorts extends SettleCommitPorts {
  readonly authority: Authority;
  readonly tasks: Tasks;
  readonly subtasks: Subtasks;
  readonly now: () => Date;
}

/** What the commit point of an operation changes. */
function changeOf(operation: TaskOperation, plan: Plan): { from: Home; to: Home } {
  const at = (location: Plan['from'] & object): Home => ({ state: 'home', location });
  switch (operation) {
    case 'migrate':
      return { from: at(sourceOf(plan)), to: at(targetOf(plan)) };
    case 'restore':
      return { from: { state: 'removed' }, to: at(targetOf(plan)) };
    case 'remove':
      return {
        from: plan.from ? at(plan.from) : { state: 'removed' },
        to: { state: plan.final ? 'erased' : 'removed' },
      };
    default:
      throw new Error(`the commit point of a ${operation} is not at the authority's home`);
  }
}

/** A final removal of a company that lives nowhere: it has no slice that could be verified. */
const isErasure = ({ operation, plan }: HeldRecord): boolean => operation === 'remove' && !plan.from;

/** Throws unless verification has passed under this very epoch and the lock budget is not used up. */
export function demandCommittable(record: HeldRecord, actor: Actor, now: Date): void {
  const { verified, lock, committed } = record;
  if (verified?.epoch !== actor.epoch && !isErasure(record)) throw unverified(actor);
  // A repeat after the commit point changes nothing; it only has to answer.
  if (committed || (lock && now.toISOString() <= lock.deadline)) return;
  throw new TankerError('LockBudgetExceeded', {
    what: `The lock budget of task "${actor.task}" is used up before the commit.`,
    now: 'This call has committed nothing; whether an earlier one had is what the authority knows, and recovery asks it.',
    next: 'Look which phase took longer than planned; raise the budget or the concurrency, or start again at another time.',
  });
}

export const unverified = (actor: Actor): TankerError =>
  new TankerError('VerificationFailed', {
    what: `Task "${actor.task}" is not verified under epoch ${actor.epoch}.`,
    now: 'Nothing was committed.',
    next: 'Look in the log of the task which verification is missing; recovery goes back.',
  });

/**
 * The commit point of a move, a restore and a removal. Sent only when verification passed under this very epoch and the
 * lock budget is not used up; the authority refuses it unless the epoch is the highest, the grant unbroken, and home and
 * version as claimed. A repeat answers the first answer. An unknown answer goes to recovery, which asks the authority.
 */
export async function commitPlacement(ports: CommitPorts, actor: Actor, grant: number) {
  const record = await heldTask(ports.tasks, actor);
  demandCommittable(record, actor, ports.now());
  const change = changeOf(record.operation, record.plan);
  if (record.operation === 'remove' && !isErasure(record)) await beginBackup(ports, actor, record);
  if (record.operation === 'restore' && !record.committed)
    demandAlive(await backupOf(ports.backups, actor, record.plan), ports.now());
  const { version, committedAt } = await ports.authority.commit(actor, {
    grant,
    ...change,
    version: record.plan.version,
  });
  await ports.tasks.advance(actor, { committed: { version, at: committedAt } });
  await ports.log.write({
    task: actor.task,
    phase: 'commit',
    by: actor.holder,
    epoch: actor.epoch,
    what: `home is ${formatHome(change.to)}, version ${version}`,
  });
  await settleCommit(ports, actor, record);
  return { version, committedAt };
}

/** Before the commit point, so that whoever finds it made finds the backup too. */
export async function beginBackup(
  ports: Pick<CommitPorts, 'topology' | 'subtasks' | 'backups' | 'now'>,
  actor: Actor,
  record: HeldRecord,
): Promise<void> {
  const subtasks = await ports.subtasks.list(actor.task);
  await ports.backups.begin(pendingBackup(ports.topology, actor, record, subtasks, ports.now()));
}
