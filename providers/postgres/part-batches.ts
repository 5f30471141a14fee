import type { Readable } from 'node:stream';

/** A row is at most 1 GB in PostgreSQL; batches of this size keep a stream's memory at two of them for usual rows. */
export const BATCH_BYTES = 8 * 2 ** 20;
const LINE_FEED = 0x0a;

/** Whole rows of a part, as they came; a batch is copied in one transaction with the fence check. */
export interface Batch {
  readonly chunks: readonly Buffer[];
  readonly last: boolean;
}

/** Reads octets up to the first line feed. Undefined when none comes within `limit` or the stream ends before it. */
export async function* cutBatches(
  body: Readable,
  headerLimit: number,
): AsyncGenerator<Batch | { header: string }> {
  let header: Buffer[] | undefined = [];
  let chunks: Buffer[] = [];
  let size = 0;
  for await (const received of body as AsyncIterable<Buffer>) {
    let chunk = received;
    if (header) {
      const end = chunk.indexOf(LINE_FEED);
      header.push(end === -1 ? chunk : chunk.subarray(0, end));
      const line = Buffer.concat(header);
      if (line.length > headerLimit) return;
      if (end === -1) continue;
      yield { header: line.toString('utf8') };
      header = undefined;
      chunk = chunk.subarray(end + 1);
    }
    chunks.push(chunk);
    size += chunk.length;
    if (size < BATCH_BYTES) continue;
    const end = chunk.lastIndexOf(LINE_FEED);
    if (end === -1) continue;
    const rest = chunk.subarray(end + 1);
    chunks[chunks.length - 1] = chunk.subarray(0, end + 1);
    yield { chunks, last: false };
    chunks = [rest];
    size = rest.length;
  }
  if (header === undefined) yield { chunks, last: true };
}
