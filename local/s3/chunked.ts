import { s3Error } from './errors.ts';

/** A chunk's line is a size and a signature (64 digits), a trailer a name and a digest: 4 KiB is ample for either. */
const LONGEST_LINE_BYTES = 4096;

const CARRIAGE_RETURN = 13;
const LINE_FEED = 10;

/**
 * Takes the frames off an `aws-chunked` body while it streams: `<hex size>[;chunk-signature=…]CRLF <bytes> CRLF`,
 * repeated, a chunk of size 0, then trailers. Trailers are put into `trailers` by lower-case name. Chunk signatures
 * are not verified: the front knows the caller by its access key, and loopback needs no proof.
 * Source: Amazon S3 API Reference, "Signature Calculations … Transferring Payload in Multiple Chunks" and
 * "… including trailing headers".
 * @throws IncompleteBody if the body ends before its last chunk, InvalidRequest if a frame is malformed
 */
export async function* decodeChunked(
  source: AsyncIterable<Buffer>,
  trailers: Map<string, string>,
): AsyncGenerator<Buffer, void, undefined> {
  const frames = new FrameReader();
  for await (const bytes of source) {
    let rest: Buffer | undefined = bytes;
    while (rest !== undefined && rest.length > 0) {
      const step = frames.take(rest, trailers);
      if (step.payload) yield step.payload;
      rest = step.rest;
    }
  }
  if (!frames.finished) throw s3Error('IncompleteBody');
}

interface Step {
  readonly payload?: Buffer;
  readonly rest?: Buffer;
}

type Expecting = 'size' | 'payload' | 'end of payload' | 'trailer' | 'nothing';

class FrameReader {
  #expecting: Expecting = 'size';
  #left = 0;
  #line = '';

  /** A body without trailers may end right after its last chunk's line. */
  get finished(): boolean {
    return this.#expecting === 'nothing' || (this.#expecting === 'trailer' && this.#line === '');
  }

  take(bytes: Buffer, trailers: Map<string, string>): Step {
    if (this.#expecting === 'payload') return this.#takePayload(bytes);
    const end = bytes.indexOf(LINE_FEED);
    const piece = end < 0 ? bytes : bytes.subarray(0, end);
    if (this.#line.length + piece.length > LONGEST_LINE_BYTES) throw malformed();
    this.#line += piece.toString('latin1');
    if (end < 0) return {};
    this.#takeLine(trailers);
    return { rest: bytes.subarray(end + 1) };
  }

  #takePayload(bytes: Buffer): Step {
    const payload = bytes.subarray(0, this.#left);
    this.#left -= payload.length;
    if (this.#left === 0) this.#expecting = 'end of payload';
    return { payload, rest: bytes.subarray(payload.length) };
  }

  #takeLine(trailers: Map<string, string>): void {
    const line =
      this.#line.charCodeAt(this.#line.length - 1) === CARRIAGE_RETURN ? this.#line.slice(0, -1) : this.#line;
    this.#line = '';
    if (this.#expecting === 'nothing') throw malformed();
    if (this.#expecting === 'end of payload') {
      if (line !== '') throw malformed();
      this.#expecting = 'size';
    } else if (this.#expecting === 'size') this.#takeSize(line);
    else if (line === '') this.#expecting = 'nothing';
    else takeTrailer(line, trailers);
  }

  #takeSize(line: string): void {
    const size = line.split(';', 1)[0] ?? '';
    if (!/^[0-9a-fA-F]{1,12}$/.test(size)) throw malformed();
    this.#left = Number.parseInt(size, 16);
    this.#expecting = this.#left === 0 ? 'trailer' : 'payload';
  }
}

function takeTrailer(line: string, trailers: Map<string, string>): void {
  const colon = line.indexOf(':');
  if (colon < 1) throw s3Error('MalformedTrailerError');
  trailers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
}

function malformed() {
  return s3Error('InvalidRequest', 'The aws-chunked body is malformed: a chunk does not follow its framing.');
}
