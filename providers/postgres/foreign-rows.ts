import { TankerError } from '@tanker/contract/index.ts';
import { type ClientBase, escapeIdentifier } from 'pg';
import type { Table } from './catalog.ts';

/** A foreign key between two tables, which may be the same; the columns in pairs. */
interface ForeignKey {
  readonly name: string;
  readonly child: number;
  readonly parent: number;
  readonly pairs: readonly { readonly child: string; readonly parent: string }[];
}

async function foreignKeys(client: ClientBase, tables: readonly Table[]): Promise<ForeignKey[]> {
  const { rows } = await client.query<ForeignKey>(
    `SELECT c.conname AS name, f.at::int - 1 AS child, t.at::int - 1 AS parent,
        (SELECT json_agg(json_build_object('child', a.attname, 'parent', b.attname))
          FROM unnest(c.conkey, c.confkey) k(child, parent)
          JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.child
          JOIN pg_attribute b ON b.attrelid = c.confrelid AND b.attnum = k.parent) AS pairs
      FROM unnest($1::text[]) WITH ORDINALITY f(place, at), unnest($1::text[]) WITH ORDINALITY t(place, at), pg_constraint c
      WHERE c.contype = 'f' AND c.conrelid = to_regclass(f.place) AND c.confrelid = to_regclass(t.place)
      ORDER BY 2, 3, 1`,
    [tables.map(({ table }) => table)],
  );
  return rows;
}

/**
 * Refuses when rows of other companies refer to the company's: its erase would delete or change them too, by a key's
 * ON DELETE, or fail. A key that holds the company's own column has no such rows.
 */
export async function refuseForeign(
  client: ClientBase,
  tables: readonly Table[],
  company: string,
): Promise<void> {
  for (const { name, child, parent, pairs } of await foreignKeys(client, tables)) {
    const [from, to] = [tables[child], tables[parent]];
    if (!from || !to) continue;
    if (pairs.some((pair) => pair.child === from.companyColumn && pair.parent === to.companyColumn)) continue;
    const columns = (side: 'child' | 'parent') =>
      pairs.map((pair, index) => `${escapeIdentifier(pair[side])} AS k${index}`).join(', ');
    const { rowCount } = await client.query(
      `SELECT FROM (SELECT ${columns('child')} FROM ${from.table} WHERE (${from.ofCompany}) IS NOT TRUE) c
        JOIN (SELECT ${columns('parent')} FROM ${to.table} WHERE ${to.ofCompany}) p
          ON ${pairs.map((_, index) => `c.k${index} = p.k${index}`).join(' AND ')} LIMIT 1`,
      [company],
    );
    if (rowCount !== 0) throw foreignRows(name, from, to);
  }
}

const foreignRows = (key: string, from: Table, to: Table): TankerError =>
  new TankerError('KeyConflict', {
    what: `Rows of other companies in ${from.place} refer to rows of the company in ${to.place} (${key}).`,
    now: 'Nothing was erased.',
    next: 'Find out whose rows they are and correct their company or what they refer to, then erase again.',
  });
