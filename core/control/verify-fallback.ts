import {
  type FallbackRecord,
  formatLocation,
  type Location,
  type Plan,
  type SubtaskRecord,
  TankerError,
} from '@tanker/contract/index.ts';
import type { Actor, Fallbacks, Log, Subtasks, Tasks } from '../ports.ts';
import { acceptsChanges, heldTask, resultOf } from './records.ts';
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
    next: 'Nothing is left to do for this task.',
  });
}

interface Found {
  readonly rows: number;
  /** What is not as the move left it; undefined when all is. */
  readonly change?: string;
}

/** What one provider holds, compared with what the move left there. Throws VerificationFailed. */
function lookAt(
  subtasks: readonly SubtaskRecord[],
  actor: Actor,
  at: { provider: string; location: Location },
  expected: string | undefined,
): Found {
  const where = `${at.provider} at ${formatLocation(at.location)}`;
  const found = { epoch: actor.epoch, phase: 'verify', ...at };
  const drained = resultOf(subtasks, { ...found, action: 'drain' });
  const sealed = resultOf(subtasks, { ...found, action: 'seal' });
  if (!drained || !sealed) {
    throw new TankerError('VerificationFailed', {
      what: `${where} has no finished ${sealed ? 'drain' : 'seal'} under epoch ${actor.epoch}.`,
      now: KEPT,
      next: "Look at the provider's subtasks; missing evidence is never taken for equal.",
    });
  }
  const rows = sealed.collections.reduce((total, { digest }) => total + digest.rows, 0);
  if (drained.pending)
    return { rows, change: `${where} has ${drained.pending} message(s) or job(s) of the company pending` };
  // Where nothing is, nothing is lost: a removal, or somebody by hand, was there before.
  if (rows === 0 || sliceSha256(sealed.collections, drained.watermark) === expected) return { rows };
  const change =
    expected === undefined
      ? `${where} holds ${rows} row(s) of the company, and was no provider of the move that left the copy`
      : `${where} is not what the move left behind: its rows, their digests or its watermark differ`;
  return { rows, change };
}

const changed = (change: string, company: string, at: Location): TankerError =>
  new TankerError('FallbackChanged', {
    what: `${change}.`,
    now: KEPT,
    next: `Find out who wrote there since the move (a stale route, a job, a consumer). If nobody needs what was written, say so: \`tanker cleanup ${company} --at ${formatLocation(at)} --accept-changes\`.`,
  });

/**
 * Every provider at the location holds exactly what the move left, counted as many changes as then, and has nothing
 * pending; or people have looked at what differs and accept that it goes. Marks the task as verified under this epoch,
 * which the commit demands.
 *
 * @throws FallbackChanged, VerificationFailed, PlacementChanged
 */
export async function verifyFallback(ports: VerifyFallbackPorts, actor: Actor) {
  const record = await heldTask(ports.tasks, actor);
  const { plan } = record;
  const { slices, location, task } = await fallbackOf(ports.fallbacks, actor, plan);
  const subtasks = await ports.subtasks.list(actor.task);
  const found = plan.providers.map(({ name: provider }) =>
    lookAt(subtasks, actor, { provider, location }, slices[provider]),
  );
  const changes = found.flatMap(({ change }) => change ?? []);
  if (changes[0] !== undefined && !acceptsChanges(record)) throw changed(changes[0], actor.company, location);
  const rows = found.reduce((total, one) => total + one.rows, 0);
  await ports.tasks.advance(actor, {
    verified: { epoch: actor.epoch, at: ports.now().toISOString(), rows },
  });
  const line = { task: actor.task, phase: 'verify', by: actor.holder, epoch: actor.epoch } as const;
  for (const change of changes) await ports.log.write({ ...line, what: `accepted as asked: ${change}` });
  await ports.log.write({
    ...line,
    what: `the fallback copy is what task ${task} left behind${changes.length > 0 ? ', but for what was accepted' : ''}: ${plan.providers.length} providers, ${rows} rows`,
  });
  return { providers: plan.providers.length, rows };
}
