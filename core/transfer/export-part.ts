import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import { MAX_PART_BYTES, type Retention, TankerError } from '@tanker/contract/index.ts';
import type { Exports, StoredObject, Upload } from '../ports.ts';
import { chunkPassed } from './chunk-garbage.ts';
import { crc32Base64 } from './crc32-base64.ts';
import { PartBuffers } from './part-buffers.ts';
import { S3_PART_BUFFERS, S3_PART_BYTES } from './sizes.ts';

/** A part as it was streamed and as S3 holds it; both were compared. */
export interface ExportedPart extends StoredObject {
  readonly bytesStreamed: number;
  readonly sha256: string;
}

export interface PartExport {
  readonly exports: Exports;
  readonly key: string;
  readonly retention: Retention;
  /** Calls the provider for the part's octets. */
  open(signal: AbortSignal): Promise<Readable>;
  /** Refuses (`SubtaskSuperseded`) when this attempt is no longer the one; asked right before the object is visible. */
  confirm(): Promise<void>;
  /** Told of octets that S3 has taken. */
  onStored(bytes: number): void;
  readonly signal: AbortSignal;
}

/**
 * How long an upload that failed may take to be aborted. It is part of what DEADLINE_MARGIN_SECONDS leaves for telling the
 * failure; what is not aborted by then, the task's discard and the bucket's lifecycle abort.
 */
export const UPLOAD_ABORT_TIMEOUT_MS = 2000;

/** What was seen of the stream. */
interface Streamed {
  readonly bytes: number;
  readonly sha256: string;
  readonly crc32: string;
}

/** The part buffers, and what becomes of each when it is full. */
interface Lane {
  readonly key: string;
  readonly buffers: PartBuffers;
  /** Hands a full buffer over; it comes back to the buffers when it was sent. */
  send(buffer: Buffer, bytes: number): Promise<void>;
}

/**
 * Streams one part from the provider to S3 with flat memory. Each octet is copied once and read once for SHA-256 and
 * CRC32. The object becomes visible whole or not at all: every failure ends the stream and aborts the upload.
 *
 * @throws ProviderUnreachable when the stream breaks, ExportMismatch when S3 holds something else than was streamed or
 *   the part is too large, SubtaskSuperseded from confirm, the signal's reason, and whatever the exports throw
 */
export async function exportPart(part: PartExport): Promise<ExportedPart> {
  const broken = new AbortController();
  const signal = AbortSignal.any([part.signal, broken.signal]);
  const stream = await part.open(signal);
  const uploads = new Uploads(part, signal, (error) => broken.abort(error));
  const stop = () => stream.destroy(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  try {
    const rest = await fill(stream, uploads, signal);
    await uploads.settled();
    signal.throwIfAborted();
    await part.confirm();
    const stored = await uploads.finish(rest);
    return await compare(part, stored, rest.streamed, signal);
  } catch (error) {
    stream.destroy();
    // What ended it first is what it ends with: the caller's signal, a part that S3 did not take, or this.
    broken.abort(error);
    await uploads.abort();
    throw signal.reason;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** The last buffer, not yet sent, and what was seen of the whole stream. */
interface Rest {
  readonly buffer: Buffer;
  readonly filled: number;
  readonly streamed: Streamed;
}

async function fill(stream: Readable, lane: Lane, signal: AbortSignal): Promise<Rest> {
  const sha256 = createHash('sha256');
  let crc = 0;
  let bytes = 0;
  let buffer = await lane.buffers.take(signal);
  let filled = 0;
  for await (const chunk of octets(stream, lane.key)) {
    sha256.update(chunk);
    crc = crc32(chunk, crc);
    bytes += chunk.length;
    if (bytes > MAX_PART_BYTES) throw tooLarge(lane.key);
    for (let from = 0; from < chunk.length; ) {
      if (filled === buffer.length) {
        await lane.send(buffer, filled);
        buffer = await lane.buffers.take(signal);
        filled = 0;
      }
      const copied = chunk.copy(buffer, filled, from);
      from += copied;
      filled += copied;
    }
    chunkPassed(chunk.length);
  }
  return {
    buffer,
    filled,
    streamed: { bytes, sha256: sha256.digest('hex'), crc32: crc32Base64(crc) },
  };
}

/** The provider's octets; a stream that breaks says so by the contract's name. */
async function* octets(stream: Readable, key: string): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of stream) yield chunk as Buffer;
  } catch (error) {
    if (error instanceof TankerError) throw error;
    throw new TankerError(
      'ProviderUnreachable',
      {
        what: `The provider's stream of the part for ${key} broke off: ${(error as { code?: string }).code ?? 'no code'}.`,
        now: 'Nothing of the part is visible in S3.',
        next: 'Look at the provider if it happens again; the part is streamed again.',
      },
      { cause: error },
    );
  }
}

