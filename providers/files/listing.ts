import type { FileInfo } from './config.ts';
import type { Metadata } from './metadata.ts';

export interface FileRow {
  readonly path: string;
  readonly blob: string;
  readonly content_type: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly created_at: string;
}

export const infoOf = (row: FileRow): FileInfo => ({
  path: row.path,
  contentType: row.content_type,
  bytes: row.bytes,
  sha256: row.sha256,
  createdAt: row.created_at,
});

/** Rows held at once: 256 of at most 2 KB. */
const PAGE_ROWS = 256;

/** A company's files in the order of their paths' octets, from `first` to `last`, a page at a time. */
export function* listFiles(
  metadata: Metadata,
  company: string,
  range: { readonly first?: string; readonly last?: string } = {},
): Generator<FileRow> {
  let page = metadata.all<FileRow>(
    `SELECT * FROM files WHERE company = ?1 AND path >= ?2 AND (?3 IS NULL OR path <= ?3) ORDER BY path LIMIT ${PAGE_ROWS}`,
    ...[company, range.first ?? '', range.last ?? null],
  );
  for (;;) {
    yield* page;
    const end = page.at(-1);
    if (page.length < PAGE_ROWS || !end) return;
    page = metadata.all<FileRow>(
      `SELECT * FROM files WHERE company = ?1 AND path > ?2 AND (?3 IS NULL OR path <= ?3) ORDER BY path LIMIT ${PAGE_ROWS}`,
      ...[company, end.path, range.last ?? null],
    );
  }
}
