import { TankerError } from '@tanker/contract/index.ts';
import { isAnswered } from './aws-errors.ts';

/** Answers that say that the bytes, their size or their checksum are not what the request says. All are HTTP 400. */
const MISMATCHES = new Set([
  'BadDigest',
  'InvalidDigest',
  'InvalidPart',
  'InvalidPartOrder',
  'InvalidRequest',
  'IncompleteBody',
  'XAmzContentChecksumMismatch',
  'XAmzContentSHA256Mismatch',
]);

/** A refused write by the contract's name; what has none is handed back as it came. */
export function refusedWrite(error: unknown, key: string): unknown {
  if (!isAnswered(error)) return error;
  const status = error.$metadata?.httpStatusCode;
  if (status === 412 || status === 409) {
    return new TankerError(
      'ObjectExists',
      {
        what: `The export object ${key} was written by somebody else (HTTP ${status}).`,
        now: 'The object that was there first is unchanged; this upload made nothing visible.',
        next: 'Nothing: another attempt writes below another key.',
      },
      { cause: error },
    );
  }
  if (MISMATCHES.has(error.name)) return mismatch(`S3 refused the bytes of ${key}: ${error.name}.`, error);
  return error;
}

/**
 * A refused read by the contract's name; what has none is handed back as it came. S3 tells only those who may list the
 * bucket that a key is not there, which readers may not: to them it says 403. Source: S3, GetObject, "Permissions".
 */
export function refusedRead(error: unknown, key: string): unknown {
  if (!isAnswered(error)) return error;
  const status = error.$metadata?.httpStatusCode;
  if (status === 412) return mismatch(`The object ${key} is not the one on record: its ETag differs.`, error);
  if (status === 404) return mismatch(`The object ${key} that is on record is not there.`, error);
  if (status === 403) {
    return mismatch(
      `The object ${key} that is on record is not there, or this role has no right to read it (${error.name}).`,
      error,
    );
  }
  return error;
}

const mismatch = (what: string, cause: unknown): TankerError =>
  new TankerError(
    'ChecksumMismatch',
    {
      what,
      now: 'Nothing of it was used; the task is undone by its recovery.',
      next: 'Look at the bucket before you restore: a restore reads the same objects again. A new move, backup or removal writes objects of its own.',
    },
    { cause },
  );

/** Objects that are to go and are still there: S3 answers a deletion of many with what it refused of them. */
export const notDeleted = (which: string, why: string): TankerError =>
  new TankerError('InternalFailure', {
    what: `S3 did not delete ${which}: ${why}.`,
    now: 'Those objects are still there; nobody restores from them.',
    next: "Look at the agent's rights on the bucket and its key; what is due to be deleted is tried again.",
  });
