import { CLOSINGS_PAGE, type Closings } from '@tanker/contract/index.ts';
import type { ProviderCall } from '@tanker/sdk/index.ts';
import { joinChanges } from './changes.ts';
import type { Site } from './site.ts';

/**
 * The companies closed here with the highest epoch seen for each, one page after a company. The first page is asked for
 * every minute: a good time to tidy up what writers leave, of companies that no task works on too.
 */
export async function listClosings(
  site: Site,
  call: ProviderCall,
  { after = '' }: { readonly after?: string },
): Promise<Closings> {
  if (after === '') await joinChanges(site, call.signal);
  const { rows } = await site.pool.query<Closings['closings'][number]>(
    `SELECT company, epoch::float8, holder, closed_grant::float8 AS grant FROM ${site.schema}.fence
      WHERE closed_epoch IS NOT NULL AND closed_grant IS NOT NULL AND holder IS NOT NULL
        AND company COLLATE "C" > $1
      ORDER BY company COLLATE "C" LIMIT $2`,
    [after, CLOSINGS_PAGE + 1],
  );
  const closings = rows.slice(0, CLOSINGS_PAGE);
  const incarnation = await site.pool.query<{ text: string }>(`SELECT ${site.schema}.incarnation() AS text`);
  return {
    incarnation: incarnation.rows[0]?.text ?? '',
    closings,
    next: rows.length > CLOSINGS_PAGE ? (closings.at(-1)?.company ?? null) : null,
  };
}
