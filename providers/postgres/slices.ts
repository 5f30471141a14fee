import type { ClientBase } from 'pg';
import type { Table } from './catalog.ts';
import type { DigestTable } from './digest.ts';
import type { Site } from './site.ts';

/** By collection, the names of columns. A collection without rows need not be in it. */
export type SliceColumns = Readonly<Record<string, readonly string[]>>;

export const columnsOf = (
  tables: readonly { readonly name: string; readonly columns: readonly { readonly name: string }[] }[],
): SliceColumns =>
  Object.fromEntries(tables.map(({ name, columns }) => [name, columns.map((column) => column.name)]));

/** In the transaction that exports the company or makes its rows visible: a seal is then over these columns. */
export async function rememberSlice(
  client: ClientBase,
  site: Site,
  company: string,
  columns: SliceColumns,
): Promise<void> {
  await client.query(
    `INSERT INTO ${site.schema}.slices (company, columns) VALUES ($1, $2)
      ON CONFLICT (company) DO UPDATE SET columns = excluded.columns`,
    [company, JSON.stringify(columns)],
  );
}

export async function forgetSlice(client: ClientBase, site: Site, company: string): Promise<void> {
  await client.query(`DELETE FROM ${site.schema}.slices WHERE company = $1`, [company]);
}

/**
 * The tables with the columns of the company's last slice, so that one that was added since makes no digest differ; one
 * that is gone does. A company without a slice has the columns that are there now.
 */
export async function slicedTables(
  client: ClientBase,
  site: Site,
  company: string,
  tables: readonly Table[],
): Promise<DigestTable[]> {
  const { rows } = await client.query<{ columns: SliceColumns }>(
    `SELECT columns FROM ${site.schema}.slices WHERE company = $1`,
    [company],
  );
  return tables.map((table) => {
    const names = rows[0]?.columns[table.name];
    if (names === undefined) return table;
    const typeOf = (name: string) => table.columns.find((column) => column.name === name)?.value ?? null;
    return { ...table, columns: names.map((name) => ({ name, value: typeOf(name) })) };
  });
}
