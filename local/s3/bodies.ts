import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** Bytes gathered before one write to the file: fewer, larger writes; this times two is what an upload holds. */
const WRITE_BATCH_BYTES = 1024 * 1024;

/** Read-ahead of a download. */
const READ_BATCH_BYTES = 512 * 1024;

export interface StoredFile {
  readonly path: string;
  readonly sizeBytes: number;
}

/** Takes bytes as they arrive. Exactly one of `finish` and `discard` ends it. */
export interface Sink {
  write(chunk: Buffer): Promise<void> | undefined;
}

/** A new file below the directory, written in batches while the next batch is received. */
export class FileSink implements Sink {
  readonly #path: string;
  readonly #handle: FileHandle;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #sizeBytes = 0;
  #writing: Promise<unknown> = Promise.resolve();

  private constructor(path: string, handle: FileHandle) {
    this.#path = path;
    this.#handle = handle;
  }

  static async create(directory: string): Promise<FileSink> {
    const path = join(directory, randomUUID());
    return new FileSink(path, await open(path, 'wx'));
  }

  write(chunk: Buffer): Promise<void> | undefined {
    this.#pending.push(chunk);
    this.#pendingBytes += chunk.length;
    if (this.#pendingBytes >= WRITE_BATCH_BYTES) return this.#flush();
  }

  async finish(): Promise<StoredFile> {
    await this.#flush();
    await this.#writing;
    await this.#handle.close();
    return { path: this.#path, sizeBytes: this.#sizeBytes };
  }

  /** Leaves nothing behind. */
  async discard(): Promise<void> {
    await this.#writing.catch(() => undefined);
    await this.#handle.close();
    await rm(this.#path, { force: true });
  }

  async #flush(): Promise<void> {
    await this.#writing;
    const batch = this.#pending;
    if (batch.length === 0) return;
    this.#sizeBytes += this.#pendingBytes;
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#writing = writeAll(this.#handle, batch);
    // The next flush or finish reports a failure; until then it must not count as unhandled.
    this.#writing.catch(() => undefined);
  }
}

async function writeAll(handle: FileHandle, batch: readonly Buffer[]): Promise<void> {
  const sizeBytes = batch.reduce((sum, chunk) => sum + chunk.length, 0);
  const { bytesWritten } = await handle.writev(batch);
  if (bytesWritten !== sizeBytes)
    throw new Error(`Wrote ${bytesWritten} of ${sizeBytes} bytes: is the disk full?`);
}

/** The bytes of an object: one file, or the files of its parts in order. Readers keep the files alive. */
export class Body {
  readonly files: readonly StoredFile[];
  readonly sizeBytes: number;
  #readers = 0;
  #removed = false;

  constructor(files: readonly StoredFile[]) {
    this.files = files;
    this.sizeBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
  }

  /** Streams the bytes from `first` to `last` (both included) into `target`, which stays open. */
  async stream(target: Writable, first: number, last: number): Promise<void> {
    this.#readers += 1;
    try {
      await pipeline(this.#chunks(first, last), target, { end: false });
    } finally {
      this.#readers -= 1;
      await this.#removeIfUnused();
    }
  }

  async *#chunks(first: number, last: number): AsyncGenerator<Buffer, void, undefined> {
    let offset = 0;
    for (const file of this.files) {
      const start = Math.max(0, first - offset);
      const end = Math.min(file.sizeBytes - 1, last - offset);
      offset += file.sizeBytes;
      if (start > end) continue;
      yield* createReadStream(file.path, { start, end, highWaterMark: READ_BATCH_BYTES });
    }
  }

  /** Deletes the files once nobody reads them. */
  async remove(): Promise<void> {
    this.#removed = true;
    await this.#removeIfUnused();
  }

  async #removeIfUnused(): Promise<void> {
    if (!this.#removed || this.#readers > 0) return;
    await Promise.all(this.files.map((file) => rm(file.path, { force: true })));
  }
}
