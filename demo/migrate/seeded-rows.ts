import { type Client, escapeIdentifier } from 'pg';

/**
 * The rows that were there before anybody wrote, by plain SQL and by code that shares nothing with export, import,
 * digest or the other checks. Customers of the demo change only rows that they made themselves, so each of these rows
 * must be the same, octet by octet, in the home copy at the end.
 */
export interface SeededTable {
  readonly table: string;
  readonly highestId: string;
  readonly rows: number;
  readonly bytes: number;
  readonly hash: string;
}

async function tables(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT table_schema || '.' || table_name AS name FROM information_schema.columns
     WHERE column_name = 'company_id' AND table_schema NOT LIKE 'tanker\\_%' ORDER BY 1`,
  );
  return rows.map((row) => row.name);
}

const quoted = (table: string): string => table.split('.').map(escapeIdentifier).join('.');

/** SHA-256 over the rows' own text in the order of their ids; hashed in the database, so no row travels. */
async function hashTable(
  client: Client,
  company: string,
  table: string,
  highestId: string,
): Promise<SeededTable> {
  const { rows } = await client.query<{ rows: number; bytes: string; hash: string }>(
    `SELECT count(*)::int AS rows, coalesce(sum(length(convert_to(t::text, 'UTF8'))), 0) AS bytes,
       encode(sha256(coalesce(string_agg(sha256(convert_to(t::text, 'UTF8')), ''::bytea ORDER BY t.id), ''::bytea)), 'hex') AS hash
     FROM ${quoted(table)} AS t WHERE t.company_id = $1 AND t.id <= $2`,
    [company, highestId],
  );
  const [row] = rows;
  return { table, highestId, rows: row?.rows ?? 0, bytes: Number(row?.bytes), hash: row?.hash ?? '' };
}

async function inOneSnapshot<T>(client: Client, work: () => Promise<T>): Promise<T> {
  await client.query(
    `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL timezone = 'UTC'; SET LOCAL extra_float_digits = 1`,
  );
  try {
    return await work();
  } finally {
    await client.query('ROLLBACK');
  }
}

/** Takes down what the company has before its customers write. */
export const readSeeded = (client: Client, company: string): Promise<SeededTable[]> =>
  inOneSnapshot(client, async () => {
    const seeded: SeededTable[] = [];
    for (const table of await tables(client)) {
      const { rows } = await client.query<{ highest: string }>(
        `SELECT coalesce(max(id), 0)::text AS highest FROM ${quoted(table)} WHERE company_id = $1`,
        [company],
      );
      seeded.push(await hashTable(client, company, table, rows[0]?.highest ?? '0'));
    }
    return seeded;
  });

/** The tables in which the seeded rows are not what they were, at the copy behind this client. */
export const differingSeeded = (
  client: Client,
  company: string,
  before: readonly SeededTable[],
): Promise<string[]> =>
  inOneSnapshot(client, async () => {
    const differing: string[] = [];
    for (const { table, highestId, hash, rows } of before) {
      const now = await hashTable(client, company, table, highestId);
      if (now.hash !== hash || now.rows !== rows) differing.push(table);
    }
    return differing;
  });

/** Rows of the company in every table of the product, whoever wrote them. */
export const countRows = (client: Client, company: string): Promise<number> =>
  inOneSnapshot(client, async () => {
    let total = 0;
    for (const table of await tables(client)) {
      const { rows } = await client.query<{ rows: number }>(
        `SELECT count(*)::int AS rows FROM ${quoted(table)} WHERE company_id = $1`,
        [company],
      );
      total += rows[0]?.rows ?? 0;
    }
    return total;
  });
