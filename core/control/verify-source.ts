import {
  formatLocation,
  type Location,
  type SubtaskRecord,
  sourceOf,
  TankerError,
} from '@tanker/contract/index.ts';
import type { Actor } from '../ports.ts';
import { heldTask, resultOf } from './records.ts';
import type { VerifyPorts } from './verify-exports.ts';

const HOME_AS_WAS = 'Home is as it was; recovery opens and unlocks it.';

/** Rows of one provider that did not change since its export. Throws VerificationFailed or SourceChanged. */
function checkProvider(
  subtasks: readonly SubtaskRecord[],
  at: { epoch: number; provider: string; location: Location },
  phase: 'open' | 'verify',
): number {
  const where = `${at.provider} at ${formatLocation(at.location)}`;
  const exported = resultOf(subtasks, { ...at, phase: 'export', action: 'export' });
  const again = resultOf(subtasks, { ...at, phase, action: 'drain' });
  if (!exported || !again) {
    throw new TankerError('VerificationFailed', {
      what: `${where} has no finished export and second look under epoch ${at.epoch}.`,
      now: HOME_AS_WAS,
      next: "Look at the provider's subtasks; missing evidence is never taken for equal.",
    });
  }
  if (again.watermark === exported.watermark) return exported.rows;
  throw new TankerError('SourceChanged', {
    what: `${where} changed after its export (its watermark moved).`,
    now: 'Nothing was committed; recovery opens and unlocks home, with what was written there.',
    next: 'Find out who writes past the closing: a job, a consumer, or another service.',
  });
}

/**
 * Every provider of home, read again, has counted the changes that its export returned: the slice is one moment of the
 * company. Marks the task as verified under this epoch, which the commit demands.
 */
export async function verifySource(ports: VerifyPorts & { now: () => Date }, actor: Actor) {
  const { plan, operation } = await heldTask(ports.tasks, actor);
  const subtasks = await ports.subtasks.list(actor.task);
  const location = sourceOf(plan);
  const phase = operation === 'backup' ? 'open' : 'verify';
  const rows = plan.providers.reduce(
    (total, { name: provider }) =>
      total + checkProvider(subtasks, { epoch: actor.epoch, provider, location }, phase),
    0,
  );
  await ports.tasks.advance(actor, {
    verified: { epoch: actor.epoch, at: ports.now().toISOString(), rows },
  });
  await ports.log.write({
    task: actor.task,
    phase,
    by: actor.holder,
    epoch: actor.epoch,
    what: `the exports are what home still holds: ${plan.providers.length} providers, ${rows} rows`,
  });
  return { providers: plan.providers.length, rows };
}
