import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  DeleteObjectTaggingCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketLocationCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  PutObjectTaggingCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { AccessDenied, type ServiceCall } from '../../local/hooks.ts';
import { bytesOf, crc32Base64, type S3World, startS3 } from './s3-fixture.ts';

let world: S3World;
const calls: ServiceCall[] = [];
let denied: string | undefined;
let faulty: string | undefined;

beforeAll(async () => {
  world = await startS3({
    authorize(call) {
      calls.push(call);
      if (call.action === denied) throw new AccessDenied('no policy allows it');
    },
    fault: (call) => (call.operation === faulty ? { status: 503, code: 'SlowDown' } : undefined),
  });
});
afterAll(() => world.close());

const put = (Key: string, Body: string | Buffer, more = {}) =>
  world.client.send(new PutObjectCommand({ Bucket: 'plain', Key, Body, ...more }));

describe('objects (Amazon S3 API Reference: PutObject, GetObject, HeadObject)', () => {
  test('answers the bytes, metadata, MD5 as ETag and CRC32 of what was put', async () => {
    const body = randomBytes(3_000_000);
    const answer = await put('a/b c+ü.bin', body, { Metadata: { origin: 'here' }, ContentType: 'text/csv' });
    expect(answer.ETag).toBe(`"${createHash('md5').update(body).digest('hex')}"`);
    expect(answer.ChecksumCRC32).toBe(crc32Base64(body));
    const got = await world.client.send(new GetObjectCommand({ Bucket: 'plain', Key: 'a/b c+ü.bin' }));
    expect((await bytesOf(got.Body)).equals(body)).toBe(true);
    expect(got.Metadata).toEqual({ origin: 'here' });
    expect(got.ContentType).toBe('text/csv');
    expect(got.LastModified?.toISOString()).toBe('2026-03-10T09:30:00.000Z');
    const head = await world.client.send(
      new HeadObjectCommand({ Bucket: 'plain', Key: 'a/b c+ü.bin', ChecksumMode: 'ENABLED' }),
    );
    expect(head).toMatchObject({
      ContentLength: 3_000_000,
      ChecksumCRC32: crc32Base64(body),
      ChecksumType: 'FULL_OBJECT',
    });
  });

  test('takes a streamed body with a trailing checksum (Checking object integrity in Amazon S3)', async () => {
    const body = randomBytes(700_000);
    const answer = await world.client.send(
      new PutObjectCommand({
        Bucket: 'plain',
        Key: 'streamed',
        Body: Readable.from([body.subarray(0, 10), body.subarray(10)]),
        ContentLength: body.length,
      }),
    );
    expect(answer.ChecksumCRC32).toBe(crc32Base64(body));
    const got = await world.client.send(new GetObjectCommand({ Bucket: 'plain', Key: 'streamed' }));
    expect(got.ContentEncoding).toBeUndefined();
    expect((await bytesOf(got.Body)).equals(body)).toBe(true);
  });

  test.each(['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const)(
    'computes the same %s as the SDK',
    async (ChecksumAlgorithm) => {
      const body = randomBytes(10_007);
      await put(`sum-${ChecksumAlgorithm}`, body, { ChecksumAlgorithm });
      const got = await world.client.send(
        new GetObjectCommand({ Bucket: 'plain', Key: `sum-${ChecksumAlgorithm}`, ChecksumMode: 'ENABLED' }),
      );
      expect((await bytesOf(got.Body)).equals(body)).toBe(true);
      expect(got[`Checksum${ChecksumAlgorithm}`]).toBeDefined();
    },
  );

  test('serves one range and refuses one behind the end (GetObject, Range)', async () => {
    await put('digits', '0123456789');
    const range = async (Range: string) => {
      const got = await world.client.send(new GetObjectCommand({ Bucket: 'plain', Key: 'digits', Range }));
      return [String(await bytesOf(got.Body)), got.ContentRange];
    };
    expect(await range('bytes=2-4')).toEqual(['234', 'bytes 2-4/10']);
    expect(await range('bytes=7-')).toEqual(['789', 'bytes 7-9/10']);
    expect(await range('bytes=-3')).toEqual(['789', 'bytes 7-9/10']);
    await expect(range('bytes=10-')).rejects.toMatchObject({ name: 'InvalidRange' });
  });

  test('holds reads to If-Match and If-None-Match (User Guide, Conditional reads)', async () => {
    const { ETag } = await put('conditional', 'x');
    const get = (more: object) =>
      world.client.send(new GetObjectCommand({ Bucket: 'plain', Key: 'conditional', ...more }));
    expect(String(await bytesOf((await get({ IfMatch: ETag })).Body))).toBe('x');
    await expect(get({ IfMatch: '"other"' })).rejects.toMatchObject({ name: 'PreconditionFailed' });
    await expect(get({ IfNoneMatch: ETag })).rejects.toMatchObject({ $metadata: { httpStatusCode: 304 } });
  });

  test('writes once under If-None-Match * and replaces under If-Match (User Guide, Conditional writes)', async () => {
    const { ETag } = await put('once', 'first', { IfNoneMatch: '*' });
    await expect(put('once', 'second', { IfNoneMatch: '*' })).rejects.toMatchObject({
      name: 'PreconditionFailed',
    });
    await expect(put('once', 'second', { IfMatch: '"0"' })).rejects.toMatchObject({
      name: 'PreconditionFailed',
    });
    await put('once', 'second', { IfMatch: ETag });
    await expect(put('never', 'x', { IfMatch: ETag })).rejects.toMatchObject({ name: 'NoSuchKey' });
  });

  test('answers 409 when the key is deleted while a conditional write is under way (Conditional writes)', async () => {
    await put('contended', 'old');
    const { ETag } = await world.client.send(new HeadObjectCommand({ Bucket: 'plain', Key: 'contended' }));
    async function* slowly() {
      yield Buffer.from('ab');
      await world.client.send(new DeleteObjectCommand({ Bucket: 'plain', Key: 'contended' }));
      yield Buffer.from('cd');
    }
    const write = world.client.send(
      new PutObjectCommand({
        Bucket: 'plain',
        Key: 'contended',
        Body: Readable.from(slowly(), { highWaterMark: 1 }),
        ContentLength: 4,
        IfMatch: ETag,
      }),
    );
    await expect(write).rejects.toMatchObject({ $metadata: { httpStatusCode: 409 } });
  });

  test('names encryption under KMS and gives an ETag that is no MD5 (Common response headers, ETag)', async () => {
    const answer = await world.client.send(new PutObjectCommand({ Bucket: 'sealed', Key: 'k', Body: 'x' }));
    expect(answer).toMatchObject({ ServerSideEncryption: 'aws:kms', BucketKeyEnabled: true });
    expect(answer.ETag).not.toBe(`"${createHash('md5').update('x').digest('hex')}"`);
    expect(calls.at(-1)).toMatchObject({
      action: 'kms:GenerateDataKey',
      resource: 'arn:aws:kms:eu-central-1:1:key/a',
      context: { 'kms:ViaService': 's3.eu-central-1.amazonaws.com' },
    });
  });
});

describe('listing, tags and deletion', () => {
  test('lists by prefix and delimiter, page by page (API Reference, ListObjectsV2)', async () => {
    for (const key of ['l/1', 'l/2/a', 'l/2/b', 'l/3', 'l/😀', 'l/ｚ']) await put(key, '-');
    const seen: (string | undefined)[] = [];
    let token: string | undefined;
    do {
      const page = await world.client.send(
        new ListObjectsV2Command({
          Bucket: 'plain',
          Prefix: 'l/',
          Delimiter: '/',
          MaxKeys: 2,
          ContinuationToken: token,
        }),
      );
      expect(page.KeyCount).toBeLessThanOrEqual(2);
      seen.push(
        ...(page.Contents ?? []).map(({ Key }) => Key),
        ...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix),
      );
      token = page.NextContinuationToken;
    } while (token);
    expect(seen).toEqual(['l/1', 'l/2/', 'l/3', 'l/ｚ', 'l/😀']);
  });

  test('keeps, replaces and removes tags (User Guide, Categorizing your objects using tags)', async () => {
    await put('tagged', 'x', { Tagging: 'keep=day&a%20b=c' });
    const at = { Bucket: 'plain', Key: 'tagged' };
    const tags = async () => (await world.client.send(new GetObjectTaggingCommand(at))).TagSet;
    expect(await tags()).toEqual([
      { Key: 'keep', Value: 'day' },
      { Key: 'a b', Value: 'c' },
    ]);
    await world.client.send(
      new PutObjectTaggingCommand({ ...at, Tagging: { TagSet: [{ Key: 'n', Value: '007' }] } }),
    );
    expect(await tags()).toEqual([{ Key: 'n', Value: '007' }]);
    await world.client.send(new DeleteObjectTaggingCommand(at));
    expect(await tags()).toEqual([]);
  });

  test('deletes one and many; a missing key is a success (API Reference, DeleteObjects)', async () => {
    await put('d1', 'x');
    await put('d2', 'x');
    const before = world.files();
    const answer = await world.client.send(
      new DeleteObjectsCommand({
        Bucket: 'plain',
        Delete: { Objects: [{ Key: 'd1' }, { Key: 'd2' }, { Key: 'none' }] },
      }),
    );
    expect(answer.Deleted?.map(({ Key }) => Key)).toEqual(['d1', 'd2', 'none']);
    expect(world.files()).toBe(before - 2);
    await world.client.send(new DeleteObjectCommand({ Bucket: 'plain', Key: 'none' }));
  });

  test('reports buckets, their region and their rules', async () => {
    const { Buckets } = await world.client.send(new ListBucketsCommand({}));
    expect(Buckets?.map(({ Name }) => Name)).toEqual(['data', 'plain', 'sealed']);
    const location = await world.client.send(new GetBucketLocationCommand({ Bucket: 'plain' }));
    expect(location.LocationConstraint).toBe('eu-central-1');
    const { Rules } = await world.client.send(new GetBucketLifecycleConfigurationCommand({ Bucket: 'data' }));
    expect(Rules?.[0]).toMatchObject({
      ID: 'short',
      Filter: { Tag: { Key: 'keep', Value: 'day' } },
      Expiration: { Days: 1 },
    });
    expect(Rules?.[2]).toMatchObject({ AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 } });
  });
});

