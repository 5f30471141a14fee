import { encryptionFor } from './encryption.ts';
import { notImplemented, s3Error } from './errors.ts';
import type { BucketExchange } from './exchange.ts';
import type { ObjectAttributes } from './store.ts';

/** Headers that S3 keeps with an object and answers again. */
const KEPT_HEADERS = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'expires',
];

/** Request headers that would change the outcome and are not done here. */
const REFUSED_HEADERS = [
  'x-amz-copy-source',
  'x-amz-object-lock-mode',
  'x-amz-object-lock-retain-until-date',
  'x-amz-object-lock-legal-hold',
  'x-amz-website-redirect-location',
  'x-amz-write-offset-bytes',
  'x-amz-server-side-encryption-context',
];

/** Largest sum of names and values of user metadata. Source: Amazon S3 User Guide, "User-defined metadata". */
const LARGEST_METADATA_BYTES = 2048;

const METADATA_PREFIX = 'x-amz-meta-';

/** Longest key in UTF-8. Source: Amazon S3 User Guide, "Object key naming guidelines". */
const LONGEST_KEY_BYTES = 1024;

/** What a PutObject or CreateMultipartUpload says about the new object. */
export function attributesOf({ exchange, bucket }: BucketExchange): ObjectAttributes {
  const { headers: given } = exchange.wire.http;
  for (const name of REFUSED_HEADERS)
    if (given[name] !== undefined) throw notImplemented(`The header ${name}`);
  const storageClass = given['x-amz-storage-class'] ?? 'STANDARD';
  if (storageClass !== 'STANDARD') throw notImplemented(`The storage class ${String(storageClass)}`);
  const acl = given['x-amz-acl'];
  const grants = Object.keys(given).some((name) => name.startsWith('x-amz-grant-'));
  if (grants || (acl !== undefined && acl !== 'bucket-owner-full-control')) {
    throw s3Error('AccessControlListNotSupported');
  }
  const headers: Record<string, string> = { 'content-type': 'binary/octet-stream' };
  const metadata: Record<string, string> = {};
  let metadataBytes = 0;
  for (const [name, value] of Object.entries(given)) {
    if (KEPT_HEADERS.includes(name)) headers[name] = String(value);
    if (!name.startsWith(METADATA_PREFIX)) continue;
    const bare = name.slice(METADATA_PREFIX.length);
    metadata[bare] = String(value);
    metadataBytes += Buffer.byteLength(bare) + Buffer.byteLength(String(value));
  }
  if (metadataBytes > LARGEST_METADATA_BYTES) {
    throw s3Error('InvalidRequest', 'Your metadata headers exceed the maximum allowed metadata size');
  }
  dropTransferCoding(headers);
  return { headers, metadata, encryption: encryptionFor(given, bucket.config.encryption) };
}

/** `aws-chunked` is how the body travelled, not what the object is; S3 doesn't keep it. */
function dropTransferCoding(headers: Record<string, string>): void {
  const codings = (headers['content-encoding'] ?? '')
    .split(',')
    .map((coding) => coding.trim())
    .filter((coding) => coding !== '' && coding !== 'aws-chunked');
  if (codings.length > 0) headers['content-encoding'] = codings.join(',');
  else delete headers['content-encoding'];
}

/** @throws KeyTooLongError */
export function checkKey(key: string): void {
  const bytes = Buffer.byteLength(key);
  if (bytes <= LONGEST_KEY_BYTES) return;
  throw s3Error('KeyTooLongError', undefined, { Size: bytes, MaxSizeAllowed: LONGEST_KEY_BYTES });
}
