import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { CRC32, CRC32C, CRC64NVME, type CrcKind, combineCrcs, TableCrc } from './crc.ts';
import { notImplemented } from './errors.ts';

/** Object checksums that this S3 computes. Source: Amazon S3 User Guide, "Checking object integrity". */
export type ChecksumAlgorithm = 'CRC32' | 'CRC32C' | 'CRC64NVME' | 'SHA1' | 'SHA256';

/** FULL_OBJECT is over the bytes, COMPOSITE over the checksums of the parts. */
export type ChecksumType = 'FULL_OBJECT' | 'COMPOSITE';

/** A checksum as S3 stores and answers it. `value` is base64, and ends in `-<parts>` if it's composite. */
export interface Checksum {
  readonly algorithm: ChecksumAlgorithm;
  readonly type: ChecksumType;
  readonly value: string;
}

export interface Hasher {
  update(chunk: Uint8Array): void;
  /** The raw digest; called once. */
  digest(): Buffer;
}

const DIGEST_BYTES: Readonly<Record<ChecksumAlgorithm, number>> = {
  CRC32: 4,
  CRC32C: 4,
  CRC64NVME: 8,
  SHA1: 20,
  SHA256: 32,
};

const CRC_KINDS: Partial<Record<ChecksumAlgorithm, CrcKind>> = { CRC32, CRC32C, CRC64NVME };

/** Headers that begin like a checksum's and hold none. */
const NO_VALUES = new Set(['x-amz-checksum-algorithm', 'x-amz-checksum-mode', 'x-amz-checksum-type']);

/** Header, trailer and lower-case name of an algorithm's checksum, e.g. `x-amz-checksum-crc32`. */
export function headerOf(algorithm: ChecksumAlgorithm): string {
  return `x-amz-checksum-${algorithm.toLowerCase()}`;
}

/** Name of its XML element, e.g. `ChecksumCRC32`. */
export function elementOf(algorithm: ChecksumAlgorithm): string {
  return `Checksum${algorithm}`;
}

/** @throws NotImplemented for an algorithm that S3 may know and this one doesn't */
export function algorithmNamed(name: string): ChecksumAlgorithm {
  const upper = name.toUpperCase();
  if (upper in DIGEST_BYTES) return upper as ChecksumAlgorithm;
  throw notImplemented(`The checksum algorithm ${name}`);
}

/** The algorithm whose value a header or trailer of this name carries, or undefined if it carries none. */
export function algorithmOfHeader(header: string): ChecksumAlgorithm | undefined {
  if (!header.startsWith('x-amz-checksum-') || NO_VALUES.has(header)) return undefined;
  return algorithmNamed(header.slice('x-amz-checksum-'.length));
}

/** The digest that a base64 text stands for, or undefined if it isn't base64 of that algorithm's length. */
export function decodeDigest(value: string, bytes: number): Buffer | undefined {
  const digest = Buffer.from(value, 'base64');
  return digest.length === bytes && digest.toString('base64') === value ? digest : undefined;
}

export function digestBytes(algorithm: ChecksumAlgorithm): number {
  return DIGEST_BYTES[algorithm];
}

/** A running checksum; native code wherever Node has it. */
export function createHasher(algorithm: ChecksumAlgorithm | 'MD5'): Hasher {
  if (algorithm === 'CRC32') return nativeCrc32();
  const kind = algorithm === 'MD5' ? undefined : CRC_KINDS[algorithm];
  if (kind) return new TableCrc(kind);
  const hash = createHash(algorithm.toLowerCase());
  return { update: (chunk) => void hash.update(chunk), digest: () => hash.digest() };
}

function nativeCrc32(): Hasher {
  let value = 0;
  return {
    update(chunk) {
      value = crc32(chunk, value);
    },
    digest() {
      const digest = Buffer.alloc(4);
      digest.writeUInt32BE(value);
      return digest;
    },
  };
}

/**
 * The checksum of a completed multipart upload from its parts' digests, in part order.
 * Source: Amazon S3 User Guide, "Checking object integrity in Amazon S3", full object and composite checksums.
 */
export function checksumOfParts(
  algorithm: ChecksumAlgorithm,
  type: ChecksumType,
  parts: readonly { digest: Buffer; size: number }[],
): Checksum {
  const kind = CRC_KINDS[algorithm];
  if (type === 'FULL_OBJECT' && kind) {
    return { algorithm, type, value: combineCrcs(parts, kind).toString('base64') };
  }
  const hasher = createHasher(algorithm);
  for (const part of parts) hasher.update(part.digest);
  return { algorithm, type: 'COMPOSITE', value: `${hasher.digest().toString('base64')}-${parts.length}` };
}
