import { attributesOf, checkKey } from './attributes.ts';
import { Body, FileSink } from './bodies.ts';
import { type Checksum, headerOf } from './checksums.ts';
import { beginWrite, checkReadConditions } from './conditions.ts';
import { encryptionHeaders } from './encryption.ts';
import { s3Error } from './errors.ts';
import { bucketArn, type Exchange, type KeyExchange, objectArn, permitKms } from './exchange.ts';
import { expiryOf } from './lifecycle.ts';
import { rangeOf } from './ranges.ts';
import { receive } from './receive.ts';
import { type Bucket, opaqueEtag, putObject as place, removeObject, type StoredObject } from './store.ts';
import { existingTagKeys, requestTagKeys, tagsOfHeader } from './tags.ts';

/** Query parameters by which a reader replaces an answer header. */
const RESPONSE_OVERRIDES = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'expires',
];

export async function putObject(request: KeyExchange): Promise<void> {
  const { exchange, bucket, key } = request;
  checkKey(key);
  const attributes = attributesOf(request);
  const tags = tagsOfHeader(exchange.header('x-amz-tagging'));
  const arn = objectArn(bucket, key);
  await exchange.permit('s3:PutObject', arn, { ...requestTagKeys(tags), ...encryptionKeys(exchange) });
  if (tags.size > 0) await exchange.permit('s3:PutObjectTagging', arn, requestTagKeys(tags));
  await permitKms(request, attributes.encryption, ['kms:GenerateDataKey']);
  const conditions = beginWrite(request);
  const sink = await FileSink.create(exchange.store.directory);
  let object: StoredObject;
  try {
    conditions.check();
    const underKms = attributes.encryption.algorithm === 'aws:kms';
    const received = await receive(exchange.wire.http, sink, { md5: !underKms });
    const body = new Body([await sink.finish()]);
    conditions.check();
    object = {
      ...attributes,
      key,
      tags,
      body,
      etag: received.md5 && !underKms ? received.md5.toString('hex') : opaqueEtag(),
      lastModified: exchange.store.clock.now(),
      checksum: received.checksum && {
        algorithm: received.checksum.algorithm,
        type: 'FULL_OBJECT',
        value: received.checksum.digest.toString('base64'),
      },
    };
  } catch (error) {
    await sink.discard();
    throw error;
  } finally {
    conditions.end();
  }
  await place(bucket, object);
  exchange.answerEmpty(200, {
    etag: `"${object.etag}"`,
    ...checksumHeaders(object.checksum),
    ...encryptionHeaders(object.encryption),
    ...expirationHeader(bucket, object),
  });
}

/** Condition keys of a request that names its encryption itself. */
export function encryptionKeys(exchange: Exchange): Record<string, string> {
  const algorithm = exchange.header('x-amz-server-side-encryption');
  const keyId = exchange.header('x-amz-server-side-encryption-aws-kms-key-id');
  return {
    ...(algorithm && { 's3:x-amz-server-side-encryption': algorithm }),
    ...(keyId && { 's3:x-amz-server-side-encryption-aws-kms-key-id': keyId }),
  };
}

export async function getObject(request: KeyExchange): Promise<void> {
  const { exchange } = request;
  const object = await readable(request);
  const range = rangeOf(exchange.header('range'), object.body.sizeBytes);
  const { first, last } = range ?? { first: 0, last: object.body.sizeBytes - 1 };
  const headers = {
    ...objectHeaders(request, object),
    'content-length': last - first + 1,
    ...(range && { 'content-range': `bytes ${first}-${last}/${object.body.sizeBytes}` }),
    // The checksum is of the whole object: with a range a client would hold it against the wrong bytes.
    ...(!range && exchange.header('x-amz-checksum-mode') === 'ENABLED' && checksumHeaders(object.checksum)),
  };
  exchange.answerHead(range ? 206 : 200, headers);
  await object.body.stream(exchange.response, first, last);
  exchange.response.end();
}

export async function headObject(request: KeyExchange): Promise<void> {
  const { exchange } = request;
  const object = await readable(request);
  const range = rangeOf(exchange.header('range'), object.body.sizeBytes);
  exchange.answerEmpty(range ? 206 : 200, {
    ...objectHeaders(request, object),
    'content-length': range ? range.last - range.first + 1 : object.body.sizeBytes,
    ...(range && { 'content-range': `bytes ${range.first}-${range.last}/${object.body.sizeBytes}` }),
    ...(!range && exchange.header('x-amz-checksum-mode') === 'ENABLED' && checksumHeaders(object.checksum)),
  });
}

/**
 * The object, if the caller may read it and its conditions hold. A missing key is 404 only for a caller who may list
 * the bucket, and 403 for others. Source: Amazon S3 API Reference, "GetObject", permissions.
 */
async function readable(request: KeyExchange): Promise<StoredObject> {
  const { exchange, bucket, key } = request;
  const object = bucket.objects.get(key);
  await exchange.permit('s3:GetObject', objectArn(bucket, key), existingTagKeys(object?.tags));
  if (!object) {
    if (await exchange.mayCall('s3:ListBucket', bucketArn(bucket))) {
      throw s3Error('NoSuchKey', undefined, { Key: key });
    }
    throw s3Error('AccessDenied');
  }
  await permitKms(request, object.encryption, ['kms:Decrypt']);
  checkReadConditions(exchange, object);
  return object;
}

function objectHeaders({ exchange, bucket }: KeyExchange, object: StoredObject): Record<string, string> {
  const headers: Record<string, string> = {
    ...object.headers,
    'accept-ranges': 'bytes',
    etag: `"${object.etag}"`,
    'last-modified': new Date(object.lastModified).toUTCString(),
    ...encryptionHeaders(object.encryption),
    ...expirationHeader(bucket, object),
    ...(object.tags.size > 0 && { 'x-amz-tagging-count': String(object.tags.size) }),
  };
  for (const [name, value] of Object.entries(object.metadata)) headers[`x-amz-meta-${name}`] = value;
  for (const name of RESPONSE_OVERRIDES) {
    const value = exchange.wire.query.get(`response-${name}`);
    if (value !== null) headers[name] = value;
  }
  return headers;
}

export function checksumHeaders(checksum: Checksum | undefined): Record<string, string> {
  if (!checksum) return {};
  return { [headerOf(checksum.algorithm)]: checksum.value, 'x-amz-checksum-type': checksum.type };
}

/** When a lifecycle rule will delete the object. Source: Amazon S3 API Reference, "HeadObject", x-amz-expiration. */
export function expirationHeader(bucket: Bucket, object: StoredObject): Record<string, string> {
  const expiry = expiryOf(bucket.config.lifecycleRules ?? [], object);
  if (!expiry) return {};
  const date = new Date(expiry.at).toUTCString();
  return { 'x-amz-expiration': `expiry-date="${date}", rule-id="${encodeURIComponent(expiry.ruleId)}"` };
}

/** Deleting what isn't there succeeds too. */
export async function deleteObject(request: KeyExchange): Promise<void> {
  const { exchange, bucket, key } = request;
  const tags = bucket.objects.get(key)?.tags;
  await exchange.permit('s3:DeleteObject', objectArn(bucket, key), existingTagKeys(tags));
  const conditions = beginWrite(request);
  try {
    conditions.check();
  } finally {
    conditions.end();
  }
  await removeObject(bucket, key);
  exchange.answerEmpty(204);
}
