import {
  type CollectionDigest,
  EMPTY_DIGEST,
  type Plan,
  type SubtaskRecord,
  sameDigest,
  sourceOf,
  TankerError,
  targetOf,
} from '@tanker/contract/index.ts';
import type { Actor, Backups } from '../ports.ts';
import { heldTask, resultOf } from './records.ts';
import type { VerifyPorts } from './verify-exports.ts';
import { checkRestored } from './verify-restored.ts';

export interface VerifyTargetPorts extends VerifyPorts {
  readonly backups: Pick<Backups, 'get'>;
  readonly now: () => Date;
}

const STILL_SOURCE =
  'Home is still the source, locked and unchanged; recovery unlocks it and erases the target.';

/** The names of the collections whose rows or digests differ; a collection that is absent has the empty digest. */
export function differingCollections(
  source: readonly CollectionDigest[],
  target: readonly CollectionDigest[],
): readonly string[] {
  const find = (list: readonly CollectionDigest[], name: string) =>
    list.find((candidate) => candidate.name === name)?.digest ?? EMPTY_DIGEST;
  const names = new Set([...source, ...target].map((collection) => collection.name));
  return [...names].filter((name) => !sameDigest(find(source, name), find(target, name)));
}

/** Rows of one provider, verified equal at both locations. Throws VerificationFailed or SourceChanged. */
function checkProvider(
  subtasks: readonly SubtaskRecord[],
  actor: Actor,
  plan: Plan,
  provider: string,
): number {
  const at = { epoch: actor.epoch, provider };
  const exported = resultOf(subtasks, { ...at, phase: 'export', action: 'export', location: sourceOf(plan) });
  const imported = resultOf(subtasks, { ...at, phase: 'import', action: 'import', location: targetOf(plan) });
  const sealed = resultOf(subtasks, { ...at, phase: 'verify', action: 'seal', location: targetOf(plan) });
  const again = resultOf(subtasks, { ...at, phase: 'verify', action: 'drain', location: sourceOf(plan) });
  if (!exported || !imported || !sealed || !again) {
    throw new TankerError('VerificationFailed', {
      what: `${provider} has no finished export, import, seal and second look at the source under epoch ${actor.epoch}.`,
      now: STILL_SOURCE,
      next: "Look at the provider's subtasks; missing evidence is never taken for equal.",
    });
  }
  if (again.watermark !== exported.watermark) {
    throw new TankerError('SourceChanged', {
      what: `${provider} changed at the source after its export (its watermark moved).`,
      now: STILL_SOURCE,
      next: 'Find out who writes past the closing: a job, a consumer, or another service.',
    });
  }
  const differing = differingCollections(exported.collections, sealed.collections);
  if (differing.length === 0 && imported.rows === exported.rows) return exported.rows;
  throw new TankerError('VerificationFailed', {
    what: `${provider} differs between source and target in ${differing.join(', ') || 'its number of rows'} (${exported.rows} rows exported, ${imported.rows} imported).`,
    now: STILL_SOURCE,
    next: "Compare the provider's export and import of these collections; its digests are on the subtasks.",
  });
}

const checkMoved = (subtasks: readonly SubtaskRecord[], actor: Actor, plan: Plan): number =>
  plan.providers.reduce((total, { name }) => total + checkProvider(subtasks, actor, plan, name), 0);

/**
 * Rows and digests that the seals returned equal the slice: of a move the source's snapshot, and every source watermark
 * is the one its export returned; of a restore the backup's record. Marks the task as verified under this epoch, which
 * the commit demands.
 */
export async function verifyTarget(ports: VerifyTargetPorts, actor: Actor) {
  const { plan, operation } = await heldTask(ports.tasks, actor);
  const subtasks = await ports.subtasks.list(actor.task);
  const rows =
    operation === 'restore'
      ? await checkRestored(ports.backups, actor, plan, subtasks)
      : checkMoved(subtasks, actor, plan);
  await ports.tasks.advance(actor, {
    verified: { epoch: actor.epoch, at: ports.now().toISOString(), rows },
  });
  await ports.log.write({
    task: actor.task,
    phase: 'verify',
    by: actor.holder,
    epoch: actor.epoch,
    what: `target equals ${operation === 'restore' ? 'backup' : 'source'}: ${plan.providers.length} providers, ${rows} rows`,
  });
  return { providers: plan.providers.length, rows };
}
