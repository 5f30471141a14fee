import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { Manifest, type ManifestReference, type Retention, TankerError } from '@tanker/contract/index.ts';
import type { Exports } from '../ports.ts';
import { MAX_MANIFEST_BYTES } from './sizes.ts';

const sha256Of = (octets: Uint8Array): string => createHash('sha256').update(octets).digest('hex');

/** Writes a manifest once. The reference's SHA-256 is what an import trusts; it travels through the table. */
export async function writeManifest(
  exports: Exports,
  { retention, ...at }: { bucket: string; region: string; key: string; retention: Retention },
  manifest: Manifest,
  signal?: AbortSignal,
): Promise<ManifestReference> {
  const octets = Buffer.from(JSON.stringify(manifest));
  const stored = await exports.put(at.key, octets, retention, signal);
  return { ...at, etag: stored.etag, sha256: sha256Of(octets) };
}

/**
 * Reads the manifest that the reference names.
 *
 * @throws ChecksumMismatch when the object is another one or is no manifest
 */
export async function readManifest(
  exports: Exports,
  reference: ManifestReference,
  signal: AbortSignal,
): Promise<Manifest> {
  const octets = await collect(await exports.get(reference.key, reference.etag, signal), reference);
  const sha256 = sha256Of(octets);
  if (sha256 !== reference.sha256) {
    throw wrong(reference, `has SHA-256 ${sha256}; on record is ${reference.sha256}`);
  }
  const parsed = Manifest.safeParse(parseJson(octets));
  if (!parsed.success) throw wrong(reference, 'is no manifest of this version');
  return parsed.data;
}

async function collect(stream: Readable, reference: ManifestReference): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.length;
    if (bytes > MAX_MANIFEST_BYTES) throw wrong(reference, `is larger than ${MAX_MANIFEST_BYTES} bytes`);
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

function parseJson(octets: Buffer): unknown {
  try {
    return JSON.parse(octets.toString('utf8'));
  } catch {
    return undefined;
  }
}

const wrong = (reference: ManifestReference, how: string): TankerError =>
  new TankerError('ChecksumMismatch', {
    what: `The manifest ${reference.key} ${how}.`,
    now: 'Nothing was imported.',
    next: 'Find out who else writes to the bucket; the task is undone by its recovery.',
  });
