import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import {
  type CanonicalInput,
  type CollectionDigest,
  canonicalRow,
  DigestSum,
  type Work,
} from '@tanker/contract/index.ts';
import { COLLECTION } from './config.ts';
import { type FileRow, listFiles } from './listing.ts';
import type { Site } from './site.ts';

/** SHA-256 of what is on the disk now, whatever the metadata says; null when there is nothing. */
async function contentOnDisk(path: string, signal: AbortSignal): Promise<CanonicalInput> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(path), hash, { signal });
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return { type: 'null' };
    throw error;
  }
  return { type: 'text', value: hash.digest('hex') };
}

const rowOf = (row: FileRow, content: CanonicalInput): string =>
  canonicalRow(COLLECTION, {
    path: { type: 'text', value: row.path },
    content_type: { type: 'text', value: row.content_type },
    bytes: { type: 'integer', value: BigInt(row.bytes) },
    sha256: { type: 'text', value: row.sha256 },
    created_at: { type: 'instant', value: row.created_at.replace('Z', '000') },
    content,
  });

/** Files hashed at once: the disk and the hash have two cores. */
const TOGETHER = 4;

/**
 * The digest of a company's files: of their metadata and of their content, read again from the disk by code that
 * export and import have no part in.
 */
export async function digestFiles(
  site: Site,
  company: string,
  signal: AbortSignal,
): Promise<{ collections: CollectionDigest[]; work: Work }> {
  const from = site.now();
  const sum = new DigestSum();
  const files = listFiles(site.metadata, company);
  const hashSome = async () => {
    for (const row of files) {
      const path = site.metadata.blobPath(company, row.blob);
      sum.add(rowOf(row, await contentOnDisk(path, signal)));
    }
  };
  await Promise.all(Array.from({ length: TOGETHER }, hashSome));
  return {
    collections: [{ name: COLLECTION, digest: sum.digest }],
    work: { kind: 'digest', from, to: site.now() },
  };
}
