import { createHash } from 'node:crypto';
import { Body } from './bodies.ts';
import { type Checksum, checksumOfParts, elementOf } from './checksums.ts';
import { beginWrite } from './conditions.ts';
import { encryptionHeaders } from './encryption.ts';
import { s3Error } from './errors.ts';
import { type Exchange, type KeyExchange, objectArn, permitKms } from './exchange.ts';
import { uploadIdOf } from './multipart.ts';
import { expirationHeader } from './objects.ts';
import { receiveText, statedChecksum } from './receive.ts';
import { opaqueEtag, putObject, type StoredObject, type StoredPart, type Upload, uploadOf } from './store.ts';
import { listOf, readDocument, textOf } from './xml.ts';

/** Smallest part but the last: 5 MiB. Source: Amazon S3 User Guide, "Amazon S3 multipart upload limits". */
const SMALLEST_PART_BYTES = 5 * 1024 ** 2;

/** 10,000 parts with number, ETag and a SHA-256 are about 250 bytes each; the limit leaves room for spacing. */
const LARGEST_DOCUMENT_BYTES = 8 * 1024 * 1024;

interface ListedPart {
  readonly number: number;
  readonly etag: string;
  /** By XML element, e.g. `ChecksumCRC32`. */
  readonly checksums: ReadonlyMap<string, string>;
}

function readParts(xml: string): readonly ListedPart[] {
  const document = readDocument(xml, 'CompleteMultipartUpload');
  const parts = listOf(document['Part']).map((part): ListedPart => {
    const number = textOf(part['PartNumber'])?.trim() ?? '';
    const etag = textOf(part['ETag'])?.trim();
    if (!/^\d{1,5}$/.test(number) || etag === undefined) throw s3Error('MalformedXML');
    const checksums = Object.entries(part).filter(([name]) => name.startsWith('Checksum'));
    return {
      number: Number(number),
      etag: etag.replace(/^"(.*)"$/, '$1'),
      checksums: new Map(checksums.map(([name, value]) => [name, textOf(value) ?? ''])),
    };
  });
  if (parts.length === 0) throw s3Error('MalformedXML');
  return parts;
}

/**
 * Makes an object of the parts that the request lists. A repeat of a Complete that succeeded gets the same answer as
 * long as its object is in place, whatever its conditions say: they were asked when it took effect.
 * Source: Amazon S3 API Reference, "CompleteMultipartUpload".
 */
export async function completeMultipartUpload(request: KeyExchange): Promise<void> {
  const { exchange, bucket, key } = request;
  await exchange.permit('s3:PutObject', objectArn(bucket, key), {
    ...(exchange.header('if-none-match') && { 's3:if-none-match': exchange.header('if-none-match') ?? '' }),
  });
  const xml = await receiveText(exchange.wire.http, LARGEST_DOCUMENT_BYTES, { checksumIsOfBody: false });
  const id = uploadIdOf(exchange);
  const listed = readParts(xml);
  const fingerprint = JSON.stringify(listed.map(({ number, etag }) => [number, etag]));
  const done = bucket.objects.get(key);
  if (done?.completion?.uploadId === id && done.completion.parts === fingerprint)
    return answer(request, done);
  const upload = uploadOf(bucket, key, id);
  await permitKms(request, upload.encryption, ['kms:Decrypt']);
  const parts = chooseParts(upload, listed);
  const checksum = checksumOf(upload, parts);
  checkWholeObject(exchange, upload, parts, checksum);
  const conditions = beginWrite(request);
  try {
    conditions.check();
  } finally {
    conditions.end();
  }
  const object: StoredObject = {
    key,
    headers: upload.headers,
    metadata: upload.metadata,
    encryption: upload.encryption,
    tags: upload.tags,
    body: new Body(parts.map(({ file }) => file)),
    etag: etagOf(upload, parts),
    lastModified: exchange.store.clock.now(),
    checksum,
    completion: { uploadId: id, parts: fingerprint },
  };
  const unused = [...upload.parts.values()].filter((part) => !parts.includes(part));
  // From the check above to here nothing waits, so no other write can come between.
  bucket.uploads.delete(id);
  await putObject(bucket, object);
  await new Body(unused.map(({ file }) => file)).remove();
  answer(request, object);
}

/**
 * The stored parts that the request names, held to their order, ETags, checksums and sizes.
 * @throws InvalidPartOrder, InvalidPart, EntityTooSmall, InvalidRequest
 */
