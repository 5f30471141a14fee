import { s3Error } from './errors.ts';
import { type BucketExchange, bucketArn } from './exchange.ts';
import type { StoredObject } from './store.ts';

/** Most keys and prefixes of one page. Source: Amazon S3 API Reference, "ListObjectsV2", max-keys. */
const LARGEST_PAGE = 1000;

interface Page {
  readonly objects: readonly StoredObject[];
  readonly prefixes: readonly string[];
  /** Last key or prefix of the page, if there is more behind it. */
  readonly next: string | undefined;
}

/** Order of keys by their UTF-8 bytes, as S3 lists them. JavaScript's own order differs above U+FFFF. */
export function compareKeys(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}

/** A whole number from 0 to the largest page; more is cut down, as S3 does. */
export function pageSize(parameter: string | null, name: string, largest = LARGEST_PAGE): number {
  if (parameter === null) return largest;
  if (!/^\d{1,9}$/.test(parameter)) {
    throw s3Error('InvalidArgument', `Provided ${name} not an integer or within integer range`);
  }
  return Math.min(Number(parameter), largest);
}

function pageOf(
  objects: readonly StoredObject[],
  prefix: string,
  delimiter: string,
  after: string,
  size: number,
): Page {
  const sorted = objects
    .filter(({ key }) => key.startsWith(prefix))
    .sort((a, b) => compareKeys(a.key, b.key));
  const page: StoredObject[] = [];
  const prefixes: string[] = [];
  let last = '';
  for (const object of sorted) {
    const cut = delimiter === '' ? -1 : object.key.indexOf(delimiter, prefix.length);
    const entry = cut < 0 ? object.key : object.key.slice(0, cut + delimiter.length);
    if (after !== '' && compareKeys(entry, after) <= 0) continue;
    if (cut >= 0 && prefixes.at(-1) === entry) continue;
    if (page.length + prefixes.length === size) return { objects: page, prefixes, next: last };
    if (cut < 0) page.push(object);
    else prefixes.push(entry);
    last = entry;
  }
  return { objects: page, prefixes, next: undefined };
}

/** Text as an answer carries it: percent-encoded if the caller asked for it. */
export function keyEncoder(encoding: string | null): (key: string) => string {
  if (encoding === null) return (key) => key;
  if (encoding !== 'url') throw s3Error('InvalidArgument', 'Invalid Encoding Method specified in Request');
  return (key) => encodeURIComponent(key).replaceAll('%2F', '/');
}

function readToken(token: string | null): string {
  if (token === null) return '';
  const key = Buffer.from(token, 'base64url').toString('utf8');
  if (key === '') throw s3Error('InvalidArgument', 'The continuation token provided is incorrect');
  return key;
}

export async function listObjectsV2({ exchange, bucket }: BucketExchange): Promise<void> {
  const { query } = exchange.wire;
  const prefix = query.get('prefix') ?? '';
  const delimiter = query.get('delimiter') ?? '';
  const startAfter = query.get('start-after');
  const token = query.get('continuation-token');
  await exchange.permit('s3:ListBucket', bucketArn(bucket), {
    's3:prefix': prefix,
    ...(delimiter !== '' && { 's3:delimiter': delimiter }),
    ...(query.has('max-keys') && { 's3:max-keys': query.get('max-keys') ?? '' }),
  });
  const encode = keyEncoder(query.get('encoding-type'));
  const size = pageSize(query.get('max-keys'), 'max-keys');
  const after = token === null ? (startAfter ?? '') : readToken(token);
  const page =
    size === 0
      ? { objects: [], prefixes: [], next: undefined }
      : pageOf([...bucket.objects.values()], prefix, delimiter, after, size);
  exchange.answerXml('ListBucketResult', {
    Name: bucket.config.name,
    Prefix: encode(prefix),
    Delimiter: delimiter === '' ? undefined : encode(delimiter),
    MaxKeys: size,
    EncodingType: query.get('encoding-type') ?? undefined,
    KeyCount: page.objects.length + page.prefixes.length,
    IsTruncated: page.next !== undefined,
    ContinuationToken: token ?? undefined,
    NextContinuationToken: page.next === undefined ? undefined : Buffer.from(page.next).toString('base64url'),
    StartAfter: startAfter === null ? undefined : encode(startAfter),
    Contents: page.objects.map((object) => ({
      Key: encode(object.key),
      LastModified: new Date(object.lastModified).toISOString(),
      ETag: `"${object.etag}"`,
      ChecksumAlgorithm: object.checksum?.algorithm,
      ChecksumType: object.checksum?.type,
      Size: object.body.sizeBytes,
      StorageClass: 'STANDARD',
    })),
    CommonPrefixes: page.prefixes.map((common) => ({ Prefix: encode(common) })),
  });
}
