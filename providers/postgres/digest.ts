import type { CollectionDigest, Digest } from '@tanker/contract/index.ts';
import { type ClientBase, escapeIdentifier, escapeLiteral } from 'pg';
import { canonicalSql, type ValueType } from './canonical.ts';

const HALF = 1n << 64n;
const MODULUS = 1n << 128n;

/** What is summed. A column that is gone has no type, and counts as a value that no row can have. */
export interface DigestTable {
  readonly name: string;
  readonly table: string;
  readonly ofCompany: string;
  readonly columns: readonly { readonly name: string; readonly value: ValueType | null }[];
}

/** No canonical value begins like this. */
const GONE = "'?'";

const net = (text: string): string => `${Buffer.byteLength(text)}:${text}`;

/**
 * The query that sums the hashes of a company's canonical rows. The subqueries are kept apart by OFFSET 0, so that a
 * value is made canonical once though its length and its text are both used. A hash's 16 octets are summed as two
 * signed 64-bit halves; `negatives` counts the low halves whose sign bit stands for 2^63 and not for -2^63.
 */
export function digestSql(table: DigestTable, schema: string): string {
  const sorted = table.columns.toSorted((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
  const values = sorted.map(({ name, value }, index) => {
    const canonical = value === null ? GONE : canonicalSql(value, escapeIdentifier(name), schema);
    return `${canonical} AS v${index}`;
  });
  const row = sorted.map((column, index) => {
    const before = (index === 0 ? net(table.name) : '') + net(column.name);
    return `${escapeLiteral(before)} || octet_length(v${index}) || ':' || v${index}`;
  });
  return `
    SELECT count(*) AS rows, coalesce(sum(high), 0)::text AS high, coalesce(sum(low), 0)::text AS low,
      count(*) FILTER (WHERE low < 0) AS negatives
    FROM (SELECT ('x' || left(hash, 16))::bit(64)::bigint AS high, ('x' || right(hash, 16))::bit(64)::bigint AS low
      FROM (SELECT encode(substr(sha256(convert_to(${row.join(' || ')}, 'UTF8')), 1, 16), 'hex') AS hash
        FROM (SELECT ${values.join(', ')} FROM ${table.table} WHERE ${table.ofCompany} OFFSET 0) canonical
        OFFSET 0) hashes
      OFFSET 0) halves`;
}

/** The digest of a company's rows of one table, computed by the server by code that COPY has no part in. */
export async function tableDigest(
  client: ClientBase,
  schema: string,
  table: DigestTable,
  company: string,
): Promise<Digest> {
  const { rows } = await client.query<Record<'rows' | 'high' | 'low' | 'negatives', string>>(
    digestSql(table, schema),
    [company],
  );
  const [sums] = rows;
  if (!sums) throw new Error('an aggregate without a row');
  const sum = (BigInt(sums.high) + BigInt(sums.negatives)) * HALF + BigInt(sums.low);
  const modulo = ((sum % MODULUS) + MODULUS) % MODULUS;
  return { rows: Number(sums.rows), sum: modulo.toString(16).padStart(32, '0') };
}

export async function collectionDigests(
  client: ClientBase,
  schema: string,
  tables: readonly DigestTable[],
  company: string,
): Promise<CollectionDigest[]> {
  const digests: CollectionDigest[] = [];
  for (const table of tables) {
    digests.push({ name: table.name, digest: await tableDigest(client, schema, table, company) });
  }
  return digests;
}
