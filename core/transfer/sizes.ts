/**
 * Octets of one S3 part. A part of the contract is at most 1 GiB (MAX_PART_BYTES), so it has at most 1 GiB / 8 MiB = 128 S3 parts of the
 * 10,000 that S3 allows; all but the last are above S3's minimum of 5 MiB.
 */
export const S3_PART_BYTES = 8 * 2 ** 20;

/**
 * Buffers of one part: two are uploaded while the third is filled, and all three are when the provider is faster than
 * S3. 3 × 8 MiB = 24 MiB for a part.
 */
export const S3_PART_BUFFERS = 3;

/** Parts of one provider that are streamed at once: 2 × 24 MiB = 48 MiB of buffers in an agent. */
export const PARTS_AT_ONCE = 2;

/** A part that breaks on the way is streamed once more before the whole subtask is given up. */
export const PART_TRIES = 2;

/** A manifest has about 400 bytes for each part and collection; 16 MiB are 40,000 of them. */
export const MAX_MANIFEST_BYTES = 16 * 2 ** 20;
