import { s3Error } from './errors.ts';
import { type KeyExchange, objectArn } from './exchange.ts';
import { receiveText } from './receive.ts';
import { objectOf } from './store.ts';
import { listOf, readDocument, textOf } from './xml.ts';

/** Limits of an object's tags, in characters. Source: Amazon S3 User Guide, "Categorizing your objects using tags". */
const MOST_TAGS = 10;
const LONGEST_NAME = 128;
const LONGEST_VALUE = 256;

/** A tagging document of ten longest tags in four-byte characters is below 16 KiB; twice that allows for spacing. */
const LARGEST_DOCUMENT_BYTES = 32 * 1024;

function checkTags(pairs: readonly (readonly [string, string])[]): ReadonlyMap<string, string> {
  if (pairs.length > MOST_TAGS) throw s3Error('BadRequest', 'Object tags cannot be greater than 10');
  for (const [name, value] of pairs) {
    if (name === '' || name.length > LONGEST_NAME)
      throw s3Error('InvalidTag', 'The TagKey you have provided is invalid');
    if (value.length > LONGEST_VALUE)
      throw s3Error('InvalidTag', 'The TagValue you have provided is invalid');
  }
  const tags = new Map(pairs);
  if (tags.size !== pairs.length)
    throw s3Error('InvalidTag', 'Cannot provide multiple Tags with the same key');
  return tags;
}

/** The tags of an `x-amz-tagging` header, which is written like a URL's query. */
export function tagsOfHeader(header: string | undefined): ReadonlyMap<string, string> {
  return checkTags([...new URLSearchParams(header ?? '')]);
}

/** Condition keys of a request that brings tags. */
export function requestTagKeys(tags: ReadonlyMap<string, string>): Record<string, string | string[]> {
  if (tags.size === 0) return {};
  const keys: Record<string, string | string[]> = { 's3:RequestObjectTagKeys': [...tags.keys()] };
  for (const [name, value] of tags) keys[`s3:RequestObjectTag/${name}`] = value;
  return keys;
}

/** Condition keys of a request to an object that has tags. */
export function existingTagKeys(tags: ReadonlyMap<string, string> | undefined): Record<string, string> {
  return Object.fromEntries(
    [...(tags ?? [])].map(([name, value]) => [`s3:ExistingObjectTag/${name}`, value]),
  );
}

export async function getObjectTagging({ exchange, bucket, key }: KeyExchange): Promise<void> {
  await exchange.permit('s3:GetObjectTagging', objectArn(bucket, key));
  const { tags } = objectOf(bucket, key);
  const list = [...tags].map(([Key, Value]) => ({ Key, Value }));
  exchange.answerXml('Tagging', { TagSet: list.length > 0 ? { Tag: list } : '' });
}

export async function putObjectTagging({ exchange, bucket, key }: KeyExchange): Promise<void> {
  await exchange.permit('s3:PutObjectTagging', objectArn(bucket, key));
  const document = readDocument(await receiveText(exchange.wire.http, LARGEST_DOCUMENT_BYTES), 'Tagging');
  const set = (document['TagSet'] ?? {}) as Record<string, unknown>;
  const pairs = listOf(set['Tag']).map((tag): readonly [string, string] => {
    const name = textOf(tag['Key']);
    if (name === undefined) throw s3Error('MalformedXML');
    return [name, textOf(tag['Value']) ?? ''];
  });
  const tags = checkTags(pairs);
  objectOf(bucket, key).tags = tags;
  exchange.answerEmpty(200);
}

export async function deleteObjectTagging({ exchange, bucket, key }: KeyExchange): Promise<void> {
  await exchange.permit('s3:DeleteObjectTagging', objectArn(bucket, key));
  objectOf(bucket, key).tags = new Map();
  exchange.answerEmpty(204);
}
