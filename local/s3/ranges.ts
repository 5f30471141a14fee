import { s3Error } from './errors.ts';

/** Bytes from `first` to `last`, both included. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/**
 * The one range that a Range header names, or undefined if there is none or it isn't one S3 serves: several ranges
 * and other units are ignored and the whole object is answered.
 * Source: Amazon S3 API Reference, "GetObject", Range; RFC 9110, section 14.2.
 * @throws InvalidRange if it begins behind the object's end
 */
export function rangeOf(header: string | undefined, sizeBytes: number): ByteRange | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '');
  if (!match) return undefined;
  const [, from = '', to = ''] = match;
  if (from === '' && to === '') return undefined;
  if (from !== '' && to !== '' && Number(to) < Number(from)) return undefined;
  const first = from === '' ? Math.max(0, sizeBytes - Number(to)) : Number(from);
  const last = from === '' || to === '' ? sizeBytes - 1 : Math.min(Number(to), sizeBytes - 1);
  if (first > last) {
    throw s3Error('InvalidRange', undefined, { RangeRequested: header ?? '', ActualObjectSize: sizeBytes });
  }
  return { first, last };
}