function chooseParts(upload: Upload, listed: readonly ListedPart[]): readonly StoredPart[] {
  let previous = 0;
  const parts = listed.map((entry): StoredPart => {
    if (entry.number <= previous) throw s3Error('InvalidPartOrder', undefined, { UploadId: upload.id });
    // S3 answers numbers that are not consecutive with a 500 once checksums are involved.
    if (upload.checksum && entry.number !== previous + 1) throw nonConsecutive(entry.number, previous);
    previous = entry.number;
    const part = upload.parts.get(entry.number);
    const details = { UploadId: upload.id, PartNumber: entry.number, ETag: entry.etag };
    if (part?.etag !== entry.etag) throw s3Error('InvalidPart', undefined, details);
    checkPartChecksum(upload, entry, part);
    return part;
  });
  for (const [index, part] of parts.slice(0, -1).entries()) {
    if (part.file.sizeBytes >= SMALLEST_PART_BYTES) continue;
    throw s3Error('EntityTooSmall', undefined, {
      ProposedSize: part.file.sizeBytes,
      MinSizeAllowed: SMALLEST_PART_BYTES,
      PartNumber: listed[index]?.number ?? 0,
      ETag: part.etag,
    });
  }
  return parts;
}

function nonConsecutive(number: number, previous: number) {
  return s3Error(
    'InternalError',
    `Part ${number} follows part ${previous}: with checksums the part numbers must be consecutive and begin with 1.`,
  );
}

function checkPartChecksum(upload: Upload, entry: ListedPart, part: StoredPart): void {
  if (!upload.checksum) return;
  const { algorithm, type } = upload.checksum;
  const stated = entry.checksums.get(elementOf(algorithm));
  if (stated === undefined && type === 'COMPOSITE') {
    throw s3Error(
      'InvalidRequest',
      `The upload was created using a ${algorithm.toLowerCase()} checksum. The complete request must include the checksum for each part. It was missing for part ${entry.number} in the request.`,
    );
  }
  if (stated === undefined || stated === part.checksum?.digest.toString('base64')) return;
  throw s3Error('InvalidPart', undefined, {
    UploadId: upload.id,
    PartNumber: entry.number,
    ETag: entry.etag,
  });
}

function checksumOf(upload: Upload, parts: readonly StoredPart[]): Checksum | undefined {
  if (!upload.checksum) return undefined;
  const { algorithm, type } = upload.checksum;
  const pieces = parts.map(({ checksum, file }) => {
    if (!checksum)
      throw new Error(`A part of upload ${upload.id} has no ${algorithm}; uploadPart computes it always.`);
    return { digest: checksum.digest, size: file.sizeBytes };
  });
  return checksumOfParts(algorithm, type, pieces);
}

/** Holds the object to come to what the request says about the whole: its size, checksum and checksum type. */
function checkWholeObject(
  exchange: Exchange,
  upload: Upload,
  parts: readonly StoredPart[],
  checksum: Checksum | undefined,
): void {
  const sizeBytes = parts.reduce((sum, { file }) => sum + file.sizeBytes, 0);
  const size = exchange.header('x-amz-mp-object-size');
  if (size !== undefined && size !== String(sizeBytes)) {
    throw s3Error(
      'InvalidRequest',
      `The provided 'x-amz-mp-object-size' header value ${size} does not match what was computed: ${sizeBytes}`,
    );
  }
  const type = exchange.header('x-amz-checksum-type');
  if (type !== undefined && type !== upload.checksum?.type) {
    throw s3Error(
      'InvalidRequest',
      `The upload was created using the ${upload.checksum?.type ?? 'default'} checksum mode. The complete request must use the same checksum mode.`,
    );
  }
  const claim = statedChecksum(exchange.wire.http.headers);
  if (!claim) return;
  if (claim.algorithm !== upload.checksum?.algorithm) {
    const actual = upload.checksum?.algorithm.toLowerCase() ?? 'null';
    throw s3Error(
      'InvalidRequest',
      `Checksum Type mismatch occurred, expected checksum Type: ${actual}, actual checksum Type: ${claim.algorithm.toLowerCase()}`,
    );
  }
  // A composite value may come with or without its number of parts.
  const computed = checksum?.value;
  if (claim.value === computed || `${claim.value}-${parts.length}` === computed) return;
  throw s3Error('BadDigest', `The ${claim.algorithm} you specified did not match the calculated checksum.`);
}

/** MD5 of the parts' MD5s and their number; under KMS of what stands for them. */
function etagOf(upload: Upload, parts: readonly StoredPart[]): string {
  if (upload.encryption.algorithm === 'aws:kms') return `${opaqueEtag()}-${parts.length}`;
  const hash = createHash('md5');
  for (const { etag } of parts) hash.update(Buffer.from(etag, 'hex'));
  return `${hash.digest('hex')}-${parts.length}`;
}

function answer({ exchange, bucket }: KeyExchange, object: StoredObject): void {
  const { checksum } = object;
  const { name, region } = bucket.config;
  exchange.answerXml(
    'CompleteMultipartUploadResult',
    {
      Location: `https://s3.${region}.amazonaws.com/${name}/${encodeURIComponent(object.key)}`,
      Bucket: name,
      Key: object.key,
      ETag: `"${object.etag}"`,
      ...(checksum && { [elementOf(checksum.algorithm)]: checksum.value, ChecksumType: checksum.type }),
    },
    { ...encryptionHeaders(object.encryption), ...expirationHeader(bucket, object) },
  );
}
