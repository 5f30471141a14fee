import { existsSync } from 'node:fs';
import { opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { CLOSINGS_PAGE, type Closings, type Drain, type Summary } from '@tanker/contract/index.ts';
import type { CompanyCall, ProviderCall } from '@tanker/sdk/index.ts';
import { COLLECTION } from './config.ts';
import { digestFiles } from './digest.ts';
import { readFence } from './fence.ts';
import type { Site } from './site.ts';
import { stagedFiles } from './staging.ts';

/** The digest, when it is asked for, is computed after the counts: a change between them shows in the watermark. */
export async function summary(
  site: Site,
  call: CompanyCall,
  { digest }: { readonly digest: boolean },
): Promise<Summary> {
  const { company } = call;
  const { metadata } = site;
  const counted = metadata.transaction(() => ({
    fence: readFence(metadata, company),
    files: metadata.get<{ rows: number; bytes: number }>(
      'SELECT count(*) AS rows, coalesce(sum(bytes), 0) AS bytes FROM files WHERE company = ?',
      company,
    ) ?? { rows: 0, bytes: 0 },
    stagingRows: stagedFiles(metadata, company),
  }));
  const digested = digest ? await digestFiles(site, company, call.signal) : undefined;
  const sum = digested?.collections[0]?.digest;
  const strangers = await unclaimedFiles(site, company);
  const { epoch, holder, closed_epoch, closed_grant, changes } = counted.fence;
  return {
    incarnation: metadata.incarnation(),
    epoch,
    holder,
    closed: closed_epoch === null ? null : { epoch: closed_epoch, grant: closed_grant },
    collections: [{ name: COLLECTION, ...counted.files, ...(sum ? { digest: sum } : {}) }],
    stagingRows: counted.stagingRows,
    unclaimed: strangers > 0 ? [{ place: `${company}/`, rows: strangers }] : [],
    watermark: String(changes),
    work: digested ? [digested.work] : [],
  };
}

/** Files in the company's directory that no metadata knows: somebody else put them there. */
export async function unclaimedFiles(site: Site, company: string): Promise<number> {
  const directory = await opendir(join(site.metadata.directory, company)).catch((error) => {
    if ((error as { code?: string }).code === 'ENOENT') return undefined;
    throw error;
  });
  if (!directory) return 0;
  const known = site.metadata.db.prepare(
    `SELECT 1 FROM files WHERE blob = ?1 UNION ALL SELECT 1 FROM staged WHERE blob = ?1
      UNION ALL SELECT 1 FROM loose WHERE blob = ?1`,
  );
  let strangers = 0;
  for await (const { name } of directory) {
    // A file that was deleted since the directory was read was known until then.
    if (!known.get(name) && existsSync(site.metadata.blobPath(company, name))) strangers += 1;
  }
  return strangers;
}

/** Files have no messages, so nothing is ever pending. */
export const drain = async (site: Site, call: CompanyCall): Promise<Drain> => ({
  pending: 0,
  watermark: String(readFence(site.metadata, call.company).changes),
});

/** The companies closed here with the highest epoch seen for each, one page after a company. */
export async function listClosings(
  site: Site,
  _call: ProviderCall,
  { after = '' }: { readonly after?: string },
): Promise<Closings> {
  const rows = site.metadata.all<Closings['closings'][number]>(
    `SELECT company, epoch, holder, closed_grant AS "grant" FROM fence
      WHERE closed_epoch IS NOT NULL AND company > ? ORDER BY company LIMIT ?`,
    ...[after, CLOSINGS_PAGE + 1],
  );
  const closings = rows.slice(0, CLOSINGS_PAGE);
  const next = rows.length > CLOSINGS_PAGE ? (closings.at(-1)?.company ?? null) : null;
  return { incarnation: site.metadata.incarnation(), closings, next };
}
