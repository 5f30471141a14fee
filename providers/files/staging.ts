import { importSealed, sessionUnknown } from '../refusals.ts';
import { doomBlob } from './blobs.ts';
import type { FenceRow } from './fence.ts';
import type { Metadata } from './metadata.ts';
import type { Site } from './site.ts';

/** Refuses an import call whose epoch is sealed or whose session is no longer the current one. */
export function checkImport(site: Site, company: string, row: FenceRow, session: string): void {
  checkUnsealed(site, company, row);
  if (row.import_session !== session) throw sessionUnknown(site, company);
}

/** Refuses an import call whose epoch is sealed. */
export function checkUnsealed(site: Site, company: string, { epoch, sealed_epoch: sealed }: FenceRow): void {
  if (sealed !== null && epoch <= sealed) throw importSealed(site, company, sealed);
}

export const stagedFiles = (metadata: Metadata, company: string): number =>
  metadata.count(
    'SELECT count(*) AS n FROM staged JOIN imports USING (session) WHERE imports.company = ?',
    company,
  );

/** Gives a part's staging up, before the part is received anew. Inside a transaction. */
export function dropStagedPart(metadata: Metadata, company: string, session: string, part: number): void {
  const staged = metadata.all<{ blob: string }>(
    'SELECT blob FROM staged WHERE session = ? AND part = ?',
    ...[session, part],
  );
  for (const { blob } of staged) doomBlob(metadata, company, blob);
  metadata.run('DELETE FROM staged WHERE session = ? AND part = ?', session, part);
}

/**
 * Drops the company's import sessions and their staging, all or one. Inside a transaction. Answers how many staged
 * files that were.
 */
export function dropImports(metadata: Metadata, company: string, session: string | null = null): number {
  const staged = metadata.all<{ blob: string }>(
    'SELECT blob FROM staged JOIN imports USING (session) WHERE company = ?1 AND (?2 IS NULL OR session = ?2)',
    ...[company, session],
  );
  for (const { blob } of staged) doomBlob(metadata, company, blob);
  metadata.run('DELETE FROM imports WHERE company = ?1 AND (?2 IS NULL OR session = ?2)', company, session);
  return staged.length;
}
