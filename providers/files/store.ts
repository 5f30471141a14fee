import { createHash } from 'node:crypto';
import { CompanyId, TankerError } from '@tanker/contract/index.ts';
import {
  adoptBlob,
  createBlob,
  discardLoose,
  doomBlob,
  readBlob,
  reserveBlobs,
  settleNames,
  sweepAfterwards,
} from './blobs.ts';
import { FileInfo, MAX_FILE_BYTES } from './config.ts';
import { noteChanges } from './fence.ts';
import { type FileRow, infoOf } from './listing.ts';
import { Metadata } from './metadata.ts';

export interface NewFile {
  readonly path: string;
  readonly contentType: string;
  readonly content: Uint8Array | AsyncIterable<Uint8Array>;
  /** Default: now. */
  readonly createdAt?: Date;
}

/** Files written at once before they are waited for. */
const TOGETHER = 32;

/**
 * How a service reads and writes the files of its companies. A change is durable when it is answered, and it is
 * refused (`CompanyClosed`) while the company is closed here: in the transaction of the change, so that none slips
 * past a closing. Several processes of one machine may share a directory.
 */
export class FileStore {
  readonly #metadata: Metadata;

  constructor(directory: string) {
    this.#metadata = new Metadata(directory);
  }

  /** Stores files, all or none; a path that is there already gets the new content. */
  async put(company: string, files: readonly NewFile[]): Promise<FileInfo[]> {
    CompanyId.parse(company);
    const blobs = this.#metadata.transaction(() => {
      noteChanges(this.#metadata, company, 0);
      return reserveBlobs(this.#metadata, company, files.length);
    });
    const written = await this.#store(company, blobs, files);
    await sweepAfterwards(this.#metadata, company);
    return written;
  }

  /** Whether there was such a file. */
  async remove(company: string, path: string): Promise<boolean> {
    const removed = this.#metadata.transaction(() => {
      const row = this.#row(company, path);
      if (!row) return false;
      noteChanges(this.#metadata, company, 1);
      this.#metadata.run('DELETE FROM files WHERE company = ? AND path = ?', company, path);
      doomBlob(this.#metadata, company, row.blob);
      return true;
    });
    await sweepAfterwards(this.#metadata, company);
    return removed;
  }

  /** Undefined when there is no such file. */
  read(company: string, path: string): { info: FileInfo; content: AsyncIterable<Buffer> } | undefined {
    const row = this.#row(company, path);
    return row && { info: infoOf(row), content: readBlob(this.#metadata.blobPath(company, row.blob)) };
  }

  /** In the order of their paths' octets; `after` continues a listing. */
  list(company: string, limit: number, after = ''): FileInfo[] {
    return this.#metadata
      .all<FileRow>(
        'SELECT * FROM files WHERE company = ? AND path > ? ORDER BY path LIMIT ?',
        company,
        after,
        limit,
      )
      .map(infoOf);
  }

  close(): void {
    this.#metadata.close();
  }

  #row(company: string, path: string): FileRow | undefined {
    return this.#metadata.get<FileRow>('SELECT * FROM files WHERE company = ? AND path = ?', company, path);
  }

  /** Writes the contents, then shows them all in one transaction. What fails before its end leaves nothing. */
  async #store(company: string, blobs: readonly string[], files: readonly NewFile[]): Promise<FileInfo[]> {
    try {
      const written: FileInfo[] = [];
      for (let at = 0; at < files.length; at += TOGETHER) {
        const writing = files
          .slice(at, at + TOGETHER)
          .map((file, index) => this.#write(company, blobs[at + index] ?? '', file));
        // All have ended before one that failed is thrown: what is discarded then is not being written.
        await Promise.allSettled(writing);
        written.push(...(await Promise.all(writing)));
      }
      await settleNames(this.#metadata, company);
      this.#metadata.transaction(() => {
        noteChanges(this.#metadata, company, files.length);
        for (const [index, info] of written.entries()) this.#show(company, blobs[index] ?? '', info);
      });
      return written;
    } catch (error) {
      await discardLoose(this.#metadata, company, blobs);
      throw error;
    }
  }

  async #write(company: string, blob: string, file: NewFile): Promise<FileInfo> {
    const hash = createHash('sha256');
    let bytes = 0;
    const chunks = file.content instanceof Uint8Array ? [file.content] : file.content;
    const handle = await createBlob(this.#metadata, company, blob);
    try {
      for await (const chunk of chunks) {
        hash.update(chunk);
        bytes += chunk.length;
        if (bytes > MAX_FILE_BYTES) throw tooLarge();
        await handle.writeFile(chunk);
      }
      await handle.sync();
      const { path, contentType, createdAt = new Date() } = file;
      const sha256 = hash.digest('hex');
      return FileInfo.parse({ path, contentType, bytes, sha256, createdAt: createdAt.toISOString() });
    } finally {
      await handle.close();
    }
  }

  #show(company: string, blob: string, info: FileInfo): void {
    if (!adoptBlob(this.#metadata, blob)) throw swept();
    const former = this.#row(company, info.path);
    if (former) doomBlob(this.#metadata, company, former.blob);
    this.#metadata.run(
      'INSERT OR REPLACE INTO files (company, path, blob, content_type, bytes, sha256, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)',
      ...[company, info.path, blob, info.contentType, info.bytes, info.sha256, info.createdAt],
    );
  }
}

const tooLarge = (): TankerError =>
  new TankerError('RequestInvalid', {
    what: `A file has more than the ${MAX_FILE_BYTES} octets that one may have here.`,
    now: 'Nothing was changed.',
    next: 'Store it in pieces.',
  });

const swept = (): TankerError =>
  new TankerError('InternalFailure', {
    what: 'The store was started anew or the company was erased while a file was being written.',
    now: 'Nothing was changed.',
    next: 'Store the file again.',
  });
