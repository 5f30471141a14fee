import { randomBytes } from 'node:crypto';
import { attributesOf, checkKey } from './attributes.ts';
import { Body, FileSink } from './bodies.ts';
import {
  algorithmNamed,
  type ChecksumAlgorithm,
  type ChecksumType,
  elementOf,
  headerOf,
} from './checksums.ts';
import { encryptionHeaders } from './encryption.ts';
import { s3Error } from './errors.ts';
import {
  type BucketExchange,
  bucketArn,
  type Exchange,
  type KeyExchange,
  objectArn,
  permitKms,
} from './exchange.ts';
import { abortOf } from './lifecycle.ts';
import { compareKeys, keyEncoder, pageSize } from './listing.ts';
import { encryptionKeys } from './objects.ts';
import { receive, statedChecksum } from './receive.ts';
import { dropUpload, opaqueEtag, type StoredPart, type Upload, uploadOf } from './store.ts';
import { requestTagKeys, tagsOfHeader } from './tags.ts';

/** Highest part number. Source: Amazon S3 User Guide, "Amazon S3 multipart upload limits". */
const HIGHEST_PART_NUMBER = 10_000;

/** Bytes of randomness in an upload id; AWS's are as long and as opaque. */
const UPLOAD_ID_BYTES = 48;

export async function createMultipartUpload(request: KeyExchange): Promise<void> {
  const { exchange, bucket, key } = request;
  checkKey(key);
  const attributes = attributesOf(request);
  const tags = tagsOfHeader(exchange.header('x-amz-tagging'));
  const arn = objectArn(bucket, key);
  await exchange.permit('s3:PutObject', arn, { ...requestTagKeys(tags), ...encryptionKeys(exchange) });
  if (tags.size > 0) await exchange.permit('s3:PutObjectTagging', arn, requestTagKeys(tags));
  await permitKms(request, attributes.encryption, ['kms:GenerateDataKey']);
  const upload: Upload = {
    ...attributes,
    id: randomBytes(UPLOAD_ID_BYTES).toString('base64url'),
    key,
    tags,
    initiated: exchange.store.clock.now(),
    checksum: checksumPlan(exchange),
    parts: new Map(),
  };
  bucket.uploads.set(upload.id, upload);
  const abort = abortOf(bucket.config.lifecycleRules ?? [], upload);
  exchange.answerXml(
    'InitiateMultipartUploadResult',
    { Bucket: bucket.config.name, Key: key, UploadId: upload.id },
    {
      ...encryptionHeaders(upload.encryption),
      ...(upload.checksum && {
        'x-amz-checksum-algorithm': upload.checksum.algorithm,
        'x-amz-checksum-type': upload.checksum.type,
      }),
      ...(abort && {
        'x-amz-abort-date': new Date(abort.at).toUTCString(),
        'x-amz-abort-rule-id': encodeURIComponent(abort.ruleId),
      }),
    },
  );
}

/**
 * Which types an algorithm has, and which it gets without being asked.
 * Source: Amazon S3 User Guide, "Checking object integrity in Amazon S3", supported checksum types.
 */
function checksumPlan(exchange: Exchange): { algorithm: ChecksumAlgorithm; type: ChecksumType } | undefined {
  const name = exchange.header('x-amz-checksum-algorithm');
  const type = exchange.header('x-amz-checksum-type');
  if (name === undefined) {
    if (type === undefined) return undefined;
    throw s3Error(
      'InvalidRequest',
      'The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.',
    );
  }
  const algorithm = algorithmNamed(name);
  const chosen = type ?? (algorithm === 'CRC64NVME' ? 'FULL_OBJECT' : 'COMPOSITE');
  if (chosen !== 'FULL_OBJECT' && chosen !== 'COMPOSITE') {
    throw s3Error('InvalidRequest', 'Value for x-amz-checksum-type header is invalid.');
  }
  const possible = chosen === 'FULL_OBJECT' ? !algorithm.startsWith('SHA') : algorithm !== 'CRC64NVME';
  if (!possible) {
    throw s3Error(
      'InvalidRequest',
      `The ${chosen} checksum type cannot be used with the ${algorithm.toLowerCase()} checksum algorithm.`,
    );
  }
  return { algorithm, type: chosen };
}

function partNumberOf(exchange: Exchange): number {
  const number = exchange.wire.query.get('partNumber') ?? '';
  if (/^\d{1,5}$/.test(number) && Number(number) >= 1 && Number(number) <= HIGHEST_PART_NUMBER)
    return Number(number);
  throw s3Error(
    'InvalidArgument',
    `Part number must be an integer between 1 and ${HIGHEST_PART_NUMBER}, inclusive`,
    {
      ArgumentName: 'partNumber',
      ArgumentValue: number,
    },
  );
}

/** The id in the query; the router has seen that it's there. */
export function uploadIdOf(exchange: Exchange): string {
  return exchange.wire.query.get('uploadId') ?? '';
}

