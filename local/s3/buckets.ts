import { S3Error, s3Error } from './errors.ts';
import { type BucketExchange, bucketArn, type Exchange, objectArn } from './exchange.ts';
import type { LifecycleRule } from './lifecycle.ts';
import { compareKeys } from './listing.ts';
import { receiveText, statedChecksum } from './receive.ts';
import { removeObject } from './store.ts';
import { existingTagKeys } from './tags.ts';
import { listOf, readDocument, textOf } from './xml.ts';

/** Most keys of one DeleteObjects. Source: Amazon S3 API Reference, "DeleteObjects". */
const MOST_DELETIONS = 1000;

/** A thousand longest keys (1 KiB, six times that if every byte is an XML entity) with their elements. */
const LARGEST_DELETE_DOCUMENT_BYTES = 8 * 1024 * 1024;

export async function listBuckets(exchange: Exchange): Promise<void> {
  await exchange.permit('s3:ListAllMyBuckets', '*');
  const buckets = [...exchange.store.buckets.values()].sort((a, b) =>
    compareKeys(a.config.name, b.config.name),
  );
  exchange.answerXml('ListAllMyBucketsResult', {
    Owner: { ID: 'embedded' },
    Buckets: {
      Bucket: buckets.map(({ config, created }) => ({
        Name: config.name,
        CreationDate: new Date(created).toISOString(),
        BucketRegion: config.region,
      })),
    },
  });
}

export async function headBucket({ exchange, bucket }: BucketExchange): Promise<void> {
  await exchange.permit('s3:ListBucket', bucketArn(bucket));
  exchange.answerEmpty(200, {
    'x-amz-bucket-region': bucket.config.region,
    'x-amz-access-point-alias': 'false',
  });
}

/** The region us-east-1 is written as nothing. Source: Amazon S3 API Reference, "GetBucketLocation". */
export async function getBucketLocation({ exchange, bucket }: BucketExchange): Promise<void> {
  await exchange.permit('s3:GetBucketLocation', bucketArn(bucket));
  const { region } = bucket.config;
  exchange.answerXml('LocationConstraint', region === 'us-east-1' ? {} : { '#text': region });
}

export async function getBucketLifecycle({ exchange, bucket }: BucketExchange): Promise<void> {
  await exchange.permit('s3:GetLifecycleConfiguration', bucketArn(bucket));
  const rules = bucket.config.lifecycleRules ?? [];
  if (rules.length === 0)
    throw s3Error('NoSuchLifecycleConfiguration', undefined, { BucketName: bucket.config.name });
  exchange.answerXml('LifecycleConfiguration', {
    Rule: rules.map((rule) => ({
      ID: rule.id,
      Filter: filterOf(rule),
      Status: rule.enabled ? 'Enabled' : 'Disabled',
      Expiration: rule.expirationDays === undefined ? undefined : { Days: rule.expirationDays },
      AbortIncompleteMultipartUpload:
        rule.abortIncompleteMultipartUploadDays === undefined
          ? undefined
          : { DaysAfterInitiation: rule.abortIncompleteMultipartUploadDays },
    })),
  });
}

/** Several conditions stand below And, a single one stands alone. */
function filterOf(rule: LifecycleRule): Record<string, unknown> {
  const tags = Object.entries(rule.tags ?? {}).map(([Key, Value]) => ({ Key, Value }));
  if (tags.length === 0) return { Prefix: rule.prefix ?? '' };
  if (tags.length === 1 && !rule.prefix) return { Tag: tags[0] };
  return { And: { Prefix: rule.prefix || undefined, Tag: tags } };
}

/** Deletes up to a thousand keys; each is authorized by itself and answered by itself. */
export async function deleteObjects({ exchange, bucket }: BucketExchange): Promise<void> {
  const { headers } = exchange.wire.http;
  if (headers['content-md5'] === undefined && statedChecksum(headers) === undefined) {
    throw s3Error(
      'InvalidRequest',
      'Missing required header for this request: Content-MD5 OR x-amz-checksum-*',
    );
  }
  const document = readDocument(
    await receiveText(exchange.wire.http, LARGEST_DELETE_DOCUMENT_BYTES),
    'Delete',
  );
  const keys = listOf(document['Object']).map((object) => textOf(object['Key']));
  if (keys.length === 0 || keys.length > MOST_DELETIONS) throw s3Error('MalformedXML');
  const deleted: { Key: string }[] = [];
  const errors: { Key: string; Code: string; Message: string }[] = [];
  for (const key of keys) {
    if (key === undefined) throw s3Error('MalformedXML');
    try {
      const tags = bucket.objects.get(key)?.tags;
      await exchange.permit('s3:DeleteObject', objectArn(bucket, key), existingTagKeys(tags));
      await removeObject(bucket, key);
      deleted.push({ Key: key });
    } catch (error) {
      if (!(error instanceof S3Error) || error.code !== 'AccessDenied') throw error;
      errors.push({ Key: key, Code: error.code, Message: error.message });
    }
  }
  const quiet = textOf(document['Quiet']) === 'true';
  exchange.answerXml('DeleteResult', { Deleted: quiet ? [] : deleted, Error: errors });
}
