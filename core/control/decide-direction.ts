import {
  type AuthorityRecord,
  type Claimed,
  type DecideDirectionResult,
  DONE,
  type FallbackRecord,
  formatHolder,
  type Outcome,
  type Plan,
  type TaskOperation,
} from '@tanker/contract/index.ts';
import type { Actor, Authority, Fallbacks, Subtasks, Tasks } from '../ports.ts';
import { endWorkers } from './end-workers.ts';
import { heldTask } from './records.ts';
import { type SettleCommitPorts, settleCommit } from './settle-commit.ts';
import { worksFor } from './ways.ts';

export interface DecidePorts extends SettleCommitPorts {
  readonly authority: Authority;
  readonly tasks: Tasks;
  readonly subtasks: Subtasks;
  readonly fallbacks: Pick<Fallbacks, 'fence'>;
  readonly now: () => Date;
}

/** What a recovery has found out under its epoch. */
export interface Findings {
  readonly task: string;
  readonly operation: TaskOperation;
  readonly plan: Plan;
  readonly claimed: Claimed;
  /** What stands at the location of a cleanup, after no older epoch can change it any more. */
  readonly fallback: FallbackRecord | undefined;
  /** The grant under which the task has locked the company; undefined when it never did. */
  readonly grant: number | undefined;
  /** What a recovery before this one has decided. */
  readonly before: Outcome | undefined;
}

/** The commit mark of a placement: the version was raised by this task. Never "where is the company". */
export const committedBy = (record: AuthorityRecord, task: string, plan: Plan): boolean =>
  record.versionTask === task && record.version > plan.version;

/** Whether the operation's commit point was passed by this task: the mark of its own, in the one place that keeps it. */
function isCommitted({ task, operation, plan, claimed, fallback, grant }: Findings): boolean {
  const { record } = claimed;
  switch (operation) {
    case 'backup':
      return (
        record.lock?.state === 'released' &&
        record.lock.grant === grant &&
        record.lock.releasedBy === formatHolder(task, task)
      );
    case 'cleanup':
      // Debts are nobody's any more: erasing them needs no commit.
      if (plan.leftover === 'debts') return record.version === plan.version;
      return fallback?.state === 'given-up' && fallback.givenUpBy === task;
    default:
      return committedBy(record, task, plan);
  }
}

/**
 * `refused` only if nobody of this task had claimed the authority before the recovery did, or if the version is not the
 * planned one: it can't change under the task's claim, so that claim had shown it changed, and plan went no further.
 */
export function outcomeOf(findings: Findings): Outcome {
  const { task, operation, plan, claimed, before } = findings;
  if (isCommitted(findings)) return DONE[operation];
  if (claimed.record.version !== plan.version) return 'refused';
  const touched = claimed.before.holder?.startsWith(`${task}/`) ?? false;
  return touched && before !== 'refused' ? 'undone' : 'refused';
}

/**
 * Claims once more (idempotent by holder) and reads the commit mark in the same linearizable write; a cleanup's is read
 * behind a write that ends every late commit. Notes the decision, valid under this epoch only, and what a commit entails.
 */
export async function decideDirection(ports: DecidePorts, actor: Actor): Promise<DecideDirectionResult> {
  const record = await heldTask(ports.tasks, actor);
  const { plan, operation, direction, committed, lock } = record;
  const claimed = await ports.authority.claim(actor);
  const fallback = await fencedFallback(ports, actor, plan);
  await endWorkers(ports, actor);
  const { task } = actor;
  const outcome = outcomeOf({
    task,
    operation,
    plan,
    claimed,
    fallback,
    grant: lock?.grant,
    before: direction?.outcome,
  });
  const forward = outcome === DONE[operation];
  await ports.tasks.advance(actor, {
    direction: { epoch: actor.epoch, outcome },
    ...(forward && !committed
      ? { committed: { version: claimed.record.version, at: ports.now().toISOString() } }
      : {}),
  });
  await ports.log.write({
    task,
    phase: 'decide',
    by: actor.holder,
    epoch: actor.epoch,
    what: forward ? 'forward: the commit had been made' : `back: no commit of this task (${outcome})`,
  });
  if (forward) await settleCommit(ports, actor, record);
  return worksFor(operation, outcome, plan);
}

async function fencedFallback(
  ports: Pick<DecidePorts, 'fallbacks'>,
  actor: Actor,
  plan: Plan,
): Promise<FallbackRecord | undefined> {
  const [location] = plan.erases;
  if (plan.leftover !== 'fallback' || !location) return undefined;
  return ports.fallbacks.fence(actor.company, location, actor.epoch);
}
