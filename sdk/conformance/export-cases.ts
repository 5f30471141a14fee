import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { type ConformanceCase, equal, refused, rowsOf } from './context.ts';

const sha256 = (octets: Uint8Array): string => createHash('sha256').update(octets).digest('hex');

export const EXPORT_CASES: readonly ConformanceCase[] = [
  {
    title: 'a change of the service moves the watermark',
    run: async (t) => {
      const caller = await t.seeded();
      const { watermark } = await caller.drain();
      await t.change('source');
      assert.notEqual((await caller.drain()).watermark, watermark);
    },
  },
  {
    title: 'a change of the service alters the digest, not only the count of rows',
    run: async (t) => {
      const caller = await t.seeded();
      const sums = async () => (await caller.seal()).collections.map(({ digest }) => digest.sum);
      const before = await sums();
      equal(await sums(), before);
      await t.change('source');
      assert.notDeepEqual(await sums(), before);
    },
  },
  {
    title: 'a message that waits is pending',
    run: async (t) => {
      const caller = await t.seeded();
      const before = await caller.drain();
      if (!t.provider.pending) return;
      await t.provider.pending(t.provider.source, t.company);
      const after = await caller.drain();
      equal(after.pending, before.pending + 1);
      assert.notEqual(after.watermark, before.watermark);
    },
  },
  {
    title: 'rows that no collection claims are told, and an erase leaves and counts them',
    run: async (t) => {
      const caller = await t.seeded();
      const strangers = async () => rowsOf((await caller.summary()).unclaimed);
      equal(await strangers(), 0);
      if (!t.provider.unclaimed) return;
      await t.provider.unclaimed(t.provider.source, t.company);
      equal(await strangers(), 1);
      equal((await caller.erase()).left, { rows: 1, staging: 0 });
      equal(await strangers(), 1);
    },
  },
  {
    title: 'beginning an export closes the company to its service until it is opened',
    run: async (t) => {
      const caller = await t.seeded();
      await t.change('source');
      await caller.exportBegin(9);
      const { watermark } = await caller.drain();
      await assert.rejects(t.change('source'));
      equal((await caller.drain()).watermark, watermark);
      equal((await caller.summary()).closed, { epoch: 1, grant: 9 });
      await caller.open();
      await caller.open();
      await t.change('source');
      equal((await caller.summary()).closed, null);
    },
  },
  {
    title: 'closes one server and not the other',
    run: async (t) => {
      await (await t.seeded()).exportBegin();
      await t.change('target');
    },
  },
  {
    title: 'lists what is closed, and opens it only for the grant that closed it when one is named',
    run: async (t) => {
      const caller = await t.seeded();
      await caller.exportBegin(4);
      const own = async () =>
        (await caller.closings()).closings.filter(({ company }) => company === t.company);
      equal(await own(), [{ company: t.company, epoch: 1, holder: 'conform/e1', grant: 4 }]);
      await caller.open(3);
      equal((await own()).length, 1);
      await caller.open(4);
      equal(await own(), []);
    },
  },
  {
    title: 'a part that is read again has the same octets, and the receipts are those octets',
    run: async (t) => {
      const caller = await t.seeded();
      const { export: id, parts } = await caller.exportBegin();
      const read: Uint8Array[] = [];
      for (const { part } of parts) {
        read.push(await caller.exportPart(id, part));
        equal(sha256(await caller.exportPart(id, part)), sha256(read[part] as Uint8Array));
      }
      const finished = await caller.exportFinish(id);
      equal(
        finished.parts.map(({ bytes, sha256: sum }) => ({ bytes, sum })),
        read.map((octets) => ({ bytes: octets.length, sum: sha256(octets) })),
      );
      equal(await caller.exportFinish(id), finished);
      await refused(caller.exportPart(id, parts.length), 'ResourceUnknown');
    },
  },
  {
    title: 'does not finish an export of which a part was not read',
    run: async (t) => {
      const caller = await t.seeded();
      const { export: id } = await caller.exportBegin();
      await refused(caller.exportFinish(id), 'ExportMismatch');
    },
  },
  {
    title: 'rows of the parts, the digest and the summary are as many as were seeded',
    run: async (t) => {
      const seeded = await t.provider.seed(t.company);
      const { manifest } = await (await t.at('source')).export();
      const { collections } = await (await t.at('source')).summary(true);
      const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
      equal(sum(manifest.parts.map(({ rows }) => rows)), seeded);
      equal(sum(manifest.collections.map(({ digest }) => digest.rows)), seeded);
      equal(
        collections.map(({ name, digest }) => ({ name, digest })),
        manifest.collections,
      );
    },
  },
  {
    title: 'a new begin, an open or a release ends the export; releasing again is fine',
    run: async (t) => {
      const caller = await t.seeded();
      const first = await caller.exportBegin();
      const second = await caller.exportBegin();
      await refused(caller.exportPart(first.export, 0), 'SessionUnknown');
      await caller.exportRelease(second.export);
      await caller.exportRelease(second.export);
      await refused(caller.exportPart(second.export, 0), 'SessionUnknown');
      assert.notEqual((await caller.summary()).closed, null);
      const third = await caller.exportBegin();
      await caller.open();
      await refused(caller.exportPart(third.export, 0), 'SessionUnknown');
    },
  },
];
