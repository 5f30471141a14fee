import assert from 'node:assert/strict';
import { type ConformanceCase, type ConformanceContext, equal, refused, rowsOf } from './context.ts';

/** The company exported at the source, and a caller at the target that holds nothing of it. */
async function exported(t: ConformanceContext) {
  const source = await t.seeded();
  return { source, slice: await source.export(), target: await t.at('target') };
}

const EMPTY = { rows: 0, staging: 0 };

export const IMPORT_CASES: readonly ConformanceCase[] = [
  {
    title: 'shows nothing before publish, everything after it, and a repeat answers the same',
    run: async (t) => {
      const { slice, target } = await exported(t);
      const session = await target.importBegin(slice.manifest);
      await target.importParts(session, slice.octets);
      const staged = await target.summary();
      const rows = slice.manifest.parts.reduce((sum, part) => sum + part.rows, 0);
      equal([rowsOf(staged.collections), staged.stagingRows], [0, rows]);
      const published = await target.publish(session);
      equal(published.rows, rows);
      equal(await target.publish(session), published);
      const visible = await target.summary(true);
      equal([rowsOf(visible.collections), visible.stagingRows], [rows, 0]);
      const digests = visible.collections.map(({ name, digest }) => ({ name, digest }));
      equal(digests, slice.manifest.collections);
    },
  },
  {
    title: 'a part with one wrong octet, or cut off, is refused; sent again as it is, it is taken',
    run: async (t) => {
      const { slice, target } = await exported(t);
      const session = await target.importBegin(slice.manifest);
      const [right] = slice.octets as [Uint8Array];
      const wrong = right.slice();
      wrong[wrong.length - 2] = (wrong.at(-2) ?? 0) ^ 1;
      await refused(target.importPart(session, 0, wrong), 'ChecksumMismatch');
      await refused(target.importPart(session, 0, right.slice(0, -1)), 'ChecksumMismatch');
      await refused(target.publish(session), 'StagingMismatch');
      await target.importParts(session, slice.octets);
      await target.importPart(session, 0, right);
      await target.publish(session);
    },
  },
  {
    title: 'refuses to publish while a part is missing',
    run: async (t) => {
      const { slice, target } = await exported(t);
      const session = await target.importBegin(slice.manifest);
      await refused(target.publish(session), 'StagingMismatch');
      equal(rowsOf((await target.summary()).collections), 0);
    },
  },
  {
    title: 'a new begin kills the older session and its staging',
    run: async (t) => {
      const { slice, target } = await exported(t);
      const first = await target.importBegin(slice.manifest);
      await target.importParts(first, slice.octets);
      const second = await target.importBegin(slice.manifest);
      equal((await target.summary()).stagingRows, 0);
      await refused(target.importPart(first, 0, slice.octets[0] as Uint8Array), 'SessionUnknown');
      await refused(target.publish(first), 'SessionUnknown');
      await target.importParts(second, slice.octets);
      await target.publish(second);
    },
  },
  {
    title: 'adds to nothing: a location that holds rows of the company takes no import',
    run: async (t) => {
      const { slice, target } = await exported(t);
      await target.import(slice);
      await refused((await t.at('target', 2)).importBegin(slice.manifest), 'TargetNotEmpty');
    },
  },
  {
    title: 'what was published is found again by the begin of the same import, and nothing is changed',
    run: async (t) => {
      const { slice, target } = await exported(t);
      const session = await target.import(slice);
      const published = await target.publish(session);
      const look = async () => {
        const { collections, stagingRows, watermark, closed } = await target.summary(true);
        return { collections, stagingRows, watermark, closed };
      };
      const before = await look();
      for (const again of [1, 2]) {
        equal({ again, ...(await target.importBegun(slice.manifest)) }, { again, session, published: true });
        equal(await target.publish(session), published);
        await target.abort(session);
      }
      equal(await look(), before);
      const another = { ...slice.manifest, collections: [] };
      await refused(target.importBegin(another), 'TargetNotEmpty');
      await target.seal();
      await refused(target.importBegin(slice.manifest), 'ImportSealed');
    },
  },
  {
    title: 'refuses a format that it does not read',
    run: async (t) => {
      const { slice, target } = await exported(t);
      const manifest = { ...slice.manifest, format: { name: 'unheard-of', version: 1 } };
      await refused(target.importBegin(manifest), 'FormatUnreadable');
    },
  },
  {
    title: 'an aborted import leaves nothing; aborting again is fine',
    run: async (t) => {
      const { slice, target } = await exported(t);
      const session = await target.importBegin(slice.manifest);
      await target.importParts(session, slice.octets);
      await target.abort(session);
      await target.abort(session);
      equal((await target.summary()).stagingRows, 0);
      await refused(target.publish(session), 'SessionUnknown');
    },
  },
  {
    title: 'after a seal no import call of that epoch is taken, of a higher one they are',
    run: async (t) => {
      const { slice, target } = await exported(t);
      const session = await target.importBegin(slice.manifest);
      await target.importParts(session, slice.octets);
      await target.seal();
      await refused(target.importBegin(slice.manifest), 'ImportSealed');
      await refused(target.importPart(session, 0, slice.octets[0] as Uint8Array), 'ImportSealed');
      await refused(target.publish(session), 'ImportSealed');
      equal((await target.summary()).stagingRows, 0);
      await (await t.at('target', 2)).import(slice);
    },
  },
  {
    title: 'a seal answers the digests of the source, a repeat too',
    run: async (t) => {
      const { slice, target } = await exported(t);
      await target.import(slice);
      equal((await target.seal()).collections, slice.manifest.collections);
      equal((await target.seal()).collections, slice.manifest.collections);
    },
  },
  {
    title: 'a company that moves away and back is open at home again',
    run: async (t) => {
      const { slice, target, source } = await exported(t);
      await target.import(slice);
      await assert.rejects(t.change('source'));
      const back = await (await t.at('target', 2)).export();
      await source.as({ epoch: 2, holder: 'conform/e2' }).erase();
      await (await t.at('source', 2)).import(back);
      await t.change('source');
    },
  },
  {
    title: 'an erase takes rows and staging, answers what is left, and touches no neighbour',
    run: async (t) => {
      const { source, slice, target } = await exported(t);
      const neighbour = `${t.company}-neighbour`;
      await t.provider.seed(neighbour);
      const before = await (await t.at('source', 1, neighbour)).summary(true);
      const rows = slice.manifest.parts.reduce((sum, part) => sum + part.rows, 0);
      equal(await source.erase(), { erased: { rows, staging: 0 }, left: EMPTY });
      equal(await source.erase(), { erased: EMPTY, left: EMPTY });
      const after = await (await t.at('source', 1, neighbour)).summary(true);
      equal(after.collections, before.collections);
      const session = await target.importBegin(slice.manifest);
      await target.importParts(session, slice.octets);
      equal(await target.erase(), { erased: { rows: 0, staging: rows }, left: EMPTY });
      await refused(target.publish(session), 'SessionUnknown');
    },
  },
  {
    title: 'an erase of a higher epoch ends a part that is still being sent, and nothing of it is left',
    run: async (t) => {
      const { slice, target } = await exported(t);
      const session = await target.importBegin(slice.manifest);
      const [octets] = slice.octets as [Uint8Array];
      let end = () => {};
      const slow = new ReadableStream({
        start: (controller) => {
          controller.enqueue(octets.slice(0, -1));
          end = () => controller.close();
        },
      });
      const sending = target.importPart(session, 0, slow).then(
        () => 'taken',
        () => 'ended',
      );
      const { left } = await (await t.at('target', 2)).erase();
      equal(left, EMPTY);
      end();
      equal(await sending, 'ended');
      equal((await target.summary()).stagingRows, 0);
    },
  },
];
