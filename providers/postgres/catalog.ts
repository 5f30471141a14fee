import { TankerError } from '@tanker/contract/index.ts';
import { type ClientBase, escapeIdentifier } from 'pg';
import { isCanonical, type ValueType } from './canonical.ts';
import type { CollectionConfig } from './config.ts';
import { quoteTable, type Site } from './site.ts';

export interface Column {
  readonly name: string;
  /** As `format_type` writes it, modifiers included: what both ends of a move must agree on. */
  readonly type: string;
  readonly value: ValueType;
  /** The sequence that its default draws from, as quoted SQL. */
  readonly sequence: string | null;
}

/** A table whose rows belong to companies, as the catalog has it now. */
export interface Table {
  readonly name: string;
  readonly table: string;
  /** The table's name for people: `schema.table`. */
  readonly place: string;
  /**
   * The condition for the rows of the company that is the query's first parameter. Other types than text are compared
   * as text too: `007` and `7`, or a UUID in both cases, must not name the same company twice.
   */
  readonly ofCompany: string;
  /** Without generated columns: the store computes those anew from the others. */
  readonly columns: readonly Column[];
}

interface CatalogRow {
  place: string;
  problem: string | null;
  name: string | null;
  type: string;
  base: string;
  array: boolean;
  sequence: string | null;
}

const TEXT_TYPES = ['text', 'varchar'];
const COMPANY_TYPES = [...TEXT_TYPES, 'uuid', 'int2', 'int4', 'int8'];

/**
 * One row per column. A domain stands for its base type. Partitions and children are refused, because a statement
 * that names one of them passes its parent's statement triggers by.
 */
const QUERY = `
  WITH RECURSIVE asked AS (SELECT place, to_regclass(place_sql) AS rel FROM unnest($1::text[], $2::text[]) u(place, place_sql)),
  resolved(start, type) AS (
    SELECT DISTINCT a.atttypid, a.atttypid FROM asked JOIN pg_attribute a ON a.attrelid = asked.rel WHERE a.attnum > 0
    UNION
    SELECT r.start, CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.typelem END
    FROM resolved r JOIN pg_type t ON t.oid = r.type
    WHERE t.typtype = 'd' OR (t.typcategory = 'A' AND t.typelem <> 0)),
  bases AS (
    SELECT r.start, bool_or(t.typcategory = 'A' AND t.typelem <> 0) AS array,
      max(CASE WHEN t.typtype = 'e' THEN 'enum' WHEN t.typname IN ('citext') OR n.nspname = 'pg_catalog' THEN t.typname
        ELSE n.nspname || '.' || t.typname END)
        FILTER (WHERE t.typtype <> 'd' AND NOT (t.typcategory = 'A' AND t.typelem <> 0)) AS base
    FROM resolved r JOIN pg_type t ON t.oid = r.type JOIN pg_namespace n ON n.oid = t.typnamespace GROUP BY 1)
  SELECT asked.place, a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, b.base, b.array,
    CASE WHEN a.atthasdef OR a.attidentity <> '' THEN pg_get_serial_sequence(asked.rel::text, a.attname) END AS sequence,
    CASE WHEN asked.rel IS NULL THEN 'does not exist'
      WHEN c.relkind <> 'r' OR c.relispartition THEN 'is not an ordinary table'
      WHEN EXISTS (SELECT FROM pg_inherits i WHERE asked.rel IN (i.inhparent, i.inhrelid)) THEN 'takes part in inheritance'
      WHEN $3 AND (SELECT count(*) FROM pg_trigger g WHERE g.tgrelid = asked.rel AND g.tgenabled = 'A'
        AND starts_with(g.tgname, 'tanker_')) < 4 THEN 'lacks its closing triggers'
    END AS problem
  FROM asked LEFT JOIN pg_class c ON c.oid = asked.rel
    LEFT JOIN pg_attribute a ON a.attrelid = asked.rel AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
    LEFT JOIN bases b ON b.start = a.atttypid
  ORDER BY a.attnum`;

export const unusable = (what: string): TankerError =>
  new TankerError('FormatUnreadable', {
    what,
    now: 'The provider can neither export nor import with this schema.',
    next: "Correct the table or the provider's configuration, then install the provider again.",
  });

/** Reads the tables of collections. Throws FormatUnreadable that names what the provider can't work with. */
export async function readTables(
  client: ClientBase,
  wanted: readonly CollectionConfig[],
  guarded = true,
): Promise<Table[]> {
  if (wanted.length === 0) return [];
  const places = wanted.map((one) => one.table);
  const { rows } = await client.query<CatalogRow>(QUERY, [places, places.map(quoteTable), guarded]);
  return wanted.map((one) => {
    const own = rows.filter((row) => row.place === one.table);
    const problem = own.find((row) => row.problem)?.problem;
    if (problem) throw unusable(`The table ${one.table} ${problem}.`);
    const columns = own.flatMap((row) => (row.name === null ? [] : [columnOf(one.table, row, row.name)]));
    const company = columns.find((column) => column.name === one.companyColumn);
    if (!company || company.value.array || !COMPANY_TYPES.includes(company.value.base)) {
      throw unusable(
        `The table ${one.table} has no column ${one.companyColumn} of one of the types ${COMPANY_TYPES.join(', ')}.`,
      );
    }
    const quoted = escapeIdentifier(one.companyColumn);
    return {
      name: one.name,
      table: quoteTable(one.table),
      place: one.table,
      ofCompany: TEXT_TYPES.includes(company.value.base)
        ? `${quoted} = $1::text`
        : `(${quoted} = $1::text::${company.value.base} AND ${quoted}::text = $1::text)`,
      columns,
    };
  });
}

function columnOf(place: string, row: CatalogRow, name: string): Column {
  const value = { base: row.base, array: row.array };
  if (!isCanonical(value)) {
    throw unusable(
      `The column ${place}.${name} has type ${row.type}, which has no canonical form for the digest.`,
    );
  }
  return { name, type: row.type, value, sequence: row.sequence };
}

export const readCollections = (client: ClientBase, site: Site): Promise<Table[]> =>
  readTables(client, site.config.collections);

/** The outbox as a table, unless it is one of the collections. */
export async function readOutbox(client: ClientBase, site: Site): Promise<Table | undefined> {
  const { outbox, collections } = site.config;
  if (!outbox || collections.some((one) => one.table === outbox.table)) return undefined;
  return (await readTables(client, [{ ...outbox, name: 'outbox' }]))[0];
}

export const columnList = (columns: readonly { readonly name: string }[]): string =>
  columns.map((column) => escapeIdentifier(column.name)).join(', ');