describe('refusals', () => {
  test('redirects a caller of another region (User Guide, Request redirection and the REST API)', async () => {
    const get = world.elsewhere.send(new GetObjectCommand({ Bucket: 'plain', Key: 'digits' }));
    await expect(get).rejects.toMatchObject({
      name: 'PermanentRedirect',
      $metadata: { httpStatusCode: 301 },
      $response: { headers: { 'x-amz-bucket-region': 'eu-central-1' } },
    });
    await expect(world.elsewhere.send(new HeadBucketCommand({ Bucket: 'plain' }))).rejects.toMatchObject({
      $metadata: { httpStatusCode: 301 },
    });
  });

  test('answers 404 for a missing key only to who may list, else 403 (GetObject, Permissions)', async () => {
    const get = () => world.client.send(new GetObjectCommand({ Bucket: 'plain', Key: 'missing' }));
    await expect(get()).rejects.toMatchObject({ name: 'NoSuchKey' });
    denied = 's3:ListBucket';
    await expect(get()).rejects.toMatchObject({ name: 'AccessDenied', $metadata: { httpStatusCode: 403 } });
    denied = undefined;
    await expect(
      world.client.send(new GetObjectCommand({ Bucket: 'nowhere', Key: 'x' })),
    ).rejects.toMatchObject({
      name: 'NoSuchBucket',
    });
  });

  test('asks the authorizer with action, ARN and caller, and injects faults', async () => {
    await put('asked', 'x', { Tagging: 'keep=day' });
    expect(calls.at(-2)).toMatchObject({
      action: 's3:PutObject',
      resource: 'arn:aws:s3:::plain/asked',
      region: 'eu-central-1',
      accessKeyId: 'AKIATEST',
      operation: 'PutObject',
      context: { 's3:RequestObjectTag/keep': 'day' },
    });
    faulty = 'PutObject';
    const large = put('asked', randomBytes(8_000_000));
    await expect(large).rejects.toMatchObject({ name: 'SlowDown', $metadata: { httpStatusCode: 503 } });
    await expect(put('asked', 'y')).rejects.toMatchObject({
      name: 'SlowDown',
      $metadata: { httpStatusCode: 503 },
    });
    faulty = undefined;
  });

  test('refuses what it does not implement by name', async () => {
    const copy = new CopyObjectCommand({ Bucket: 'plain', Key: 'c', CopySource: 'plain/digits' });
    await expect(world.client.send(copy)).rejects.toMatchObject({
      name: 'NotImplemented',
      message: expect.stringContaining('x-amz-copy-source'),
    });
    await expect(world.client.send(new ListObjectsCommand({ Bucket: 'plain' }))).rejects.toMatchObject({
      $metadata: { httpStatusCode: 501 },
    });
    await expect(
      world.client.send(new GetObjectCommand({ Bucket: 'plain', Key: 'digits', VersionId: 'v' })),
    ).rejects.toMatchObject({ name: 'NotImplemented', message: expect.stringContaining('versionId') });
  });
});
