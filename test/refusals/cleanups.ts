import { verifyFallback } from '../../core/control/verify-fallback.ts';
import type { Actor } from '../../core/ports.ts';
import { type ControlWorld, SOURCE } from '../control/control-world.ts';
import { finishedMove, lookedAt } from '../control/finished-task.ts';
import { plannedTask } from '../control/planned-task.ts';
import { again, company } from './asking.ts';

/** The cleanup of the copy that a company's move has left at its source; nobody has looked at it yet. */
export async function plannedCleanup(world: ControlWorld, name: string): Promise<Actor> {
  const move = await finishedMove(world, { at: company(world, name) });
  return plannedTask(world, { operation: 'cleanup', at: again(move), input: { early: true } });
}

/** The same, verified. */
export async function verifiedCleanup(world: ControlWorld, name: string): Promise<Actor> {
  const actor = await plannedCleanup(world, name);
  await lookedAt(world, actor, SOURCE);
  await verifyFallback(world, actor);
  return actor;
}
