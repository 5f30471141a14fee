import { claimCompany } from '../../core/control/claim-company.ts';
import { closeTask } from '../../core/control/close-task.ts';
import { commitPlacement } from '../../core/control/commit-placement.ts';
import { lockTraffic, unlockTraffic } from '../../core/control/lock-traffic.ts';
import { openTask } from '../../core/control/open-task.ts';
import { planMigration } from '../../core/control/plan-migration.ts';
import type { Actor } from '../../core/ports.ts';
import { type ControlWorld, describeResult, SOURCE, settle, TARGET } from './control-world.ts';

let count = 0;

/** A task that was planned and has claimed its company, from us/db1 to eu/db1; no execution is behind it. */
export async function plannedTask(world: ControlWorld): Promise<Actor> {
  count += 1;
  const at = { company: `client-${count}`, task: `swept-${count}` };
  world.store.signUp(at.company, SOURCE);
  const input = { ...at, to: { datacenter: 'eu' }, requestedBy: 'tests', reason: 'to prove it' };
  await openTask(world, {
    operation: 'migrate',
    executionName: at.task,
    executionArn: `arn:${at.task}`,
    input,
  });
  for (const provider of ['contacts', 'deals']) {
    for (const location of [SOURCE, TARGET]) {
      await settle(
        world,
        { ...at, epoch: 0 },
        { phase: 'plan', provider, location },
        describeResult(provider),
      );
    }
  }
  const plan = await planMigration(world, { ...at, executionName: at.task, describes: [] });
  return { ...at, epoch: plan.epoch, holder: plan.holder };
}

/** A recovery of the task, as its claim leaves it. */
export async function recoveryOf(world: ControlWorld, task: string, name: string): Promise<Actor> {
  const reason = { error: 'States.Timeout', cause: '' };
  const { epoch, holder, company } = await claimCompany(world, { task, executionName: name, reason });
  return { task, company, epoch, holder };
}

/** A move that is done and closed. */
export async function finishedMove(world: ControlWorld): Promise<Actor> {
  const actor = await plannedTask(world);
  const { grant } = await lockTraffic(world, actor);
  await world.tasks.advance(actor, {
    verified: { epoch: actor.epoch, at: world.now().toISOString(), rows: 3 },
  });
  await commitPlacement(world, actor, grant);
  await unlockTraffic(world, actor);
  await closeTask(world, actor, { outcome: 'migrated', reason: null, reported: [] });
  return actor;
}
