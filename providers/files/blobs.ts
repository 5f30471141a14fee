import { randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Metadata } from './metadata.ts';

/** Octets read from a blob at once. */
export const READ_BYTES = 256 * 1024;

/** Names for blobs that will be written, each known as loose from now on. Inside a transaction. */
export function reserveBlobs(metadata: Metadata, company: string, count: number): string[] {
  const blobs = Array.from({ length: count }, () => randomUUID());
  for (const blob of blobs) metadata.run('INSERT INTO loose (blob, company) VALUES (?, ?)', blob, company);
  return blobs;
}

/** Takes a written blob off the loose ones, for the row that owns it. Inside a transaction; false: it was doomed. */
export const adoptBlob = (metadata: Metadata, blob: string): boolean =>
  metadata.run('DELETE FROM loose WHERE blob = ? AND doomed = 0', blob) === 1;

/** Marks a blob for removal from the disk. Inside the transaction that takes its owner's row away. */
export function doomBlob(metadata: Metadata, company: string, blob: string): void {
  metadata.run(
    'INSERT INTO loose (blob, company, doomed) VALUES (?, ?, 1) ON CONFLICT (blob) DO UPDATE SET doomed = 1',
    blob,
    company,
  );
}

/** Removes doomed blobs from the disk, then their rows. Outside a transaction: what fails here is done at the next. */
export async function sweepBlobs(metadata: Metadata, company: string | null = null): Promise<void> {
  const doomed = metadata.all<{ blob: string; company: string }>(
    'SELECT blob, company FROM loose WHERE doomed = 1 AND (?1 IS NULL OR company = ?1)',
    company,
  );
  if (doomed.length === 0) return;
  for (const one of doomed) await rm(metadata.blobPath(one.company, one.blob), { force: true });
  metadata.transaction(() => {
    for (const { blob } of doomed) metadata.run('DELETE FROM loose WHERE blob = ? AND doomed = 1', blob);
  });
}

/** The sweep of a change that stands already: it can't fail any more, and what is doomed stays so for the next sweep. */
export async function sweepAfterwards(metadata: Metadata, company: string): Promise<void> {
  await sweepBlobs(metadata, company).catch(() => undefined);
}

/**
 * Removes what was written and is still nobody's. It goes by the rows, never by what the caller believes: a blob that a
 * commit of unknown outcome has given to a file is not loose. What can't be removed now is removed at the next start.
 */
export async function discardLoose(
  metadata: Metadata,
  company: string,
  blobs: readonly string[],
): Promise<void> {
  try {
    metadata.transaction(() => {
      for (const blob of blobs) metadata.run('UPDATE loose SET doomed = 1 WHERE blob = ?', blob);
    });
  } catch {
    return;
  }
  await sweepAfterwards(metadata, company);
}

/** Opens a new blob of a company for writing. */
export async function createBlob(metadata: Metadata, company: string, blob: string): Promise<FileHandle> {
  const path = metadata.blobPath(company, blob);
  await mkdir(dirname(path), { recursive: true });
  return open(path, 'wx');
}

/** Waits until blobs and their names in the company's directory are on the disk, then closes them. */
export async function settleBlobs(
  metadata: Metadata,
  company: string,
  handles: readonly FileHandle[],
): Promise<void> {
  if (handles.length === 0) return;
  await Promise.all(handles.map((handle) => handle.sync().finally(() => handle.close())));
  await settleNames(metadata, company);
}

/** Waits until the names of a company's blobs are on the disk. */
export async function settleNames(metadata: Metadata, company: string): Promise<void> {
  for (const path of [dirname(metadata.blobPath(company, 'any')), metadata.directory]) {
    const directory = await open(path, 'r');
    await directory.sync().finally(() => directory.close());
  }
}

/** A blob's octets in order. Throws what the file system throws when it isn't there. */
export async function* readBlob(path: string): AsyncGenerator<Buffer> {
  const handle = await open(path, 'r');
  try {
    for (;;) {
      const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(READ_BYTES), 0, READ_BYTES);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}
