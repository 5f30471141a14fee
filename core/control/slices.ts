import { createHash } from 'node:crypto';
import type { CollectionDigest } from '@tanker/contract/index.ts';

/** Collections by name with rows and sum. An empty one is as good as none: both have the empty digest. */
const canonical = (collections: readonly CollectionDigest[]) =>
  collections
    .filter(({ digest }) => digest.rows > 0)
    .map(({ name, digest }) => [name, digest.rows, digest.sum] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));

const sha256 = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('hex');

/** What a provider held, in 64 characters: SHA-256 over the digests of its collections. */
export const digestsSha256 = (collections: readonly CollectionDigest[]): string =>
  sha256(canonical(collections));

/** What a provider held and how far it had counted its changes: equal means that nobody wrote there since. */
export const sliceSha256 = (collections: readonly CollectionDigest[], watermark: string): string =>
  sha256([canonical(collections), watermark]);
