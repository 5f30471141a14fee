import { randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { crc32 } from 'node:zlib';
import { GetObjectTaggingCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Exports } from '../../core/ports.ts';
import { crc32Base64 } from '../../core/transfer/crc32-base64.ts';
import { exportPart } from '../../core/transfer/export-part.ts';
import { S3_PART_BYTES } from '../../core/transfer/sizes.ts';
import { s3Exports } from '../../lambdas/runtime/s3-exports.ts';
import { type S3World, startS3 } from '../local/s3-fixture.ts';

const BUCKET = 'data';
let world: S3World;
let exports: Exports;

beforeAll(async () => {
  world = await startS3();
  exports = s3Exports(world.client, BUCKET);
});
afterAll(() => world.close());

const checksum = (body: Uint8Array) => crc32Base64(crc32(body));
const BODY = randomBytes(S3_PART_BYTES + 1000);

async function upload(key: string, body = BODY) {
  const started = await exports.begin(key, 'transfer');
  await started.part(1, body.subarray(0, S3_PART_BYTES));
  await started.part(2, body.subarray(S3_PART_BYTES));
  return started;
}

describe('the exports bucket in S3', () => {
  test('shows an upload only when it is complete, with the full-object CRC32 of S3 itself', async () => {
    const started = await upload('a/whole');
    await expect(exports.head('a/whole')).rejects.toMatchObject({ name: 'ChecksumMismatch' });
    const stored = await started.complete({ bytes: BODY.length, crc32: checksum(BODY) });
    expect(await exports.head('a/whole')).toEqual(stored);
    expect(stored).toMatchObject({ bytes: BODY.length, crc32: checksum(BODY) });
    expect((await buffer(await exports.get('a/whole', stored.etag))).equals(BODY)).toBe(true);
  });

  test.each(['transfer', 'backup-30'] as const)(
    'tags every object that lifecycle removes as a %s, put whole or in parts',
    async (retention) => {
      await exports.put(`a/tagged-${retention}`, Buffer.from('x'), retention);
      const started = await exports.begin(`a/tagged-parts-${retention}`, retention);
      await started.part(1, Buffer.from('x'));
      await started.complete({ bytes: 1, crc32: checksum(Buffer.from('x')) });
      for (const Key of [`a/tagged-${retention}`, `a/tagged-parts-${retention}`]) {
        const { TagSet } = await world.client.send(new GetObjectTaggingCommand({ Bucket: BUCKET, Key }));
        expect(TagSet).toEqual([{ Key: 'tanker-retention', Value: retention }]);
      }
    },
  );

  test('refuses to complete with another size or checksum', async () => {
    const expected = { bytes: BODY.length, crc32: checksum(BODY) };
    const wrong = [
      { ...expected, bytes: BODY.length + 1 },
      { ...expected, crc32: checksum(Buffer.from('other')) },
    ];
    for (const [index, claim] of wrong.entries()) {
      const started = await upload(`a/wrong-${index}`);
      await expect(started.complete(claim)).rejects.toMatchObject({ name: 'ChecksumMismatch' });
      await started.abort();
      await expect(exports.head(`a/wrong-${index}`)).rejects.toMatchObject({ name: 'ChecksumMismatch' });
    }
  });

  test('never replaces an object, by put or by upload', async () => {
    const first = await exports.put('a/once', Buffer.from('first'), 'transfer');
    await expect(exports.put('a/once', Buffer.from('second'), 'transfer')).rejects.toMatchObject({
      name: 'ObjectExists',
    });
    const late = await upload('a/once');
    await expect(late.complete({ bytes: BODY.length, crc32: checksum(BODY) })).rejects.toMatchObject({
      name: 'ObjectExists',
    });
    await late.abort();
    expect(await exports.head('a/once')).toEqual(first);
  });

  test('knows its own object again when complete is repeated after a lost answer', async () => {
    const started = await upload('a/repeated');
    const expected = { bytes: BODY.length, crc32: checksum(BODY) };
    const stored = await started.complete(expected);
    await expect(started.complete(expected)).resolves.toEqual(stored);
  });

  test('an abort may be repeated', async () => {
    const started = await upload('a/aborted');
    await started.abort();
    await started.abort();
  });

  test('reads only the object with the ETag on record', async () => {
    const { etag } = await exports.put('a/read', Buffer.from('x'), 'transfer');
    await expect(exports.get('a/read', '"other"')).rejects.toMatchObject({ name: 'ChecksumMismatch' });
    await expect(exports.get('a/missing', etag)).rejects.toMatchObject({ name: 'ChecksumMismatch' });
  });

  test('may be told 403 of an object that is not there: that has a name, which nobody tries again, and says both', async () => {
    const answers = (name: string, httpStatusCode: number) => {
      const send = () =>
        Promise.reject(Object.assign(new Error(name), { name, $metadata: { httpStatusCode } }));
      return s3Exports({ send } as never, 'bucket');
    };
    for (const read of [
      answers('AccessDenied', 403).get('a/b', '"e"'),
      answers('Forbidden', 403).head('a/b'),
    ]) {
      await expect(read).rejects.toMatchObject({
        name: 'ChecksumMismatch',
        retry: false,
        message: expect.stringMatching(
          /a\/b that is on record is not there, or this role has no right to read it/,
        ),
      });
    }
    await expect(answers('SlowDown', 503).head('a/b')).rejects.toMatchObject({ name: 'SlowDown' });
  });

  test('discards objects and unfinished uploads below a prefix only', async () => {
    await exports.put('t/1/a', Buffer.from('x'), 'transfer');
    await exports.put('t/1/b', Buffer.from('x'), 'transfer');
    await exports.put('t/12/a', Buffer.from('x'), 'transfer');
    await exports.begin('t/1/c', 'transfer');
    await expect(exports.discard('t/1/')).resolves.toEqual({ objects: 2, uploads: 1 });
    await expect(exports.discard('t/1/')).resolves.toEqual({ objects: 0, uploads: 0 });
    await expect(exports.head('t/12/a')).resolves.toMatchObject({ bytes: 1 });
  });

  test('discards nothing more once its worker has to stop', async () => {
    await exports.put('t/2/a', Buffer.from('x'), 'transfer');
    await expect(exports.discard('t/2/', AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' });
    await expect(exports.head('t/2/a')).resolves.toMatchObject({ bytes: 1 });
  });

  test('sends nothing and asks nothing more once its worker has to stop', async () => {
    const started = await upload('a/stopped');
    const stopped = AbortSignal.abort();
    const expected = { bytes: BODY.length, crc32: checksum(BODY) };
    const calls = [
      started.part(3, BODY.subarray(0, 10), stopped),
      started.complete(expected, stopped),
      started.abort(stopped),
      exports.begin('a/stopped', 'transfer', stopped),
      exports.put('a/stopped', BODY, 'transfer', stopped),
      exports.head('a/stopped', stopped),
    ];
    for (const call of calls) await expect(call).rejects.toMatchObject({ name: 'AbortError' });
    await started.abort();
  });

  test('sends each octet unhashed by the signer, with one checksum', async () => {
    const seen: Record<string, string>[] = [];
    world.client.middlewareStack.add(
      (next) => (args) => {
        seen.push({ ...(args.request as { headers: Record<string, string> }).headers });
        return next(args);
      },
      { step: 'finalizeRequest', name: 'spy', priority: 'low' },
    );
    await upload('a/headers');
    world.client.middlewareStack.remove('spy');
    const parts = seen.filter((headers) => headers['x-amz-checksum-crc32'] !== undefined);
    expect(parts).toHaveLength(2);
    for (const headers of parts) {
      expect(headers['x-amz-content-sha256']).toBe('UNSIGNED-PAYLOAD');
      expect(headers['x-amz-trailer']).toBeUndefined();
    }
  });

  test('carries a part of the contract whole', async () => {
    const body = randomBytes(3 * S3_PART_BYTES + 5);
    const { Readable } = await import('node:stream');
    const stored = await exportPart({
      exports,
      key: 'a/part',
      retention: 'transfer',
      open: async () => Readable.from([body], { objectMode: false }),
      confirm: async () => undefined,
      onStored: () => undefined,
      signal: new AbortController().signal,
    });
    expect((await buffer(await exports.get('a/part', stored.etag))).equals(body)).toBe(true);
  });
});
