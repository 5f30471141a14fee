import { createHash, randomBytes } from 'node:crypto';
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  type CompleteMultipartUploadCommandInput,
  CreateMultipartUploadCommand,
  type CreateMultipartUploadCommandInput,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { CRC64NVME, combineCrcs, TableCrc } from '../../local/s3/crc.ts';
import { bytesOf, crc32Base64, type S3World, startS3 } from './s3-fixture.ts';

const PART_BYTES = 5 * 1024 * 1024;

let world: S3World;
beforeAll(async () => {
  world = await startS3();
});
afterAll(() => world.close());

const first = randomBytes(PART_BYTES);
const last = randomBytes(1234);
const whole = Buffer.concat([first, last]);

interface Started {
  readonly id: string;
  complete(
    more?: Partial<CompleteMultipartUploadCommandInput>,
  ): Promise<{ ETag?: string; ChecksumCRC32?: string }>;
  readonly parts: CompletedPart[];
}

async function upload(
  Key: string,
  create: Partial<CreateMultipartUploadCommandInput> = {
    ChecksumAlgorithm: 'CRC32',
    ChecksumType: 'FULL_OBJECT',
  },
  bodies: readonly Buffer[] = [first, last],
): Promise<Started> {
  const Bucket = 'data';
  const { UploadId } = await world.client.send(new CreateMultipartUploadCommand({ Bucket, Key, ...create }));
  const parts: CompletedPart[] = [];
  for (const [index, Body] of bodies.entries()) {
    const PartNumber = index + 1;
    const ChecksumAlgorithm = create.ChecksumAlgorithm ?? 'CRC32';
    const part = new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body, ChecksumAlgorithm });
    const { ETag, ChecksumCRC32, ChecksumSHA256 } = await world.client.send(part);
    parts.push({ PartNumber, ETag, ChecksumCRC32, ChecksumSHA256 });
  }
  return {
    id: UploadId ?? '',
    parts,
    complete: (more = {}) =>
      world.client.send(
        new CompleteMultipartUploadCommand({
          Bucket,
          Key,
          UploadId,
          MultipartUpload: { Parts: parts },
          ...more,
        }),
      ),
  };
}

