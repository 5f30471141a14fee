import type { Erased } from '@tanker/contract/index.ts';
import type { FencedCall } from '@tanker/sdk/index.ts';
import { doomBlob, sweepBlobs } from './blobs.ts';
import { addChanges, fenced } from './fence.ts';
import { importCalls } from './imports.ts';
import { listFiles } from './listing.ts';
import type { Site } from './site.ts';
import { dropImports, stagedFiles } from './staging.ts';
import { unclaimedFiles } from './summary.ts';

/**
 * Takes the company's files and staging out of sight in one transaction, then removes them from the disk, then counts
 * what is left there. A crash between them leaves doomed blobs, which a repeat or the next start removes. What nobody
 * claims is not deleted but counted as left, so that a person looks at it. What stays holds the company's id and no data
 * of it: the fence row with its change count, a closing, which an import ends and its undoing brings back, and the keys of
 * hooks.
 */
export async function erase(site: Site, call: FencedCall): Promise<Erased> {
  const { company } = call;
  const { metadata } = site;
  const erased = await fenced(
    site,
    call,
    () => {
      const staging = dropImports(metadata, company);
      // What somebody is writing now can no longer be taken in.
      metadata.run('UPDATE loose SET doomed = 1 WHERE company = ?', company);
      for (const { blob } of listFiles(metadata, company)) doomBlob(metadata, company, blob);
      const rows = metadata.run('DELETE FROM files WHERE company = ?', company);
      metadata.run(
        `UPDATE fence SET import_session = NULL, ended_epoch = NULL, ended_grant = NULL,
          closed_epoch = coalesce(closed_epoch, ended_epoch), closed_grant = coalesce(closed_grant, ended_grant)
          WHERE company = ?`,
        company,
      );
      addChanges(metadata, company, rows);
      return { rows, staging };
    },
    importCalls,
  );
  await sweepBlobs(metadata, company);
  const loose = metadata.count('SELECT count(*) AS n FROM loose WHERE company = ?', company);
  const rows = metadata.count('SELECT count(*) AS n FROM files WHERE company = ?', company);
  return {
    erased,
    left: {
      rows: rows + (await unclaimedFiles(site, company)),
      staging: loose + stagedFiles(metadata, company),
    },
  };
}
