import { jest } from '@jest/globals';
import type { Location } from '@tanker/contract/index.ts';
import { closeTask } from '../../core/control/close-task.ts';
import { commitBackup } from '../../core/control/commit-backup.ts';
import { commitCleanup } from '../../core/control/commit-cleanup.ts';
import { commitPlacement } from '../../core/control/commit-placement.ts';
import { lockTraffic, unlockTraffic } from '../../core/control/lock-traffic.ts';
import { verifyErased } from '../../core/control/verify-erased.ts';
import { verifyFallback } from '../../core/control/verify-fallback.ts';
import { verifySource } from '../../core/control/verify-source.ts';
import { verifyTarget } from '../../core/control/verify-target.ts';
import type { Actor } from '../../core/ports.ts';
import type { ControlWorld } from './control-world.ts';
import { erased, exported, imported, type Order, plannedTask, readAgain, sealed } from './planned-task.ts';

/** Each operation's way forward, as its machine walks it, with the rows that its workers would leave. */

/** A test that walks three whole operations makes some 150 requests, which a busy machine answers in seconds. */
jest.setTimeout(20_000);

type Asked = Omit<Order, 'operation'>;

const done = (outcome: Parameters<typeof closeTask>[2]['outcome']) => ({
  outcome,
  reason: null,
  reported: [],
});

const planned = async (world: ControlWorld, actor: Actor) => {
  const { plan } = (await world.tasks.get(actor.task)) ?? {};
  if (!plan) throw new Error(`task ${actor.task} has no plan`);
  return plan;
};

/** Locked, exported and read again: the slice is verified. Answers the grant. */
export async function verifiedSlice(
  world: ControlWorld,
  actor: Actor,
  phase: 'open' | 'verify',
): Promise<number> {
  const { from } = await planned(world, actor);
  const { grant } = await lockTraffic(world, actor);
  await exported(world, actor, from);
  await readAgain(world, actor, phase, from);
  await verifySource(world, actor);
  return grant;
}

/** A move whose import is verified. Answers the grant. */
export async function verifiedMove(world: ControlWorld, actor: Actor): Promise<number> {
  const { from, to } = await planned(world, actor);
  const { grant } = await lockTraffic(world, actor);
  await exported(world, actor, from);
  await imported(world, actor, to);
  await readAgain(world, actor, 'verify', from);
  await verifyTarget(world, actor);
  return grant;
}

/** A move that is done and closed, from where the company lives. */
export async function finishedMove(world: ControlWorld, order: Asked = {}): Promise<Actor> {
  const actor = await plannedTask(world, order);
  const grant = await verifiedMove(world, actor);
  await commitPlacement(world, actor, grant);
  await unlockTraffic(world, actor);
  await closeTask(world, actor, done('migrated'));
  return actor;
}

/** A backup that is available. */
export async function finishedBackup(world: ControlWorld, order: Asked = {}): Promise<Actor> {
  const actor = await plannedTask(world, { ...order, operation: 'backup' });
  const grant = await verifiedSlice(world, actor, 'open');
  await commitBackup(world, actor, grant);
  await closeTask(world, actor, done('backed-up'));
  return actor;
}

/** A removal that has passed its commit point and unlocked; nothing is erased yet. */
export async function committedRemoval(world: ControlWorld, order: Asked = {}): Promise<Actor> {
  const actor = await plannedTask(world, { ...order, operation: 'remove' });
  const grant = await verifiedSlice(world, actor, 'verify');
  await commitPlacement(world, actor, grant);
  await unlockTraffic(world, actor);
  return actor;
}

export async function finishedRemoval(world: ControlWorld, order: Asked = {}): Promise<Actor> {
  const actor = await committedRemoval(world, order);
  await erased(world, actor, (await planned(world, actor)).erases);
  await verifyErased(world, actor);
  await closeTask(world, actor, done('removed'));
  return actor;
}

/** A restore whose import is verified. Answers the grant. */
export async function verifiedRestore(world: ControlWorld, actor: Actor): Promise<number> {
  const { to } = await planned(world, actor);
  const { grant } = await lockTraffic(world, actor);
  await imported(world, actor, to);
  await verifyTarget(world, actor);
  return grant;
}

export async function finishedRestore(world: ControlWorld, order: Asked): Promise<Actor> {
  const actor = await plannedTask(world, { ...order, operation: 'restore' });
  const grant = await verifiedRestore(world, actor);
  await commitPlacement(world, actor, grant);
  await unlockTraffic(world, actor);
  await closeTask(world, actor, done('restored'));
  return actor;
}

/** The rows of seals and drains of a fallback copy that nobody has touched. */
export async function lookedAt(world: ControlWorld, actor: Actor, location: Location): Promise<void> {
  await sealed(world, actor, location);
  await readAgain(world, actor, 'verify', location);
}

/** A cleanup that has given up its fallback copy; nothing is erased yet. */
export async function committedCleanup(world: ControlWorld, order: Asked): Promise<Actor> {
  const actor = await plannedTask(world, { ...order, operation: 'cleanup' });
  const [at] = (await planned(world, actor)).erases as [Location];
  await lookedAt(world, actor, at);
  await verifyFallback(world, actor);
  await commitCleanup(world, actor);
  return actor;
}

export async function finishedCleanup(world: ControlWorld, order: Asked): Promise<Actor> {
  const actor = await committedCleanup(world, order);
  await erased(world, actor, (await planned(world, actor)).erases);
  await verifyErased(world, actor);
  await closeTask(world, actor, done('cleaned'));
  return actor;
}
