import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { MAX_PART_BYTES } from '@tanker/contract/index.ts';
import { exportPart, type PartExport } from '../../core/transfer/export-part.ts';
import { S3_PART_BUFFERS, S3_PART_BYTES } from '../../core/transfer/sizes.ts';
import { rest } from '../support/manual-clock.ts';
import { chunks, MemoryExports } from '../support/memory-exports.ts';
import { problem, receiptOf } from '../support/memory-provider.ts';

const streamOf = (body: Buffer) => Readable.from(chunks(body), { objectMode: false });

const order = (exports: MemoryExports, body: Buffer, changes: Partial<PartExport> = {}): PartExport => ({
  exports,
  key: 'part-00000',
  retention: 'transfer',
  open: async () => streamOf(body),
  confirm: async () => undefined,
  onStored: () => undefined,
  signal: new AbortController().signal,
  ...changes,
});

/** A source that never ends, and counts what was read of it. */
function endless() {
  const chunk = Buffer.alloc(65_536, 1);
  const seen = { bytes: 0 };
  const stream = new Readable({
    read() {
      seen.bytes += chunk.length;
      this.push(chunk);
    },
  });
  return { stream, seen };
}

describe('the export of a part', () => {
  for (const [what, bytes] of [
    ['nothing', 0],
    ['one octet', 1],
    ['exactly one S3 part', S3_PART_BYTES],
    ['one octet more than an S3 part', S3_PART_BYTES + 1],
    ['several S3 parts', 3 * S3_PART_BYTES + 12_345],
  ] as const) {
    test(`stores ${what} as it came, and tells its checksums`, async () => {
      const body = randomBytes(bytes);
      const exports = new MemoryExports();
      let stored = 0;
      const part = await exportPart(order(exports, body, { onStored: (count) => (stored += count) }));
      expect(exports.objects.get('part-00000')?.equals(body)).toBe(true);
      expect(part).toMatchObject({ bytes, bytesStreamed: bytes, sha256: receiptOf(0, body).sha256 });
      expect(stored).toBe(bytes);
      expect(exports.uploads.size).toBe(0);
    });
  }

  test('keeps memory flat: a slow S3 stops the provider after four buffers', async () => {
    const exports = new MemoryExports();
    const { promise, resolve } = Promise.withResolvers<void>();
    exports.gate = promise;
    const { stream, seen } = endless();
    const stop = new AbortController();
    const exporting = exportPart(
      order(exports, Buffer.alloc(0), { open: async () => stream, signal: stop.signal }),
    );
    const ended = expect(exporting).rejects.toThrow('enough');
    while (exports.inFlight < S3_PART_BUFFERS) await rest(1);
    await rest();
    const after = seen.bytes;
    await rest();
    expect(seen.bytes).toBe(after);
    expect(after).toBeLessThan((S3_PART_BUFFERS + 1) * S3_PART_BYTES);
    stop.abort(new Error('enough'));
    resolve();
    await ended;
    expect(exports.mostInFlight).toBe(S3_PART_BUFFERS);
    expect(exports.uploads.size).toBe(0);
  });

  test('that is stopped waits for nothing that is on its way to S3, and leaves no upload', async () => {
    const exports = new MemoryExports();
    exports.gate = new Promise(() => undefined);
    const stop = new AbortController();
    const { stream } = endless();
    const exporting = exportPart(
      order(exports, Buffer.alloc(0), { open: async () => stream, signal: stop.signal }),
    );
    const ended = expect(exporting).rejects.toThrow('out of time');
    while (exports.inFlight < S3_PART_BUFFERS) await rest(1);
    stop.abort(new Error('out of time'));
    await ended;
    expect([exports.inFlight, exports.uploads.size]).toEqual([0, 0]);
  });

  test('makes nothing visible when the stream breaks off, and aborts the upload', async () => {
    const exports = new MemoryExports();
    const body = randomBytes(S3_PART_BYTES + 10);
    const broken = Readable.from(
      (async function* () {
        yield* chunks(body);
        throw Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
      })(),
      { objectMode: false },
    );
    const exporting = exportPart(order(exports, body, { open: async () => broken }));
    await expect(exporting).rejects.toMatchObject({ name: 'ProviderUnreachable' });
    expect(exports.objects.size).toBe(0);
    expect(exports.uploads.size).toBe(0);
  });

  for (const failing of ['begin', 'part', 'complete', 'put', 'head'] as const) {
    test(`ends with the error of a failing ${failing}, and leaves no upload`, async () => {
      const exports = new MemoryExports();
      exports.fault = (call) => {
        if (call === failing) throw new Error('S3 is out');
      };
      const bytes = failing === 'put' ? 10 : 2 * S3_PART_BYTES;
      await expect(exportPart(order(exports, randomBytes(bytes)))).rejects.toThrow('S3 is out');
      expect(exports.uploads.size).toBe(0);
    });
  }

  for (const bytes of [10, S3_PART_BYTES + 1]) {
    test(`makes ${bytes} bytes visible only after the attempt was confirmed`, async () => {
      const exports = new MemoryExports();
      const confirm = async () => {
        expect(exports.objects.size).toBe(0);
        throw problem('SubtaskSuperseded');
      };
      await expect(exportPart(order(exports, randomBytes(bytes), { confirm }))).rejects.toMatchObject({
        name: 'SubtaskSuperseded',
      });
      expect(exports.objects.size).toBe(0);
      expect(exports.uploads.size).toBe(0);
    });
  }

  test('never replaces an object that is there', async () => {
    const exports = new MemoryExports();
    exports.objects.set('part-00000', Buffer.from('first'));
    await expect(exportPart(order(exports, randomBytes(10)))).rejects.toMatchObject({ name: 'ObjectExists' });
    expect(exports.objects.get('part-00000')?.toString()).toBe('first');
  });

  test('is refused when S3 then holds something else than was streamed', async () => {
    const exports = new MemoryExports();
    const head = exports.head.bind(exports);
    exports.head = async (key) => ({ ...(await head(key)), bytes: 9 });
    await expect(exportPart(order(exports, randomBytes(10)))).rejects.toMatchObject({
      name: 'ExportMismatch',
    });
  });

  test('refuses a part above the contract’s size', async () => {
    const exports = new MemoryExports();
    const aborted: string[] = [];
    exports.begin = async (key) => ({
      part: async () => undefined,
      complete: () => Promise.reject(new Error('never reached')),
      abort: async () => void aborted.push(key),
    });
    const { stream, seen } = endless();
    const exporting = exportPart(order(exports, Buffer.alloc(0), { open: async () => stream }));
    await expect(exporting).rejects.toMatchObject({ name: 'ExportMismatch' });
    expect(seen.bytes).toBeLessThan(MAX_PART_BYTES + 2 ** 20);
    expect(aborted).toEqual(['part-00000']);
  }, 30_000);
});