/** The uploads of one part. A part that fits one buffer is put whole: one call instead of three. */
class Uploads implements Lane {
  readonly key: string;
  readonly buffers = new PartBuffers(S3_PART_BYTES, S3_PART_BUFFERS);
  readonly #part: PartExport;
  readonly #signal: AbortSignal;
  readonly #onFailure: (error: unknown) => void;
  readonly #sending = new Set<Promise<void>>();
  #upload: Upload | undefined;
  #sent = 0;

  /** The signal ends what is under way; `onFailure` is told of a part that S3 did not take. */
  constructor(part: PartExport, signal: AbortSignal, onFailure: (error: unknown) => void) {
    this.key = part.key;
    this.#part = part;
    this.#signal = signal;
    this.#onFailure = onFailure;
  }

  async send(buffer: Buffer, bytes: number): Promise<void> {
    const { exports, key, retention } = this.#part;
    this.#upload ??= await exports.begin(key, retention, this.#signal);
    this.#sent += 1;
    const sending = this.#upload
      .part(this.#sent, buffer.subarray(0, bytes), this.#signal)
      .then(() => this.#part.onStored(bytes), this.#onFailure)
      .finally(() => {
        this.#sending.delete(sending);
        this.buffers.give(buffer);
      });
    this.#sending.add(sending);
  }

  async settled(): Promise<void> {
    await Promise.all(this.#sending);
  }

  /** Sends the last octets and makes the object visible. */
  async finish({ buffer, filled, streamed }: Rest): Promise<StoredObject> {
    const { exports, key, retention, onStored } = this.#part;
    const last = buffer.subarray(0, filled);
    const stored = await (this.#upload === undefined
      ? exports.put(key, last, retention, this.#signal)
      : this.#complete(this.#upload, last, streamed));
    onStored(filled);
    return stored;
  }

  async #complete(upload: Upload, last: Buffer, streamed: Streamed): Promise<StoredObject> {
    await upload.part(this.#sent + 1, last, this.#signal);
    return upload.complete(streamed, this.#signal);
  }

  /** After the parts in flight, which the signal has ended and which S3 would otherwise keep. */
  async abort(): Promise<void> {
    await this.settled();
    await this.#upload?.abort(AbortSignal.timeout(UPLOAD_ABORT_TIMEOUT_MS)).catch(() => undefined);
  }
}

async function compare(
  part: PartExport,
  stored: StoredObject,
  streamed: Streamed,
  signal: AbortSignal,
): Promise<ExportedPart> {
  const head = await part.exports.head(part.key, signal);
  if (head.bytes === streamed.bytes && head.crc32 === streamed.crc32 && head.etag === stored.etag) {
    return { ...head, bytesStreamed: streamed.bytes, sha256: streamed.sha256 };
  }
  throw new TankerError('ExportMismatch', {
    what: `${part.key}: ${streamed.bytes} bytes with CRC32 ${streamed.crc32} were streamed, S3 holds ${head.bytes} with ${head.crc32}.`,
    now: 'The object is on no manifest, and nothing will be imported from it.',
    next: 'Find out who else writes to the bucket; the task is undone by its recovery.',
  });
}

const tooLarge = (key: string): TankerError =>
  new TankerError('ExportMismatch', {
    what: `The provider's part for ${key} is larger than the ${MAX_PART_BYTES} bytes that the contract allows.`,
    now: 'The upload was aborted; nothing of the part is visible in S3.',
    next: 'Have the provider split its export into smaller parts.',
  });
