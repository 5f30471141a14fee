import { TankerError } from '@tanker/contract/index.ts';
import { type ClientBase, escapeIdentifier, escapeLiteral } from 'pg';
import { sizeSql } from './canonical.ts';
import { columnList, type Table } from './catalog.ts';

/** Escapes of COPY's text form at most double a value's octets. */
const ESCAPE_FACTOR = 2;
/** What the header line of a part may need: 1,600 columns (PostgreSQL's limit) × 2 names of at most 150 octets. */
export const MAX_HEADER_BYTES = 2 ** 19;

/** A piece of a collection: the whole of it, or the rows between two places in the table's file. */
export interface PlannedPart {
  readonly part: number;
  readonly table: Table;
  readonly estimatedBytes: number;
  /** `(block,offset)` of the first row; undefined for the table's begin. */
  readonly from?: string;
  /** Of the first row after it; undefined for the table's end. */
  readonly to?: string;
}

export interface TableSize {
  readonly rows: number;
  /** Octets in COPY's text form before escapes. */
  readonly bytes: number;
}

const rowSizeSql = (table: Table): string =>
  table.columns.map((column) => sizeSql(column.value, escapeIdentifier(column.name))).join(' + ');

export async function tableSize(client: ClientBase, table: Table, company: string): Promise<TableSize> {
  const { rows } = await client.query<{ rows: string; bytes: string }>(
    `SELECT count(*) AS rows, coalesce(sum(${rowSizeSql(table)}), 0) AS bytes FROM ${table.table} WHERE ${table.ofCompany}`,
    [company],
  );
  return { rows: Number(rows[0]?.rows ?? 0), bytes: Number(rows[0]?.bytes ?? 0) };
}

/**
 * Cuts a company's rows into parts that can't exceed `maxBytes` even if every octet needed an escape. A collection
 * without rows has no part. Runs inside the export's snapshot, where a row's place doesn't change.
 */
export async function planParts(
  client: ClientBase,
  tables: readonly Table[],
  company: string,
  maxBytes: number,
): Promise<PlannedPart[]> {
  const limit = Math.max(1, Math.floor((maxBytes - MAX_HEADER_BYTES) / ESCAPE_FACTOR));
  const parts: PlannedPart[] = [];
  for (const table of tables) {
    const { rows, bytes } = await tableSize(client, table, company);
    if (rows === 0) continue;
    const pieces = bytes <= limit ? [{ estimatedBytes: bytes }] : await cut(client, table, company, limit);
    for (const piece of pieces) parts.push({ part: parts.length, table, ...piece });
  }
  return parts;
}

interface Piece {
  estimatedBytes: number;
  from?: string;
  to?: string;
}
interface Step {
  place: string;
  bytes: number;
}

/** Greedy: as many blocks as fit; a block that doesn't fit by itself goes row by row. */
async function cut(client: ClientBase, table: Table, company: string, limit: number): Promise<Piece[]> {
  const pieces: Piece[] = [{ estimatedBytes: 0 }];
  for (const { place, bytes } of await steps(client, table, company, limit)) {
    if (bytes > limit) throw rowTooLarge(table, limit);
    const last = pieces.at(-1) as Piece;
    if (last.estimatedBytes > 0 && last.estimatedBytes + bytes > limit) {
      last.to = place;
      pieces.push({ estimatedBytes: bytes, from: place });
    } else {
      last.estimatedBytes += bytes;
    }
  }
  return pieces;
}

const rowTooLarge = (table: Table, limit: number): TankerError =>
  new TankerError('FormatUnreadable', {
    what: `A row of ${table.place} is larger than a part of ${limit} octets can be.`,
    now: 'The company is closed here and nothing was exported.',
    next: 'Open the company, make the row smaller, then begin anew.',
  });

async function steps(client: ClientBase, table: Table, company: string, limit: number): Promise<Step[]> {
  const block = '(ctid::text::point)[0]::bigint';
  const from = `FROM ${table.table} WHERE ${table.ofCompany}`;
  const { rows } = await client.query<{ block: string; bytes: string }>(
    `SELECT ${block} AS block, sum(${rowSizeSql(table)}) AS bytes ${from} GROUP BY 1 ORDER BY 1`,
    [company],
  );
  const found: Step[] = [];
  for (const row of rows) {
    if (Number(row.bytes) <= limit) {
      found.push({ place: `(${row.block},0)`, bytes: Number(row.bytes) });
      continue;
    }
    const { rows: single } = await client.query<{ place: string; bytes: string }>(
      `SELECT ctid::text AS place, ${rowSizeSql(table)} AS bytes ${from} AND ctid >= $2::tid AND ctid < $3::tid ORDER BY ctid`,
      [company, `(${row.block},0)`, `(${Number(row.block) + 1},0)`],
    );
    for (const one of single) found.push({ place: one.place, bytes: Number(one.bytes) });
  }
  return found;
}

/**
 * Every plan that these settings leave reads rows in the order of their places, so a part that is read again has the
 * same octets: sequential, bitmap and place scans do, index scans and parallel ones don't.
 */
export const ORDERED_SCANS = `SET LOCAL enable_indexscan = off; SET LOCAL enable_indexonlyscan = off;
  SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL synchronize_seqscans = off;`;

/** The COPY that reads a part. COPY takes no parameters, hence the literals. */
export function copyOutSql(part: PlannedPart, company: string): string {
  const { table, from, to } = part;
  const places = [
    ...(from === undefined ? [] : [` AND ctid >= ${escapeLiteral(from)}::tid`]),
    ...(to === undefined ? [] : [` AND ctid < ${escapeLiteral(to)}::tid`]),
  ];
  const where = table.ofCompany.replace('$1', () => escapeLiteral(company));
  return `COPY (SELECT ${columnList(table.columns)} FROM ${table.table} WHERE ${where}${places.join('')}) TO STDOUT`;
}
