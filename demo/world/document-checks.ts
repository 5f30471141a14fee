import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/**
 * What the demo and the system tests believe about documents: plain SQL on the store's metadata and the octets on the
 * disk, by code that shares nothing with the store, its provider and the digest.
 */

/** Of each document: its metadata and the SHA-256 of what is on the disk, by path. */
export type DocumentPrints = ReadonlyMap<string, string>;

interface Row {
  readonly company: string;
  readonly path: string;
  readonly blob: string;
}

function reading<T>(directory: string, work: (database: DatabaseSync) => T): T {
  const database = new DatabaseSync(join(directory, 'metadata.db'), { readOnly: true });
  try {
    return work(database);
  } finally {
    database.close();
  }
}

const rowsOf = (directory: string, where = '', ...values: string[]): Row[] =>
  reading(
    directory,
    (database) =>
      database
        .prepare(`SELECT * FROM files ${where} ORDER BY company, path`)
        .all(...values) as unknown as Row[],
  );

function printOf(directory: string, row: Row): string {
  const { blob, ...metadata } = row;
  const content = readFileSync(join(directory, row.company, blob));
  return createHash('sha256').update(JSON.stringify(metadata)).update(content).digest('hex');
}

export const readDocuments = (directory: string, company: string): DocumentPrints =>
  new Map(
    rowsOf(directory, 'WHERE company = ?', company).map(
      (row) => [row.path, printOf(directory, row)] as const,
    ),
  );

/** Documents that are gone or not what they were; those that came since are not looked at. */
export function differingDocuments(directory: string, company: string, before: DocumentPrints): string[] {
  const now = readDocuments(directory, company);
  return [...before].filter(([path, print]) => now.get(path) !== print).map(([path]) => path);
}

/** One fingerprint over all documents for each company but these. */
export function documentNeighbours(
  directory: string,
  except: readonly string[],
): ReadonlyMap<string, string> {
  const prints = new Map<string, string>();
  for (const row of rowsOf(directory)) {
    if (except.includes(row.company)) continue;
    const before = prints.get(row.company) ?? '';
    prints.set(
      row.company,
      createHash('sha256').update(before).update(printOf(directory, row)).digest('hex'),
    );
  }
  return prints;
}

/** Files of the company on the disk, whoever knows them. */
export function filesOnDisk(directory: string, company: string): readonly string[] {
  const own = join(directory, company);
  return existsSync(own) ? readdirSync(own).filter((name) => statSync(join(own, name)).isFile()) : [];
}

/** Files on the disk that are no document of the company: staging, or left behind. */
export function documentLeftovers(directory: string, company: string): readonly string[] {
  const known = new Set(rowsOf(directory, 'WHERE company = ?', company).map(({ blob }) => blob));
  return filesOnDisk(directory, company).filter((name) => !known.has(name));
}

export const documentsClosed = (directory: string, company: string): boolean =>
  reading(
    directory,
    (database) =>
      database.prepare('SELECT 1 FROM fence WHERE company = ? AND closed_epoch IS NOT NULL').get(company) !==
      undefined,
  );

/** The writes that have left their line in a document of the company: each line begins with its write's id. */
export function writtenInDocuments(directory: string, company: string): ReadonlySet<string> {
  const uploads = rowsOf(directory, `WHERE company = ? AND path LIKE 'uploads/%'`, company);
  const lines = uploads.flatMap(({ blob }) =>
    readFileSync(join(directory, company, blob), 'utf8').split('\n'),
  );
  return new Set(lines.map((line) => line.split('\t')[0] ?? ''));
}
