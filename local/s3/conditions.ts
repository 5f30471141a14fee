import { notImplemented, s3Error } from './errors.ts';
import type { Exchange, KeyExchange } from './exchange.ts';
import type { Bucket, StoredObject } from './store.ts';

function bare(etag: string): string {
  return etag
    .trim()
    .replace(/^W\//, '')
    .replace(/^"(.*)"$/, '$1');
}

function names(header: string, object: StoredObject): boolean {
  return header.split(',').some((etag) => etag.trim() === '*' || bare(etag) === object.etag);
}

/**
 * Holds a read to its conditions: 412, or 304 for an unchanged object.
 * Source: Amazon S3 User Guide, "Conditional reads"; precedence by RFC 9110, section 13.2.2.
 */
export function checkReadConditions(exchange: Exchange, object: StoredObject): void {
  const ifMatch = exchange.header('if-match');
  const ifNoneMatch = exchange.header('if-none-match');
  const modifiedSecond = Math.floor(object.lastModified / 1000) * 1000;
  if (ifMatch !== undefined) {
    if (!names(ifMatch, object)) throw s3Error('PreconditionFailed', undefined, { Condition: 'If-Match' });
  } else if (modifiedSecond > timeOf(exchange, 'if-unmodified-since', Number.POSITIVE_INFINITY)) {
    throw s3Error('PreconditionFailed', undefined, { Condition: 'If-Unmodified-Since' });
  }
  const unchanged =
    ifNoneMatch !== undefined
      ? names(ifNoneMatch, object)
      : modifiedSecond <= timeOf(exchange, 'if-modified-since', Number.NEGATIVE_INFINITY);
  if (unchanged) throw s3Error('NotModified', undefined, undefined, { etag: `"${object.etag}"` });
}

/** A date that can't be read is ignored. Source: RFC 9110, section 13.1.3. */
function timeOf(exchange: Exchange, header: string, otherwise: number): number {
  const time = Date.parse(exchange.header(header) ?? '');
  return Number.isNaN(time) ? otherwise : time;
}

/** A write's conditions, asked when the write begins and again when it takes effect. */
export interface WriteConditions {
  /** @throws PreconditionFailed, NoSuchKey or ConditionalRequestConflict */
  check(): void;
  /** Must be called once, whatever became of the write. */
  end(): void;
}

/**
 * The first write to finish wins and the others get 412; a deletion between begin and end of a conditional write is
 * 409, because which came first can't be told.
 * Source: Amazon S3 User Guide, "How to prevent object overwrites with conditional writes".
 */
export function beginWrite({ exchange, bucket, key }: KeyExchange): WriteConditions {
  const ifMatch = exchange.header('if-match');
  const ifNoneMatch = exchange.header('if-none-match');
  if (ifMatch === undefined && ifNoneMatch === undefined) return { check() {}, end() {} };
  if (ifMatch !== undefined && ifNoneMatch !== undefined) {
    throw notImplemented('If-Match together with If-None-Match');
  }
  if (ifNoneMatch !== undefined && ifNoneMatch !== '*') throw notImplemented('If-None-Match other than *');
  const watch = watchDeletions(bucket, key);
  const deletionsBefore = watch.deletions;
  return {
    check() {
      const object = bucket.objects.get(key);
      if (watch.deletions !== deletionsBefore)
        throw s3Error('ConditionalRequestConflict', undefined, { Key: key });
      if (ifNoneMatch !== undefined && object) {
        throw s3Error('PreconditionFailed', undefined, { Condition: 'If-None-Match' });
      }
      if (ifMatch === undefined) return;
      if (!object) throw s3Error('NoSuchKey', undefined, { Key: key });
      if (!names(ifMatch, object)) throw s3Error('PreconditionFailed', undefined, { Condition: 'If-Match' });
    },
    end() {
      watch.writers -= 1;
      if (watch.writers === 0) bucket.watched.delete(key);
    },
  };
}

function watchDeletions(bucket: Bucket, key: string): { writers: number; deletions: number } {
  const watch = bucket.watched.get(key) ?? { writers: 0, deletions: 0 };
  watch.writers += 1;
  bucket.watched.set(key, watch);
  return watch;
}
