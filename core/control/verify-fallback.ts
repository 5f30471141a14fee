import {
  type FallbackRecord,
  formatLocation,
  type Location,
  type Plan,
  type SubtaskRecord,
  TankerError,
} from '@tanker/contract/index.ts';
import type { Actor, Fallbacks, Log, Subtasks, Tasks } from '../ports.ts';
import { heldTask, resultOf } from './records.ts';
import { sliceSha256 } from './slices.ts';

export interface VerifyFallbackPorts {
  readonly tasks: Tasks;
  readonly subtasks: Subtasks;
  readonly fallbacks: Pick<Fallbacks, 'get'>;
  readonly log: Log;
  readonly now: () => Date;
}

const KEPT = 'Nothing was given up and nothing was erased; the fallback copy is kept.';

/** The record of the copy that this cleanup is about. Throws PlacementChanged when there is none any more. */
export async function fallbackOf(
  fallbacks: Pick<Fallbacks, 'get'>,
  actor: Actor,
  plan: Plan,
): Promise<FallbackRecord> {
  const [location] = plan.erases;
  if (plan.leftover !== 'fallback' || !location) throw new Error('the cleanup is of no fallback copy');
  const fallback = await fallbacks.get(actor.company, location);
  if (fallback?.state === 'kept' || fallback?.givenUpBy === actor.task) return fallback;
  throw new TankerError('PlacementChanged', {
    what: `No fallback copy of company "${actor.company}" is kept at ${formatLocation(location)} any more.`,
    now: fallback
      ? `Task "${fallback.givenUpBy}" gave it up at ${fallback.givenUpAt}.`
      : 'No record of one is there; nothing was given up or erased.',
    next: 'Look at that task. Nothing is left to do for this one.',
  });
}

/** Rows of one provider, which are what the move left behind. Throws DrainIncomplete or FallbackChanged. */
function checkProvider(
  subtasks: readonly SubtaskRecord[],
  actor: Actor,
  at: { provider: string; location: Location },
  expected: string | undefined,
): number {
  const where = `${at.provider} at ${formatLocation(at.location)}`;
  const found = { epoch: actor.epoch, phase: 'verify', ...at };
  const drained = resultOf(subtasks, { ...found, action: 'drain' });
  if (!drained) {
    throw new TankerError('DrainIncomplete', {
      what: `${where} did not report that nothing of the company is pending.`,
      now: KEPT,
      next: "Look at the provider's drain subtask: messages that wait there would be lost with the copy.",
    });
  }
  const sealed = resultOf(subtasks, { ...found, action: 'seal' });
  if (!sealed) {
    throw new TankerError('VerificationFailed', {
      what: `${where} has no finished seal under epoch ${actor.epoch}.`,
      now: KEPT,
      next: "Look at the provider's seal subtask; missing evidence is never taken for equal.",
    });
  }
  const rows = sealed.collections.reduce((total, { digest }) => total + digest.rows, 0);
  const same =
    expected === undefined ? rows === 0 : sliceSha256(sealed.collections, drained.watermark) === expected;
  if (same) return rows;
  throw new TankerError('FallbackChanged', {
    what:
      expected === undefined
        ? `${where} holds ${rows} row(s) of the company, and was no provider of the move that left the copy.`
        : `${where} is not what the move left behind: its rows, their digests or its watermark differ.`,
    now: KEPT,
    next: 'Find out who wrote there since the move (a stale route, a job, a consumer) and whether that is needed, before the copy is erased by hand.',
  });
}

/**
 * Every provider at the location holds exactly what the move left, counted as many changes as then, and has nothing
 * pending. Marks the task as verified under this epoch, which the commit demands.
 */
export async function verifyFallback(ports: VerifyFallbackPorts, actor: Actor) {
  const { plan } = await heldTask(ports.tasks, actor);
  const { slices, location, task } = await fallbackOf(ports.fallbacks, actor, plan);
  const subtasks = await ports.subtasks.list(actor.task);
  const rows = plan.providers.reduce(
    (total, { name: provider }) =>
      total + checkProvider(subtasks, actor, { provider, location }, slices[provider]),
    0,
  );
  await ports.tasks.advance(actor, {
    verified: { epoch: actor.epoch, at: ports.now().toISOString(), rows },
  });
  await ports.log.write({
    task: actor.task,
    phase: 'verify',
    by: actor.holder,
    epoch: actor.epoch,
    what: `the fallback copy is what task ${task} left behind: ${plan.providers.length} providers, ${rows} rows`,
  });
  return { providers: plan.providers.length, rows };
}