describe('CompleteMultipartUpload (Amazon S3 API Reference)', () => {
  test('joins the parts and answers the CRC32 of the whole object', async () => {
    const { complete } = await upload('whole');
    const answer = await complete({
      IfNoneMatch: '*',
      MpuObjectSize: whole.length,
      ChecksumType: 'FULL_OBJECT',
      ChecksumCRC32: crc32Base64(whole),
    });
    const md5s = [first, last].map((part) => createHash('md5').update(part).digest());
    expect(answer.ETag).toBe(`"${createHash('md5').update(Buffer.concat(md5s)).digest('hex')}-2"`);
    expect(answer.ChecksumCRC32).toBe(crc32Base64(whole));
    const got = await world.client.send(new GetObjectCommand({ Bucket: 'data', Key: 'whole' }));
    expect((await bytesOf(got.Body)).equals(whole)).toBe(true);
    const across = await world.client.send(
      new GetObjectCommand({
        Bucket: 'data',
        Key: 'whole',
        Range: `bytes=${PART_BYTES - 2}-${PART_BYTES + 1}`,
      }),
    );
    expect((await bytesOf(across.Body)).equals(whole.subarray(PART_BYTES - 2, PART_BYTES + 2))).toBe(true);
  });

  test('keeps metadata, tags and a composite SHA-256 (Checking object integrity, composite checksums)', async () => {
    const { complete } = await upload('composite', {
      ChecksumAlgorithm: 'SHA256',
      Tagging: 'keep=month',
      Metadata: { origin: 'here' },
    });
    await complete();
    const head = await world.client.send(
      new HeadObjectCommand({ Bucket: 'data', Key: 'composite', ChecksumMode: 'ENABLED' }),
    );
    const digests = [first, last].map((part) => createHash('sha256').update(part).digest());
    const composite = createHash('sha256').update(Buffer.concat(digests)).digest('base64');
    expect(head).toMatchObject({
      ChecksumSHA256: `${composite}-2`,
      ChecksumType: 'COMPOSITE',
      Metadata: { origin: 'here' },
    });
    expect(head.Expiration).toContain('rule-id="long"');
  });

  test('forms the whole CRC64NVME from those of the parts', async () => {
    const crc = (bytes: Buffer) => {
      const hasher = new TableCrc(CRC64NVME);
      hasher.update(bytes);
      return hasher.digest();
    };
    // Check value of the algorithm's catalogue entry (CRC RevEng, CRC-64/NVME).
    expect(crc(Buffer.from('123456789')).toString('hex')).toBe('ae8b14860a799888');
    const pieces = [whole.subarray(0, 7), whole.subarray(7, 5000), whole.subarray(5000, 9000)];
    const combined = combineCrcs(
      pieces.map((bytes) => ({ digest: crc(bytes), size: bytes.length })),
      CRC64NVME,
    );
    expect(combined.equals(crc(whole.subarray(0, 9000)))).toBe(true);
  });

  test('refuses a wrong object size, checksum or checksum type and leaves the upload as it was', async () => {
    const { complete } = await upload('strict');
    await expect(complete({ MpuObjectSize: 1 })).rejects.toMatchObject({
      $metadata: { httpStatusCode: 400 },
    });
    await expect(complete({ ChecksumCRC32: crc32Base64(first) })).rejects.toMatchObject({
      name: 'BadDigest',
    });
    await expect(complete({ ChecksumType: 'COMPOSITE' })).rejects.toMatchObject({ name: 'InvalidRequest' });
    await complete({ MpuObjectSize: whole.length });
  });

  test('answers a repeat like the first time, and 412 to another upload of the same key', async () => {
    const one = await upload('twice');
    const two = await upload('twice');
    const answer = await one.complete({ IfNoneMatch: '*' });
    expect((await one.complete({ IfNoneMatch: '*' })).ETag).toBe(answer.ETag);
    await expect(two.complete({ IfNoneMatch: '*' })).rejects.toMatchObject({ name: 'PreconditionFailed' });
    await two.complete();
    await expect(one.complete()).rejects.toMatchObject({ name: 'NoSuchUpload' });
  });

  test('refuses wrong parts: order, ETag, checksum, gaps, small ones', async () => {
    const { parts, complete } = await upload('parts');
    const [a, b] = parts as [CompletedPart, CompletedPart];
    const given = (...list: CompletedPart[]) => complete({ MultipartUpload: { Parts: list } });
    await expect(given({ ...a, ETag: '"0"' }, b)).rejects.toMatchObject({ name: 'InvalidPart' });
    await expect(given({ ...a, ChecksumCRC32: 'AAAAAA==' }, b)).rejects.toMatchObject({
      name: 'InvalidPart',
    });
    await expect(given(a, b, a)).rejects.toMatchObject({ name: 'InvalidPartOrder' });
    await expect(given(b)).rejects.toMatchObject({ $metadata: { httpStatusCode: 500 } });
    const small = await upload('small', undefined, [last, last]);
    await expect(small.complete()).rejects.toMatchObject({ name: 'EntityTooSmall' });
    const composite = await upload('unsummed', { ChecksumAlgorithm: 'SHA256' }, [last]);
    const bare = composite.parts.map(({ PartNumber, ETag }) => ({ PartNumber, ETag }));
    await expect(composite.complete({ MultipartUpload: { Parts: bare } })).rejects.toMatchObject({
      name: 'InvalidRequest',
    });
  });

  test('leaves out parts that the request does not list and deletes their bytes', async () => {
    const { parts, complete } = await upload('fewer');
    const before = world.files();
    await complete({ MultipartUpload: { Parts: parts.slice(0, 1) } });
    expect(world.files()).toBe(before - 1);
    expect(world.s3.objects('data').find(({ key }) => key === 'fewer')?.sizeBytes).toBe(PART_BYTES);
  });
});

describe('limits (Amazon S3 User Guide, "Amazon S3 multipart upload limits")', () => {
  const partOf = (UploadId: string, PartNumber: number) =>
    world.client.send(
      new UploadPartCommand({ Bucket: 'data', Key: 'limits', UploadId, PartNumber, Body: last }),
    );

  test.each([0, 10_001, 99_999])('a part numbered %i is refused', async (number) => {
    const { id } = await upload('limits', undefined, []);
    await expect(partOf(id, number)).rejects.toMatchObject({
      name: 'InvalidArgument',
      message: 'Part number must be an integer between 1 and 10000, inclusive',
    });
  });

  test('part 10,000 is the last, and may stand alone without checksums', async () => {
    const { id } = await upload('limits', {}, []);
    const { ETag } = await partOf(id, 10_000);
    const Parts = [{ PartNumber: 10_000, ETag }];
    const at = { Bucket: 'data', Key: 'limits', UploadId: id };
    await world.client.send(new CompleteMultipartUploadCommand({ ...at, MultipartUpload: { Parts } }));
    expect(world.s3.objects('data').find(({ key }) => key === 'limits')?.sizeBytes).toBe(last.length);
  });

  test('a part of more than 5 GiB is refused by what it says of its length', async () => {
    const { id } = await upload('limits', undefined, []);
    const path = `/data/limits?partNumber=1&uploadId=${id}`;
    const headers = {
      'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
      'x-amz-decoded-content-length': String(5 * 1024 ** 3 + 1),
    };
    const { status, body } = await world.raw('PUT', path, headers);
    expect(status).toBe(400);
    expect(body).toContain('<Code>EntityTooLarge</Code>');
  });

  test('a part of one byte less than 5 MiB is refused at completion unless it is the last', async () => {
    const short = first.subarray(0, PART_BYTES - 1);
    const two = await upload('short', undefined, [short, last]);
    await expect(two.complete()).rejects.toMatchObject({
      name: 'EntityTooSmall',
      message: 'Your proposed upload is smaller than the minimum allowed size',
    });
    const one = await upload('short', undefined, [first, short]);
    await expect(one.complete()).resolves.toMatchObject({ ETag: expect.stringContaining('-2') });
  });
});

