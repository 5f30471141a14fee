import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { keys } from '@tanker/contract/index.ts';
import { dispatch } from '../../core/control/dispatch.ts';
import type { Actor } from '../../core/ports.ts';
import { type ControlWorld, controlWorld, exportResult, SOURCE, settle, TARGET } from './control-world.ts';
import { plannedTask, recoveryOf } from './planned-task.ts';

let world: ControlWorld;
beforeAll(async () => {
  world = await controlWorld();
});
afterAll(() => world.close());

const planned = () => plannedTask(world);

const HOOKS = ['before-export', 'before-import', 'after-import', 'after-migrate', 'after-undo'];

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

  test('leaves a repeat to the worker that has the attempt, running or done, and starts no second one', async () => {
    const actor = await planned();
    const wanted = event(actor, { phase: 'drain', action: 'drain', grant: undefined });
    await dispatch(world, wanted);
    const before = world.invoked.length;
    const key = keys.subtask(wanted);
    const running = { set: { state: 'running', worker: 'w', startedAt: '2026-03-01T10:00:00.000Z' } };
    await world.table.update(key, running, { expression: 'attribute_exists(pk)' });
    await dispatch(world, wanted);
    await expect(dispatch(world, { ...wanted, token: 'another' })).rejects.toMatchObject({
      name: 'SubtaskSuperseded',
    });
    const at = { phase: 'drain', provider: 'contacts', location: SOURCE } as const;
    await settle(world, actor, at, { action: 'drain', watermark: '7', polls: 2 });
    await dispatch(world, wanted);
    expect(world.invoked.length).toBe(before);
  });

  test('tells a transfer which of the provider’s hooks run inside it, and for how long its objects are kept', async () => {
    const answers = () => ({ describe: { hooks: HOOKS } });
    const move = await plannedTask(world, { answers });
    await dispatch(world, event(move));
    expect(world.invoked.at(-1)).toMatchObject({
      action: 'export',
      version: 0,
      hooks: ['before-export'],
      retention: 'transfer',
    });
    await settle(world, move, { phase: 'export', provider: 'contacts', location: SOURCE }, exportResult());
    await dispatch(world, event(move, { phase: 'import', action: 'import', location: TARGET }));
    expect(world.invoked.at(-1)).toMatchObject({ hooks: ['before-import', 'after-import'] });
    expect(world.invoked.at(-1)).not.toHaveProperty('exported');
    for (const operation of ['backup', 'remove'] as const) {
      const actor = await plannedTask(world, { operation, answers });
      await dispatch(world, event(actor));
      // A backup changes nothing at home, so that nothing has to be taken back after it.
      const hooks = operation === 'backup' ? [] : ['before-export'];
      expect(world.invoked.at(-1)).toMatchObject({ hooks, retention: 'backup-30' });
    }
  });

  test('has an erase read the incarnation itself, and says why it is done', async () => {
    const actor = await planned();
    const recovery = await recoveryOf(world, actor);
    const erase = { phase: 'erase', action: 'erase', location: TARGET, grant: undefined };
    await dispatch(world, event(recovery, erase));
    expect(world.invoked.at(-1)).toMatchObject({ version: 0, reason: `task ${actor.task} is undone` });
    expect(world.invoked.at(-1)).not.toHaveProperty('incarnation');
  });
});
