import assert from 'node:assert/strict';
import { HOOKS, type HookName } from '@tanker/contract/index.ts';
import type { ProviderCaller } from './caller.ts';
import { type ConformanceCase, type ConformanceContext, equal, refused } from './context.ts';

/** What shows that a hook's effect happened so often, where the provider under test can tell. */
async function happened(t: ConformanceContext, hook: HookName, times: number): Promise<void> {
  const { hookRuns, source } = t.provider;
  if (hookRuns) equal({ hook, runs: await hookRuns(source, t.company, hook) }, { hook, runs: times });
}

const offered = async (caller: ProviderCaller): Promise<readonly HookName[]> =>
  (await caller.describe()).hooks;

/** Keys as agents make them: of company, task and hook. */
const keyOf = (t: ConformanceContext, task: string, hook: HookName): string => `${t.company}:${task}:${hook}`;

export const HOOK_CASES: readonly ConformanceCase[] = [
  {
    title: 'has no hook that describe does not name',
    run: async (t) => {
      const caller = await t.at('source');
      const names = await offered(caller);
      for (const hook of HOOKS.filter((name) => !names.includes(name))) {
        await refused(caller.hook(hook, keyOf(t, 'one', hook)), 'ResourceUnknown');
      }
    },
  },
  {
    title: 'runs each of its hooks once for a key, whoever repeats it, and again for another task’s',
    run: async (t) => {
      const caller = await t.seeded();
      const later = await t.at('source', 2);
      for (const hook of await offered(caller)) {
        const key = keyOf(t, 'one', hook);
        const together = await Promise.all([caller.hook(hook, key), caller.hook(hook, key)]);
        equal(together.map(({ ran }) => ran).sort(), [false, true]);
        await happened(t, hook, 1);
      }
      for (const hook of await offered(caller)) {
        equal(await later.hook(hook, keyOf(t, 'one', hook)), { ran: false });
        await happened(t, hook, 1);
        equal(await later.hook(hook, keyOf(t, 'two', hook)), { ran: true });
        await happened(t, hook, 2);
      }
    },
  },
  {
    title: 'a hook refuses a lower epoch, an equal one of another holder, and another incarnation',
    run: async (t) => {
      const caller = await t.at('source', 5);
      await caller.raise();
      for (const hook of await offered(caller)) {
        const key = keyOf(t, 'one', hook);
        await refused(caller.as({ epoch: 4, holder: 'conform/e4' }).hook(hook, key), 'EpochStale');
        await refused(caller.as({ holder: 'conform/other' }).hook(hook, key), 'EpochStale');
        const other = caller.as({ epoch: 6, holder: 'conform/e6', incarnation: 'another' });
        await refused(other.hook(hook, key), 'IncarnationChanged');
        await happened(t, hook, 0);
      }
    },
  },
  {
    title:
      'a hook after a removal runs where the company is closed and erased, and its key outlives the next erase',
    run: async (t) => {
      const caller = await t.seeded();
      await caller.export();
      await caller.erase();
      if (!(await offered(caller)).includes('after-remove')) return;
      const key = keyOf(t, 'one', 'after-remove');
      equal(await caller.hook('after-remove', key), { ran: true });
      const recovery = await t.at('source', 2);
      equal((await recovery.erase()).left, { rows: 0, staging: 0 });
      equal(await recovery.hook('after-remove', key), { ran: false });
      await happened(t, 'after-remove', 1);
      assert.notEqual((await recovery.summary()).closed, null);
    },
  },
  {
    title: 'hooks after a restore and after an undo run where the company lives again, once for each task',
    run: async (t) => {
      const caller = await t.seeded();
      const slice = await caller.export();
      await caller.erase();
      const restore = await t.at('source', 2);
      await restore.import(slice);
      const names = await offered(caller);
      const hooks = (['after-restore', 'after-undo'] as const).filter((name) => names.includes(name));
      for (const hook of hooks) equal(await restore.hook(hook, keyOf(t, 'restore', hook)), { ran: true });
      const next = await t.at('source', 3);
      for (const hook of hooks) {
        equal(await next.hook(hook, keyOf(t, 'restore', hook)), { ran: false });
        equal(await next.hook(hook, keyOf(t, 'next', hook)), { ran: true });
        await happened(t, hook, 2);
      }
    },
  },
];
