import {
  type Debt,
  formatLocation,
  type Location,
  type Plan,
  type SubtaskRecord,
  type SubtaskStatus,
  sameLocation,
} from '@tanker/contract/index.ts';
import type { Actor, Debts, Log, Subtasks, Tasks } from '../ports.ts';
import { heldTask, resultOf } from './records.ts';

export interface VerifyErasedPorts {
  readonly tasks: Tasks;
  readonly subtasks: Subtasks;
  readonly debts: Debts;
  readonly log: Log;
  readonly now: () => Date;
}

interface Leftover extends Debt {
  readonly error: string;
  readonly cause: string;
}

/** A provider is clean only if its erase of this epoch is on record and left neither rows nor staging. */
function leftoverAt(
  subtasks: readonly SubtaskRecord[],
  actor: Actor,
  provider: string,
  location: Location,
  statuses: readonly SubtaskStatus[],
): Leftover | undefined {
  const at = { epoch: actor.epoch, phase: 'erase', action: 'erase' as const, provider, location };
  const erased = resultOf(subtasks, at);
  if (erased && erased.left.rows === 0 && erased.left.staging === 0) return undefined;
  const status = statuses.find((candidate) => candidate.provider === provider);
  return {
    provider,
    location,
    error: erased ? 'EraseIncomplete' : (status?.error ?? 'WorkerFailed'),
    cause: erased
      ? `${erased.left.rows} rows and ${erased.left.staging} staging rows are left`
      : (status?.cause ?? 'no erase of this epoch is on record'),
  };
}

const leftovers = (
  plan: Plan,
  actor: Actor,
  subtasks: readonly SubtaskRecord[],
  statuses: readonly SubtaskStatus[],
): readonly Leftover[] =>
  plan.providers.flatMap(({ name }) => leftoverAt(subtasks, actor, name, plan.to, statuses) ?? []);

/** What a recovery before this one could not clean and this one has. */
async function settleDebts(ports: VerifyErasedPorts, plan: Plan, actor: Actor, found: readonly Leftover[]) {
  for (const debt of await ports.debts.list(actor.company)) {
    const here = sameLocation(debt.location, plan.to) && plan.providers.some((p) => p.name === debt.provider);
    if (!here || found.some(({ provider }) => provider === debt.provider)) continue;
    await ports.debts.record({ ...debt, settledAt: ports.now().toISOString() });
  }
}

/**
 * Zero rows and zero staging at every provider of the target, or a debt on record for each that is not proven clean.
 * Going forward there is nothing to erase and nothing to prove.
 */
export async function verifyErased(
  ports: VerifyErasedPorts,
  actor: Actor,
  statuses: readonly SubtaskStatus[],
) {
  const record = await heldTask(ports.tasks, actor);
  if (record.direction?.outcome !== 'undone') return { clean: 0, debts: [] };
  const { plan } = record;
  const found = leftovers(plan, actor, await ports.subtasks.list(actor.task), statuses);
  for (const { provider, location, error, cause } of found) {
    await ports.debts.record({
      kind: 'debt',
      company: actor.company,
      location,
      provider,
      task: actor.task,
      epoch: actor.epoch,
      version: plan.version,
      since: ports.now().toISOString(),
      error,
      cause,
    });
  }
  await settleDebts(ports, plan, actor, found);
  const clean = plan.providers.length - found.length;
  await ports.log.write({
    task: actor.task,
    phase: 'verify-erased',
    by: actor.holder,
    epoch: actor.epoch,
    what: `${clean} of ${plan.providers.length} providers of ${formatLocation(plan.to)} hold nothing of the company`,
  });
  return { clean, debts: found.map(({ provider, location }) => ({ provider, location })) };
}
