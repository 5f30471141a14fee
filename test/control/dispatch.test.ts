import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { dispatch } from '../../core/control/dispatch.ts';
import type { Actor } from '../../core/ports.ts';
import { type ControlWorld, controlWorld, exportResult, SOURCE, settle, TARGET } from './control-world.ts';
import { plannedTask } from './planned-task.ts';

let world: ControlWorld;
beforeAll(async () => {
  world = await controlWorld();
});
afterAll(() => world.close());

const planned = () => plannedTask(world);

describe('dispatch', () => {
  const event = (actor: Actor, changes: object = {}) => ({
    ...actor,
    phase: 'export' as const,
    action: 'export' as const,
    provider: 'contacts',
    location: SOURCE,
    attempt: 1,
    token: 't1',
    grant: 1,
    ...changes,
  });

  test('hands the planned incarnation to the agent, and takes each newer attempt', async () => {
    const actor = await planned();
    await dispatch(world, event(actor));
    await dispatch(world, event(actor, { attempt: 2, token: 't2' }));
    expect(world.invoked.at(-1)).toMatchObject({ action: 'export', incarnation: 'contacts-1', attempt: 2 });
    await expect(dispatch(world, event(actor, { attempt: 1, token: 't1' }))).rejects.toMatchObject({
      name: 'SubtaskSuperseded',
    });
  });

  test('starts no worker for an execution that was taken over, or for a closed task', async () => {
    const actor = await planned();
    const before = world.invoked.length;
    await world.tasks.takeOver(actor.task, { epoch: actor.epoch + 1, holder: `${actor.task}/recover-x` }, {});
    await expect(dispatch(world, event(actor))).rejects.toMatchObject({ name: 'TaskClosed' });
    expect(world.invoked.length).toBe(before);
  });

  test('an import gets the manifest of its own epoch, and none without one', async () => {
    const actor = await planned();
    const wanted = event(actor, { phase: 'import', action: 'import', location: TARGET });
    await expect(dispatch(world, wanted)).rejects.toMatchObject({ name: 'ExportIncomplete' });
    await settle(world, actor, { phase: 'export', provider: 'contacts', location: SOURCE }, exportResult());
    await dispatch(world, wanted);
    expect(world.invoked.at(-1)).toMatchObject({ action: 'import', manifest: { bucket: 'b' } });
  });
});
