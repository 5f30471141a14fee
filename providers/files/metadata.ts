import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** Another process of the same store holds the write lock for milliseconds; this is for a machine that stands still. */
const BUSY_TIMEOUT_MS = 5000;

const SCHEMA = `
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA foreign_keys = ON;
CREATE TABLE IF NOT EXISTS store (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  id TEXT NOT NULL
) STRICT;
-- One row per company; it outlives an erase, because epochs and change counts only grow.
CREATE TABLE IF NOT EXISTS fence (
  company TEXT PRIMARY KEY,
  epoch INTEGER NOT NULL DEFAULT 0,
  holder TEXT,
  sealed_epoch INTEGER,
  closed_epoch INTEGER,
  closed_grant INTEGER,
  export_session TEXT,
  import_session TEXT,
  changes INTEGER NOT NULL DEFAULT 0,
  ended_epoch INTEGER,
  ended_grant INTEGER
) STRICT;
-- A blob's content never changes: a file that is replaced gets another blob.
CREATE TABLE IF NOT EXISTS files (
  company TEXT NOT NULL,
  path TEXT NOT NULL,
  blob TEXT NOT NULL UNIQUE,
  content_type TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  sha256 TEXT NOT NULL,
  created_at TEXT NOT NULL,
  PRIMARY KEY (company, path)
) STRICT;
CREATE TABLE IF NOT EXISTS imports (
  session TEXT PRIMARY KEY,
  company TEXT NOT NULL,
  manifest TEXT NOT NULL,
  published TEXT,
  epoch INTEGER,
  holder TEXT
) STRICT;
CREATE TABLE IF NOT EXISTS import_parts (
  session TEXT NOT NULL REFERENCES imports ON DELETE CASCADE,
  part INTEGER NOT NULL,
  run TEXT NOT NULL,
  received INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (session, part)
) STRICT;
CREATE TABLE IF NOT EXISTS staged (
  session TEXT NOT NULL REFERENCES imports ON DELETE CASCADE,
  part INTEGER NOT NULL,
  path TEXT NOT NULL,
  blob TEXT NOT NULL UNIQUE,
  content_type TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  sha256 TEXT NOT NULL,
  created_at TEXT NOT NULL,
  PRIMARY KEY (session, path)
) STRICT;
CREATE TABLE IF NOT EXISTS hook_keys (
  company TEXT NOT NULL,
  key TEXT NOT NULL,
  hook TEXT NOT NULL,
  ran_at TEXT NOT NULL,
  PRIMARY KEY (company, key)
) STRICT;
-- Blobs that no file and no staging owns: being written, or doomed and to be removed from the disk.
CREATE TABLE IF NOT EXISTS loose (
  blob TEXT PRIMARY KEY,
  company TEXT NOT NULL,
  doomed INTEGER NOT NULL DEFAULT 0
) STRICT;`;

/** Columns of later versions, for a store that an earlier one made. `ended_…`: the closing that the last import ended. */
const LATER_COLUMNS = [
  ['imports', 'epoch', 'INTEGER'],
  ['imports', 'holder', 'TEXT'],
  ['fence', 'ended_epoch', 'INTEGER'],
  ['fence', 'ended_grant', 'INTEGER'],
] as const;

/**
 * The metadata of a store on files, beside its blobs: `metadata.db` and `<company>/<blob>` in one directory. What is
 * visible is what a row of `files` names, so one transaction makes any number of files visible, or none, and needs no
 * rename and no journal beside SQLite's own. Every blob has its row before its first octet is written and until it is
 * removed, so what a crash leaves behind is known and goes at the next start.
 */
export class Metadata {
  readonly directory: string;
  readonly db: DatabaseSync;

  constructor(directory: string) {
    mkdirSync(directory, { recursive: true });
    this.directory = directory;
    this.db = new DatabaseSync(join(directory, 'metadata.db'), { timeout: BUSY_TIMEOUT_MS });
    this.db.exec(SCHEMA);
    this.#addColumns();
    this.db.prepare('INSERT INTO store VALUES (1, ?) ON CONFLICT DO NOTHING').run(randomUUID());
  }

  #addColumns(): void {
    this.transaction(() => {
      for (const [table, column, type] of LATER_COLUMNS) {
        const there = 'SELECT count(*) AS n FROM pragma_table_info(?) WHERE name = ?';
        if (this.count(there, table, column) === 0) {
          this.db.exec(`ALTER TABLE ${table} ADD COLUMN ${column} ${type}`);
        }
      }
    });
  }

  /** Runs work as one transaction, durable when it returns. The work can't wait, so nothing comes between. */
  transaction<T>(work: () => T): T {
    this.db.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.db.exec('COMMIT');
      return result;
    } catch (error) {
      if (this.db.isTransaction) this.db.exec('ROLLBACK');
      throw error;
    }
  }

  run(sql: string, ...values: (string | number | null)[]): number {
    return Number(this.db.prepare(sql).run(...values).changes);
  }

  get<Row>(sql: string, ...values: (string | number | null)[]): Row | undefined {
    return this.db.prepare(sql).get(...values) as Row | undefined;
  }

  all<Row>(sql: string, ...values: (string | number | null)[]): Row[] {
    return this.db.prepare(sql).all(...values) as Row[];
  }

  count(sql: string, ...values: (string | number | null)[]): number {
    return this.get<{ n: number }>(sql, ...values)?.n ?? 0;
  }

  blobPath(company: string, blob: string): string {
    return join(this.directory, company, blob);
  }

  /**
   * Which life of the store this is. A restore that makes `metadata.db` anew gives it another inode, or the number that
   * has just become free and another birth. A restored volume, and a copy into the same file, keep all three: then the
   * operator renews the id before the provider serves again.
   */
  incarnation(): string {
    const { id } = this.get<{ id: string }>('SELECT id FROM store') ?? { id: '' };
    const { ino, birthtimeNs } = statSync(join(this.directory, 'metadata.db'), { bigint: true });
    return createHash('sha256').update(`${id}/${ino}/${birthtimeNs}`).digest('hex').slice(0, 32);
  }

  renewIncarnation(): string {
    this.run('UPDATE store SET id = ?', randomUUID());
    return this.incarnation();
  }

  close(): void {
    this.db.close();
  }
}
