import { TankerError } from '@tanker/contract/index.ts';
import { type ClientBase, escapeIdentifier } from 'pg';
import { isCanonical, type ValueType } from './canonical.ts';
import { CATALOG_QUERY, type CatalogRow } from './catalog-query.ts';
import type { CollectionConfig } from './config.ts';
import { quoteTable, type Site } from './site.ts';

export interface Column {
  readonly name: string;
  /** With its modifiers: what both ends of a move must agree on. */
  readonly type: string;
  readonly value: ValueType;
  /** Whether a row without it is refused: not null, and nothing fills it in. */
  readonly required: boolean;
  /** The sequences that its default draws numbers from, as quoted SQL. */
  readonly sequences: readonly string[];
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
  readonly companyColumn: string;
  /** Without generated columns: the store computes those anew from the others. */
  readonly columns: readonly Column[];
}

const TEXT_TYPES = ['text', 'varchar'];
const INTEGER_TYPES = ['int2', 'int4', 'int8'];
const COMPANY_TYPES = [...TEXT_TYPES, 'uuid', ...INTEGER_TYPES];
const NUMBER_TYPES = [...INTEGER_TYPES, 'numeric'];

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
  const { rows } = await client.query<CatalogRow>(CATALOG_QUERY, [places, places.map(quoteTable), guarded]);
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
    if (own.some((row) => row.name === one.companyColumn && !row.exact)) {
      throw unusable(
        `The column ${one.table}.${one.companyColumn} has a nondeterministic collation, which takes the ids of two companies for one.`,
      );
    }
    const quoted = escapeIdentifier(one.companyColumn);
    return {
      name: one.name,
      table: quoteTable(one.table),
      place: one.table,
      companyColumn: one.companyColumn,
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
  const counts = !value.array && NUMBER_TYPES.includes(value.base);
  return { name, type: row.type, value, required: row.required, sequences: counts ? row.sequences : [] };
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