/** Stores a part, in the place of an earlier one with the same number. */
export async function uploadPart(request: KeyExchange): Promise<void> {
  const { exchange, bucket, key } = request;
  const number = partNumberOf(exchange);
  await exchange.permit('s3:PutObject', objectArn(bucket, key));
  const upload = uploadOf(bucket, key, uploadIdOf(exchange));
  await permitKms(request, upload.encryption, ['kms:GenerateDataKey', 'kms:Decrypt']);
  checkPartAlgorithm(exchange, upload);
  const sink = await FileSink.create(exchange.store.directory);
  try {
    const underKms = upload.encryption.algorithm === 'aws:kms';
    const received = await receive(exchange.wire.http, sink, {
      md5: !underKms,
      algorithm: upload.checksum?.algorithm,
    });
    const file = await sink.finish();
    // The upload may have been completed or aborted while the bytes arrived.
    uploadOf(bucket, key, upload.id);
    const etag = received.md5 && !underKms ? received.md5.toString('hex') : opaqueEtag();
    const replaced = upload.parts.get(number);
    const { checksum } = received;
    upload.parts.set(number, { file, etag, lastModified: exchange.store.clock.now(), checksum });
    if (replaced) await new Body([replaced.file]).remove();
    exchange.answerEmpty(200, {
      etag: `"${etag}"`,
      ...(checksum && { [headerOf(checksum.algorithm)]: checksum.digest.toString('base64') }),
      ...encryptionHeaders(upload.encryption),
    });
  } catch (error) {
    await sink.discard();
    throw error;
  }
}

/** A part may bring no checksum only if S3 can compute the object's from the bytes alone (FULL_OBJECT). */
function checkPartAlgorithm(exchange: Exchange, upload: Upload): void {
  if (!upload.checksum) return;
  const stated = statedChecksum(exchange.wire.http.headers)?.algorithm;
  if (stated === upload.checksum.algorithm) return;
  if (stated === undefined && upload.checksum.type === 'FULL_OBJECT') return;
  throw s3Error(
    'InvalidRequest',
    `Checksum Type mismatch occurred, expected checksum Type: ${upload.checksum.algorithm.toLowerCase()}, actual checksum Type: ${stated?.toLowerCase() ?? 'null'}`,
  );
}

export async function abortMultipartUpload({ exchange, bucket, key }: KeyExchange): Promise<void> {
  await exchange.permit('s3:AbortMultipartUpload', objectArn(bucket, key));
  await dropUpload(bucket, uploadOf(bucket, key, uploadIdOf(exchange)));
  exchange.answerEmpty(204);
}

export async function listParts({ exchange, bucket, key }: KeyExchange): Promise<void> {
  await exchange.permit('s3:ListMultipartUploadParts', objectArn(bucket, key));
  const upload = uploadOf(bucket, key, uploadIdOf(exchange));
  const { query } = exchange.wire;
  const size = pageSize(query.get('max-parts'), 'max-parts');
  const marker = pageSize(query.get('part-number-marker') ?? '0', 'part-number-marker', HIGHEST_PART_NUMBER);
  const behind = [...upload.parts].filter(([number]) => number > marker).sort(([a], [b]) => a - b);
  const page = behind.slice(0, size);
  exchange.answerXml('ListPartsResult', {
    Bucket: bucket.config.name,
    Key: key,
    UploadId: upload.id,
    PartNumberMarker: marker,
    NextPartNumberMarker: page.at(-1)?.[0],
    MaxParts: size,
    IsTruncated: page.length < behind.length,
    ChecksumAlgorithm: upload.checksum?.algorithm,
    ChecksumType: upload.checksum?.type,
    StorageClass: 'STANDARD',
    Part: page.map(([number, part]) => partElement(number, part)),
  });
}

function partElement(
  number: number,
  { file, etag, lastModified, checksum }: StoredPart,
): Record<string, unknown> {
  return {
    PartNumber: number,
    LastModified: new Date(lastModified).toISOString(),
    ETag: `"${etag}"`,
    Size: file.sizeBytes,
    ...(checksum && { [elementOf(checksum.algorithm)]: checksum.digest.toString('base64') }),
  };
}

export async function listMultipartUploads({ exchange, bucket }: BucketExchange): Promise<void> {
  await exchange.permit('s3:ListBucketMultipartUploads', bucketArn(bucket));
  const { query } = exchange.wire;
  const prefix = query.get('prefix') ?? '';
  const keyMarker = query.get('key-marker') ?? '';
  const idMarker = query.get('upload-id-marker') ?? '';
  const size = pageSize(query.get('max-uploads'), 'max-uploads');
  const encode = keyEncoder(query.get('encoding-type'));
  const behind = [...bucket.uploads.values()]
    .filter(({ key }) => key.startsWith(prefix))
    .sort((a, b) => compareKeys(a.key, b.key) || compareKeys(a.id, b.id))
    .filter(({ key, id }) => {
      const order = compareKeys(key, keyMarker);
      return order > 0 || (order === 0 && idMarker !== '' && compareKeys(id, idMarker) > 0);
    });
  const page = behind.slice(0, size);
  const last = page.length < behind.length ? page.at(-1) : undefined;
  exchange.answerXml('ListMultipartUploadsResult', {
    Bucket: bucket.config.name,
    KeyMarker: encode(keyMarker),
    UploadIdMarker: idMarker,
    NextKeyMarker: last && encode(last.key),
    NextUploadIdMarker: last?.id,
    Prefix: encode(prefix),
    EncodingType: query.get('encoding-type') ?? undefined,
    MaxUploads: size,
    IsTruncated: last !== undefined,
    Upload: page.map((upload) => ({
      Key: encode(upload.key),
      UploadId: upload.id,
      StorageClass: 'STANDARD',
      Initiated: new Date(upload.initiated).toISOString(),
      ChecksumAlgorithm: upload.checksum?.algorithm,
      ChecksumType: upload.checksum?.type,
    })),
  });
}
