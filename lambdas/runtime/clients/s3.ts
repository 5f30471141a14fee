import { S3Client } from '@aws-sdk/client-s3';
import { clientOptions, perRegion, TRANSFER_TIMEOUT_MS } from './options.ts';

/**
 * Checksums are named where they matter and computed once, by the caller: the SDK's own over each answer's body would
 * read every byte again beside the SHA-256 that an import is held to.
 */
export const s3Client = perRegion(
  (region) =>
    new S3Client({
      ...clientOptions(region, TRANSFER_TIMEOUT_MS),
      responseChecksumValidation: 'WHEN_REQUIRED',
    }),
);