describe('uploads that are under way', () => {
  test('a part with another checksum than the upload is refused (UploadPart)', async () => {
    const { id } = await upload('other', { ChecksumAlgorithm: 'SHA256' }, []);
    const part = new UploadPartCommand({
      Bucket: 'data',
      Key: 'other',
      UploadId: id,
      PartNumber: 1,
      Body: last,
      ChecksumAlgorithm: 'CRC32',
    });
    await expect(world.client.send(part)).rejects.toMatchObject({
      name: 'InvalidRequest',
      message: expect.stringContaining('Checksum Type mismatch'),
    });
  });

  test('FULL_OBJECT with SHA-256 does not exist (Checking object integrity, supported types)', async () => {
    const create = upload('impossible', { ChecksumAlgorithm: 'SHA256', ChecksumType: 'FULL_OBJECT' });
    await expect(create).rejects.toMatchObject({ name: 'InvalidRequest' });
  });

  test('are listed with their parts, replace parts and vanish when aborted', async () => {
    const { id } = await upload('open', undefined, [first, last]);
    const at = { Bucket: 'data', Key: 'open', UploadId: id };
    const before = world.files();
    await world.client.send(new UploadPartCommand({ ...at, PartNumber: 2, Body: Buffer.from('new') }));
    expect(world.files()).toBe(before);
    const page = await world.client.send(new ListPartsCommand({ ...at, MaxParts: 1 }));
    expect([page.IsTruncated, page.Parts?.[0]?.Size, page.ChecksumType]).toEqual([
      true,
      PART_BYTES,
      'FULL_OBJECT',
    ]);
    const rest = await world.client.send(
      new ListPartsCommand({ ...at, PartNumberMarker: page.NextPartNumberMarker }),
    );
    expect(rest.Parts?.map(({ PartNumber, Size }) => [PartNumber, Size])).toEqual([[2, 3]]);
    const uploads = await world.client.send(
      new ListMultipartUploadsCommand({ Bucket: 'data', Prefix: 'open' }),
    );
    expect(uploads.Uploads?.map(({ UploadId }) => UploadId)).toEqual([id]);
    await world.client.send(new AbortMultipartUploadCommand(at));
    expect(world.files()).toBe(before - 2);
    await expect(world.client.send(new ListPartsCommand(at))).rejects.toMatchObject({ name: 'NoSuchUpload' });
  });
});

describe('lifecycle (User Guide, Lifecycle configuration elements: rounded up to the next midnight UTC)', () => {
  test('expires by tag and aborts old uploads, not a moment earlier', async () => {
    const put = (Key: string, Tagging?: string) =>
      world.client.send(new PutObjectCommand({ Bucket: 'data', Key, Body: 'x', Tagging }));
    await put('day', 'keep=day');
    await put('forever');
    await upload('abandoned', undefined, [last]);
    const keys = () => world.s3.objects('data').map(({ key }) => key);
    const due = world.clock.set('2026-03-12T00:00:00Z');
    await world.s3.applyLifecycle(due - 1);
    expect(keys()).toContain('day');
    expect(world.s3.uploads('data').map(({ key }) => key)).toContain('abandoned');
    const outcome = await world.s3.applyLifecycle(due);
    expect(outcome.get('data')?.expired).toEqual(['day']);
    expect(keys()).toEqual(expect.arrayContaining(['forever', 'composite']));
    expect(world.s3.uploads('data')).toEqual([]);
    await world.s3.applyLifecycle(world.clock.set('2026-04-10T00:00:00Z'));
    expect(keys()).not.toContain('composite');
    expect(keys()).toContain('forever');
  });
});
