import { randomBytes } from 'node:crypto';
import { type ClientBase, escapeIdentifier } from 'pg';
import { importSealed, sessionUnknown } from '../refusals.ts';
import { columnList, type Table } from './catalog.ts';
import type { FenceRow } from './fence.ts';
import type { PartColumns } from './part-columns.ts';
import type { Site } from './site.ts';

/** Refuses an import call whose epoch is sealed or whose session is no longer the current one. */
export function checkImport(site: Site, company: string, row: FenceRow, session: string): void {
  checkUnsealed(site, company, row);
  if (row.importSession !== session) throw sessionUnknown(site, company);
}

/** Refuses an import call whose epoch is sealed. */
export function checkUnsealed(site: Site, company: string, { epoch, sealedEpoch }: FenceRow): void {
  if (sealedEpoch !== null && epoch <= sealedEpoch) throw importSealed(site, company, sealedEpoch);
}

/**
 * A table for one part and its columns, without the real table's keys and defaults. Unlogged: a crash of the server
 * empties it, and then publish finds other counts than the manifest's.
 */
export async function createStaging(
  client: ClientBase,
  site: Site,
  table: Table,
  columns: PartColumns,
): Promise<string> {
  const name = `${site.schema}.${escapeIdentifier(`staging_${randomBytes(12).toString('hex')}`)}`;
  await client.query(
    `CREATE UNLOGGED TABLE ${name} AS SELECT ${columnList(columns)} FROM ${table.table} WITH NO DATA`,
  );
  return name;
}

export const stagingRows = async (client: ClientBase, site: Site, company: string): Promise<number> => {
  const { rows } = await client.query<{ n: string }>(
    `SELECT coalesce(sum(p.rows), 0) AS n FROM ${site.schema}.import_parts p
      JOIN ${site.schema}.imports i USING (session) WHERE i.company = $1`,
    [company],
  );
  return Number(rows[0]?.n ?? 0);
};

/** Drops the company's import sessions and their staging, all or one. Answers how many staged rows that were. */
export async function dropImports(
  client: ClientBase,
  site: Site,
  company: string,
  session: string | null = null,
): Promise<number> {
  const { rows } = await client.query<{ staging: string; rows: string }>(
    `SELECT p.staging, p.rows FROM ${site.schema}.import_parts p JOIN ${site.schema}.imports i USING (session)
      WHERE i.company = $1 AND ($2::text IS NULL OR i.session = $2)`,
    [company, session],
  );
  if (rows.length > 0)
    await client.query(`DROP TABLE IF EXISTS ${rows.map((row) => row.staging).join(', ')}`);
  await client.query(
    `DELETE FROM ${site.schema}.imports WHERE company = $1 AND ($2::text IS NULL OR session = $2)`,
    [company, session],
  );
  return rows.reduce((sum, row) => sum + Number(row.rows), 0);
}
