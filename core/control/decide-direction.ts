import type {
  AuthorityRecord,
  Claimed,
  DecideDirectionResult,
  HookName,
  Location,
  Outcome,
  Plan,
} from '@tanker/contract/index.ts';
import type { Actor, Authority, Log, Tasks } from '../ports.ts';
import { heldTask } from './records.ts';

export interface DecidePorts {
  readonly authority: Authority;
  readonly tasks: Tasks;
  readonly log: Log;
  readonly now: () => Date;
}

/** The commit mark: the authority's version was raised by this task. Never "where is the company". */
export const committedBy = (record: AuthorityRecord, task: string, plan: Plan): boolean =>
  record.versionTask === task && record.version > plan.version;

/**
 * `refused` only if nobody of this task had claimed the authority before the recovery did, or if the version is not the
 * planned one: it can't change under the task's claim, so that claim had shown it changed, and plan went no further.
 */
export function outcomeOf(claimed: Claimed, task: string, plan: Plan, before: Outcome | undefined): Outcome {
  if (committedBy(claimed.record, task, plan)) return 'migrated';
  if (claimed.record.version !== plan.version) return 'refused';
  const touched = claimed.before.holder?.startsWith(`${task}/`) ?? false;
  return touched && before !== 'refused' ? 'undone' : 'refused';
}

function hooksAt(plan: Plan, side: 'source' | 'target', hook: HookName) {
  const location = side === 'source' ? plan.from : plan.to;
  return plan.providers
    .filter((provider) => (side === 'source' ? provider.sourceHooks : provider.targetHooks).includes(hook))
    .map((provider) => ({ provider: provider.name, location, hook }));
}

/** What has to be done for an outcome; the machine walks the same path with other lists. */
export function worksFor(outcome: Outcome, plan: Plan): DecideDirectionResult {
  const every = (location: Location) => plan.providers.map(({ name }) => ({ provider: name, location }));
  const nothing = { outcome, from: plan.from, opens: [], fences: [], erases: [], hooks: [] };
  if (outcome === 'migrated') {
    return { ...nothing, fences: every(plan.from), hooks: hooksAt(plan, 'target', 'after-migrate') };
  }
  if (outcome === 'refused') return nothing;
  return {
    ...nothing,
    opens: every(plan.from),
    erases: every(plan.to),
    hooks: [...hooksAt(plan, 'source', 'after-undo'), ...hooksAt(plan, 'target', 'after-undo')],
  };
}

/**
 * Claims once more (idempotent by holder) and reads the commit mark in the same linearizable write, then notes the
 * decision, valid under this epoch only.
 */
export async function decideDirection(ports: DecidePorts, actor: Actor): Promise<DecideDirectionResult> {
  const { plan, direction, committed } = await heldTask(ports.tasks, actor);
  const claimed = await ports.authority.claim(actor);
  const outcome = outcomeOf(claimed, actor.task, plan, direction?.outcome);
  await ports.tasks.advance(actor, {
    direction: { epoch: actor.epoch, outcome },
    ...(outcome === 'migrated' && !committed
      ? { committed: { version: claimed.record.version, at: ports.now().toISOString() } }
      : {}),
  });
  await ports.log.write({
    task: actor.task,
    phase: 'decide',
    by: actor.holder,
    epoch: actor.epoch,
    what:
      outcome === 'migrated'
        ? 'forward: the commit had been made'
        : `back: no commit of this task (${outcome})`,
  });
  return worksFor(outcome, plan);
}
