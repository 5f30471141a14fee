import assert from 'node:assert/strict';
import type { Exported, ProviderCaller } from './caller.ts';
import { type ConformanceCase, type ConformanceContext, equal, refused, rowsOf } from './context.ts';

/** A company's end at a location, what is read of a fallback copy before that, and its second life after a restore. */

const EMPTY = { rows: 0, staging: 0 };

const rowsIn = ({ manifest }: Exported): number => manifest.parts.reduce((sum, part) => sum + part.rows, 0);

const digestsAt = async (caller: ProviderCaller) =>
  (await caller.summary(true)).collections.map(({ name, digest }) => ({ name, digest }));

/** Exported under epoch 1 and erased under epoch 2, as a removal does. */
async function removed(t: ConformanceContext): Promise<Exported> {
  const slice = await (await t.seeded()).export();
  const { left } = await (await t.at('source', 2)).erase();
  equal(left, EMPTY);
  return slice;
}

/** Imports the slice, seals, and shows that it is what was exported, open to its service, and ready to be moved. */
async function livesAgain(t: ConformanceContext, slice: Exported, where: 'source' | 'target', epoch: number) {
  const caller = await t.at(where, epoch);
  await caller.import(slice);
  const sealed = await caller.seal();
  equal(sealed.collections, slice.manifest.collections);
  equal((await caller.summary()).closed, null);
  await t.change(where);
  const next = await (await t.at(where, epoch + 1)).export();
  equal(rowsIn(next) > rowsIn(slice), true);
  return { sealed, next };
}

export const LIFE_CASES: readonly ConformanceCase[] = [
  {
    title: 'sealing and draining at a closed source changes neither its digests nor its watermark',
    run: async (t) => {
      const slice = await (await t.seeded()).export();
      for (const epoch of [1, 2, 2, 5]) {
        const caller = await t.at('source', epoch);
        const { collections, watermark } = await caller.seal();
        equal(
          { collections, watermark },
          { collections: slice.manifest.collections, watermark: slice.watermark },
        );
        equal(await caller.drain(), { pending: 0, watermark: slice.watermark });
        await assert.rejects(t.change('source'));
      }
      const { closed, watermark } = await (await t.at('source', 5)).summary();
      equal({ closed, watermark }, { closed: { epoch: 1, grant: 1 }, watermark: slice.watermark });
    },
  },
  {
    title: 'an erase leaves the closing: nobody writes there until an import begins',
    run: async (t) => {
      const slice = await removed(t);
      await assert.rejects(t.change('source'));
      const caller = await t.at('source', 3);
      const closed = (await caller.closings()).closings.filter(({ company }) => company === t.company);
      equal(
        closed.map(({ epoch, grant }) => ({ epoch, grant })),
        [{ epoch: 2, grant: 1 }],
      );
      equal(rowsOf((await caller.summary()).collections), 0);
      await caller.importBegin(slice.manifest);
      equal((await caller.summary()).closed, null);
    },
  },
  {
    title: 'an import that is undone where the company lived leaves it closed there, as it was',
    run: async (t) => {
      const slice = await removed(t);
      const restore = await t.at('source', 3);
      await restore.import(slice);
      await t.change('source');
      const undo = await t.at('source', 4);
      equal((await undo.erase()).left, EMPTY);
      await assert.rejects(t.change('source'));
      const closed = (await undo.closings()).closings.filter(({ company }) => company === t.company);
      equal(
        closed.map(({ epoch, grant }) => ({ epoch, grant })),
        [{ epoch: 4, grant: 1 }],
      );
      await livesAgain(t, slice, 'source', 5);
    },
  },
  {
    title: 'an erase answers zero where the company never was, and so does every repeat of it',
    run: async (t) => {
      for (const epoch of [1, 1, 2]) {
        equal(await (await t.at('target', epoch)).erase(), { erased: EMPTY, left: EMPTY });
      }
      const slice = await removed(t);
      for (const epoch of [2, 2, 3]) {
        equal(await (await t.at('source', epoch)).erase(), { erased: EMPTY, left: EMPTY });
      }
      equal(rowsIn(slice) > 0, true);
    },
  },
  {
    title: 'a company that was erased lives again where it lived, and its watermark is none that it had',
    run: async (t) => {
      const slice = await removed(t);
      const { sealed, next } = await livesAgain(t, slice, 'source', 3);
      assert.notEqual(sealed.watermark, slice.watermark);
      assert.notEqual(next.watermark, sealed.watermark);
    },
  },
  {
    title: 'a company that was erased lives again at another location, is erased there, and comes back',
    run: async (t) => {
      const slice = await removed(t);
      const { next } = await livesAgain(t, slice, 'target', 1);
      const erased = await (await t.at('target', 3)).erase();
      equal(erased, { erased: { rows: rowsIn(next), staging: 0 }, left: EMPTY });
      await livesAgain(t, next, 'source', 3);
    },
  },
  {
    title:
      'a second life collides with nothing that neighbours have made since, and neither do they afterwards',
    run: async (t) => {
      const neighbour = `${t.company}-neighbour`;
      const slice = await removed(t);
      await t.provider.seed(neighbour);
      for (let changes = 0; changes < 3; changes += 1) {
        await t.provider.change(t.provider.source, neighbour);
        await t.provider.change(t.provider.target, neighbour);
      }
      const before = [
        await digestsAt(await t.at('source', 1, neighbour)),
        await digestsAt(await t.at('target', 1, neighbour)),
      ];
      await (await t.at('target', 1)).import(slice);
      await (await t.at('source', 3)).import(slice);
      equal(await digestsAt(await t.at('source', 3)), slice.manifest.collections);
      equal(await digestsAt(await t.at('target', 1)), slice.manifest.collections);
      const after = [
        await digestsAt(await t.at('source', 1, neighbour)),
        await digestsAt(await t.at('target', 1, neighbour)),
      ];
      equal(after, before);
      for (const server of [t.provider.source, t.provider.target]) {
        await t.provider.change(server, neighbour);
        await t.provider.change(server, t.company);
      }
    },
  },
  {
    title: 'refuses the next version of a format that it reads, and leaves a closed company closed',
    run: async (t) => {
      const slice = await removed(t);
      const caller = await t.at('source', 3);
      const { reads } = await caller.describe();
      const { name } = slice.manifest.format;
      const newest = Math.max(...reads.filter((one) => one.name === name).map(({ version }) => version));
      const manifest = { ...slice.manifest, format: { name, version: newest + 1 } };
      await refused(caller.importBegin(manifest), 'FormatUnreadable');
      assert.notEqual((await caller.summary()).closed, null);
      await caller.import(slice);
    },
  },
];
