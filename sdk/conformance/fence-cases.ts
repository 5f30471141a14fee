import type { ProviderCaller } from './caller.ts';
import { type ConformanceCase, type ConformanceContext, equal, refused } from './context.ts';

/** Every mutating call, with arguments that nothing answers to: the fence is checked before them. */
const MUTATING: Readonly<Record<string, (caller: ProviderCaller) => Promise<unknown>>> = {
  exportBegin: (c) => c.exportBegin(),
  exportPart: (c) => c.exportPart('none', 0),
  exportFinish: (c) => c.exportFinish('none'),
  exportRelease: (c) => c.exportRelease('none'),
  open: (c) => c.open(),
  importBegin: async (c) =>
    c.importBegin({ format: (await c.describe()).writes, parts: [], collections: [] }),
  importPart: (c) => c.importPart('none', 0, Buffer.from('{}\n')),
  importPublish: (c) => c.publish('none'),
  importAbort: (c) => c.abort('none'),
  seal: (c) => c.seal(),
  fence: (c) => c.raise(),
  erase: (c) => c.erase(),
};

const refusesStale = (act: (caller: ProviderCaller) => Promise<unknown>) => async (t: ConformanceContext) => {
  const caller = await t.at('source', 5);
  await caller.raise();
  await refused(act(caller.as({ epoch: 4, holder: 'conform/e4' })), 'EpochStale');
  await refused(act(caller.as({ holder: 'conform/other' })), 'EpochStale');
  await refused(
    act(caller.as({ epoch: 6, holder: 'conform/e6', incarnation: 'another' })),
    'IncarnationChanged',
  );
  const { epoch, holder, closed } = await caller.summary();
  equal({ epoch, holder, closed }, { epoch: 5, holder: 'conform/e5', closed: null });
};

export const FENCE_CASES: readonly ConformanceCase[] = [
  ...Object.entries(MUTATING).map(([name, act]) => ({
    title: `${name} refuses a lower epoch, an equal one of another holder, and another incarnation`,
    run: refusesStale(act),
  })),
  {
    title: 'knows nothing of a company before its first call',
    run: async (t) => {
      const { epoch, holder, closed, stagingRows } = await (await t.at('source')).summary();
      equal({ epoch, holder, closed, stagingRows }, { epoch: 0, holder: null, closed: null, stagingRows: 0 });
    },
  },
  {
    title: 'keeps the epochs of two servers apart',
    run: async (t) => {
      await (await t.at('source', 7)).raise();
      await (await t.at('target', 3)).raise();
      equal((await (await t.at('source')).summary()).epoch, 7);
      equal((await (await t.at('target')).summary()).epoch, 3);
    },
  },
  {
    title: 'a higher epoch ends the export and the import of the epoch before',
    run: async (t) => {
      const source = await t.seeded();
      const exported = await source.export();
      const begun = await source.exportBegin();
      const target = await t.at('target');
      const session = await target.importBegin(exported.manifest);
      await (await t.at('source', 2)).raise();
      await (await t.at('target', 2)).raise();
      await refused((await t.at('source', 2)).exportPart(begun.export, 0), 'SessionUnknown');
      await refused((await t.at('target', 2)).publish(session), 'SessionUnknown');
      await refused(target.publish(session), 'EpochStale');
    },
  },
  {
    title: 'keeps the epoch after an erase',
    run: async (t) => {
      const caller = await t.seeded(7);
      await caller.erase();
      await refused((await t.at('source', 6)).raise(), 'EpochStale');
    },
  },
  {
    title: 'is another incarnation after its operator said so, and serves that one',
    run: async (t) => {
      const caller = await t.at('source');
      await t.provider.renewIncarnation();
      await refused(caller.raise(), 'IncarnationChanged');
      await (await t.at('source')).raise();
    },
  },
];
