import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import type { ManifestPart, PartReceipt } from '@tanker/contract/index.ts';
import { importPart } from '../../core/transfer/import-part.ts';
import { MemoryExports } from '../support/memory-exports.ts';
import { MemoryProvider, problem, receiptOf } from '../support/memory-provider.ts';

const BODY = randomBytes(300_000);

async function world(changes: Partial<ManifestPart> = {}) {
  const exports = new MemoryExports();
  const provider = new MemoryProvider();
  const { etag, crc32 } = await exports.put('part-00000', BODY);
  const part: ManifestPart = { ...receiptOf(0, BODY), key: 'part-00000', etag, crc32, ...changes };
  const stop = new AbortController();
  let sent = 0;
  const run = () =>
    importPart({
      exports,
      provider,
      fence: { task: 't', epoch: 1, holder: 't/t', incarnation: 'i' },
      session: 'session',
      part,
      onSent: (bytes) => {
        sent += bytes;
      },
      signal: stop.signal,
    });
  return { exports, provider, run, stop, sent: () => sent };
}

describe('the import of a part', () => {
  test('brings the octets of the object to the provider unchanged', async () => {
    const { provider, run, sent } = await world();
    await expect(run()).resolves.toEqual(receiptOf(0, BODY));
    expect(provider.staged.get(0)?.equals(BODY)).toBe(true);
    expect(sent()).toBe(BODY.length);
  });

  const wrongManifests: [string, Partial<ManifestPart>][] = [
    ['another object lies at the key', { etag: '"other"' }],
    ['there is no object', { key: 'missing' }],
    ['the SHA-256 differs', { sha256: 'f'.repeat(64) }],
    ['the size differs', { bytes: 1 }],
    ['the rows differ', { rows: 2 }],
  ];
  for (const [what, changes] of wrongManifests) {
    test(`is refused when ${what}`, async () => {
      const { run } = await world(changes);
      await expect(run()).rejects.toMatchObject({ name: 'ChecksumMismatch' });
    });
  }

  const lies: [string, Partial<PartReceipt>][] = [
    ['bytes', { bytes: 7 }],
    ['rows', { rows: 7 }],
    ['SHA-256', { sha256: 'e'.repeat(64) }],
    ['number', { part: 7 }],
  ];
  for (const [field, lie] of lies) {
    test(`is refused when the provider's receipt has another ${field}`, async () => {
      const { provider, run } = await world();
      provider.received = (told) => ({ ...told, ...lie });
      await expect(run()).rejects.toMatchObject({ name: 'ChecksumMismatch' });
    });
  }

  test('says that S3 broke off when it did, whatever the provider makes of the short body', async () => {
    const { exports, run } = await world();
    exports.get = async () =>
      Readable.from(
        (async function* () {
          yield BODY.subarray(0, 1000);
          throw Object.assign(new Error('aborted'), { code: 'ECONNRESET' });
        })(),
        { objectMode: false },
      );
    await expect(run()).rejects.toMatchObject({ name: 'InternalFailure', retry: true });
  });

  test("tells the provider's refusal when it answers in the middle of the body", async () => {
    const { provider, run } = await world();
    provider.importPart = async (_fence, _session, _part, body) => {
      body.destroy();
      throw problem('EpochStale');
    };
    await expect(run()).rejects.toMatchObject({ name: 'EpochStale' });
  });

  test('is refused when the stream ends early without an error', async () => {
    const { exports, run } = await world();
    exports.get = async () => Readable.from([BODY.subarray(0, 1000)], { objectMode: false });
    await expect(run()).rejects.toMatchObject({ name: 'ChecksumMismatch' });
  });

  test('ends with the reason of an aborted signal', async () => {
    const { exports, run, stop } = await world();
    exports.get = async () => {
      stop.abort(new Error('settled'));
      return Readable.from([BODY], { objectMode: false });
    };
    await expect(run()).rejects.toThrow('settled');
  });
});
