import { z } from 'zod';
import { COLLECTION, FileInfo, FORMAT, MAX_PART_HEADER_BYTES, MAX_RECORD_HEADER_BYTES } from './config.ts';

/**
 * A part: one line that says what follows, then for each file one line of JSON and the file's octets, as many as that
 * line says. Nothing stands between files, and nothing after the last.
 */
const PartHeader = z
  .object({
    format: z.literal(FORMAT.name),
    version: z.literal(FORMAT.version),
    collection: z.literal(COLLECTION),
  })
  .strict();

const LINE_FEED = 0x0a;

export const partHeader = (): Buffer =>
  Buffer.from(
    `${JSON.stringify({ format: FORMAT.name, version: FORMAT.version, collection: COLLECTION })}\n`,
  );

export const recordHeader = (info: FileInfo): Buffer => Buffer.from(`${JSON.stringify(info)}\n`);

/** What a part is not: its text names no file. */
export class PartUnreadable extends Error {
  override readonly name = 'PartUnreadable';
}

const parsed = <T>(schema: z.ZodType<T>, line: string): T => {
  try {
    return schema.parse(JSON.parse(line));
  } catch {
    throw new PartUnreadable('a header of the part does not have the form of this format');
  }
};

/** Reads a part piece by piece: it holds one chunk of the stream and one header at a time. */
export class PartReader {
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  /** `onChunk` sees every octet of the part once, in order. */
  constructor(body: AsyncIterable<Buffer>, onChunk: (chunk: Buffer) => void) {
    const iterator = body[Symbol.asyncIterator]();
    this.#chunks = {
      next: async () => {
        const result = await iterator.next();
        if (!result.done) onChunk(result.value);
        return result;
      },
    };
  }

  /** Throws PartUnreadable unless the part begins as one of this format. */
  async begin(): Promise<void> {
    const line = await this.#line(MAX_PART_HEADER_BYTES);
    if (line === undefined) throw new PartUnreadable('the part is empty');
    parsed(PartHeader, line);
  }

  /** The next file's header, undefined at the end. The former file's octets have been taken before. */
  async next(): Promise<FileInfo | undefined> {
    const line = await this.#line(MAX_RECORD_HEADER_BYTES);
    return line === undefined ? undefined : parsed(FileInfo, line);
  }

  /** So many octets. Throws PartUnreadable when the part ends before. */
  async *octets(count: number): AsyncGenerator<Buffer> {
    for (let left = count; left > 0; ) {
      if (this.#rest.length === 0 && !(await this.#more()))
        throw new PartUnreadable('the part ends in a file');
      const piece = this.#rest.subarray(0, left);
      this.#rest = this.#rest.subarray(piece.length);
      left -= piece.length;
      yield piece;
    }
  }

  async #more(): Promise<boolean> {
    const { done, value } = await this.#chunks.next();
    if (done) return false;
    this.#rest = this.#rest.length === 0 ? value : Buffer.concat([this.#rest, value]);
    return true;
  }

  async #line(limit: number): Promise<string | undefined> {
    for (;;) {
      const end = this.#rest.indexOf(LINE_FEED);
      if (end > limit || (end === -1 && this.#rest.length > limit)) {
        throw new PartUnreadable('a header of the part is too long');
      }
      if (end !== -1) {
        const line = this.#rest.toString('utf8', 0, end);
        this.#rest = this.#rest.subarray(end + 1);
        return line;
      }
      if (await this.#more()) continue;
      if (this.#rest.length > 0) throw new PartUnreadable('the part ends in a header');
      return undefined;
    }
  }
}
