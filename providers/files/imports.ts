import { randomUUID } from 'node:crypto';
import {
  type ImportBeginRequest,
  type ImportBegun,
  ImportPublished,
  type Sealed,
} from '@tanker/contract/index.ts';
import type { FencedCall } from '@tanker/sdk/index.ts';
import type { OpenCall } from '../open-calls.ts';
import {
  formatUnreadable,
  notEmptyAtBegin,
  notEmptyAtPublish,
  sessionUnknown,
  stagingMismatch,
} from '../refusals.ts';
import { sweepBlobs } from './blobs.ts';
import { COLLECTION, FORMAT } from './config.ts';
import { digestFiles } from './digest.ts';
import { addChanges, type FenceRow, fenced, readFence } from './fence.ts';
import type { Site } from './site.ts';
import { checkImport, checkUnsealed, dropImports } from './staging.ts';

export const importCalls = (open: OpenCall): boolean => open.kind === 'import';

/** Refuses while a file of the company is visible: an import adds to nothing and replaces nothing. */
function refuseFiles(site: Site, company: string, notEmpty: typeof notEmptyAtBegin): void {
  if (site.metadata.count('SELECT count(*) AS n FROM files WHERE company = ?', company) === 0) return;
  throw notEmpty(site, company, 'files');
}

/**
 * A session that kills older ones with their staging and open streams, and ends a closing that a move away left. What this
 * very import has published already is answered as it is.
 */
export async function beginImport(
  site: Site,
  call: FencedCall,
  manifest: ImportBeginRequest,
): Promise<ImportBegun> {
  if (manifest.format.name !== FORMAT.name || manifest.format.version !== FORMAT.version) {
    throw formatUnreadable(site, manifest.format, FORMAT);
  }
  const { company, fence } = call;
  const begun = await fenced(
    site,
    call,
    (row): ImportBegun => {
      checkUnsealed(site, company, row);
      if (isPublished(site, call, row, manifest)) {
        return { session: row.import_session ?? '', published: true };
      }
      const session = randomUUID();
      refuseFiles(site, company, notEmptyAtBegin);
      dropImports(site.metadata, company);
      site.metadata.run(
        'INSERT INTO imports (session, company, manifest, epoch, holder) VALUES (?, ?, ?, ?, ?)',
        ...[session, company, JSON.stringify(manifest), fence.epoch, fence.holder],
      );
      site.metadata.run(
        `UPDATE fence SET import_session = ?, closed_epoch = NULL, closed_grant = NULL,
          ended_epoch = coalesce(closed_epoch, ended_epoch), ended_grant = coalesce(closed_grant, ended_grant)
          WHERE company = ?`,
        ...[session, company],
      );
      return { session };
    },
    importCalls,
  );
  await sweepBlobs(site.metadata, company);
  return begun;
}

/** Whether the current session was published under this epoch and holder from an equal manifest. */
const isPublished = (
  { metadata }: Site,
  { company, fence }: FencedCall,
  { import_session: session }: FenceRow,
  manifest: ImportBeginRequest,
): boolean =>
  metadata.count(
    `SELECT count(*) AS n FROM imports WHERE session = ? AND company = ? AND published IS NOT NULL
      AND epoch = ? AND holder = ? AND manifest = ?`,
    ...[session, company, fence.epoch, fence.holder, JSON.stringify(manifest)],
  ) === 1;

/**
 * Makes the staged files the company's in one transaction with the fence check: their blobs are on the disk already,
 * and what is visible is what rows name. Refused unless staging equals the manifest: every part received whole and as
 * many files staged of it as it counts.
 */
export function publishImport(
  site: Site,
  call: FencedCall,
  { session }: { readonly session: string },
): Promise<ImportPublished> {
  const { metadata } = site;
  return fenced(site, call, (row) => {
    checkImport(site, call.company, row, session);
    const found = metadata.get<{ manifest: string; published: string | null }>(
      'SELECT manifest, published FROM imports WHERE session = ? AND company = ?',
      ...[session, call.company],
    );
    if (!found) throw sessionUnknown(site, call.company);
    if (found.published !== null) return ImportPublished.parse(JSON.parse(found.published));
    const from = site.now();
    refuseFiles(site, call.company, notEmptyAtPublish);
    checkStaging(site, call.company, session, JSON.parse(found.manifest) as ImportBeginRequest);
    const rows = metadata.run(
      `INSERT INTO files (company, path, blob, content_type, bytes, sha256, created_at)
        SELECT ?1, path, blob, content_type, bytes, sha256, created_at FROM staged WHERE session = ?2`,
      ...[call.company, session],
    );
    metadata.run('DELETE FROM staged WHERE session = ?', session);
    addChanges(metadata, call.company, rows);
    const published = { rows, work: [{ kind: 'publish' as const, from, to: site.now() }] };
    metadata.run('UPDATE imports SET published = ? WHERE session = ?', JSON.stringify(published), session);
    return published;
  });
}

function checkStaging(site: Site, company: string, session: string, manifest: ImportBeginRequest): void {
  const { metadata } = site;
  const differ = (what: string) => stagingMismatch(site, company, what);
  let total = 0;
  for (const { part, rows } of manifest.parts) {
    const at = [session, part] as const;
    const whole = 'SELECT count(*) AS n FROM import_parts WHERE session = ? AND part = ? AND received = 1';
    if (metadata.count(whole, ...at) !== 1) throw differ(`part ${part} has not arrived whole`);
    const staged = metadata.count('SELECT count(*) AS n FROM staged WHERE session = ? AND part = ?', ...at);
    if (staged !== rows) {
      throw differ(`part ${part} has ${staged} files in staging and ${rows} in the manifest`);
    }
    total += rows;
  }
  for (const { name, digest } of manifest.collections) {
    if (name !== COLLECTION) throw differ('the manifest has a collection that is not here');
    if (digest.rows !== total) {
      throw differ(`the parts hold ${total} files, the manifest's digest counts ${digest.rows}`);
    }
  }
}

/** What is published is no staging any more: such a session stays, so that its import can still be found. */
export async function abortImport(
  site: Site,
  call: FencedCall,
  { session }: { readonly session: string },
): Promise<void> {
  const ends = (open: OpenCall) => importCalls(open) && open.session === session;
  await fenced(
    site,
    call,
    () => {
      const published =
        'SELECT count(*) AS n FROM imports WHERE session = ? AND company = ? AND published IS NOT NULL';
      if (site.metadata.count(published, session, call.company) === 1) return;
      dropImports(site.metadata, call.company, session);
      site.metadata.run(
        'UPDATE fence SET import_session = NULL WHERE company = ? AND import_session = ?',
        ...[call.company, session],
      );
    },
    ends,
  );
  await sweepBlobs(site.metadata, call.company);
}

/** The digest is computed after the seal is durable: no import can change what it says. */
export async function seal(site: Site, call: FencedCall): Promise<Sealed> {
  const { company, fence } = call;
  await fenced(
    site,
    call,
    () => {
      dropImports(site.metadata, company);
      site.metadata.run(
        'UPDATE fence SET import_session = NULL, sealed_epoch = max(coalesce(sealed_epoch, 0), ?) WHERE company = ?',
        ...[fence.epoch, company],
      );
    },
    importCalls,
  );
  await sweepBlobs(site.metadata, company);
  // Read before the files: a change that comes while they are hashed shows in the next watermark.
  const watermark = String(readFence(site.metadata, company).changes);
  const { collections, work } = await digestFiles(site, company, call.signal);
  return { collections, watermark, work: [work] };
}
