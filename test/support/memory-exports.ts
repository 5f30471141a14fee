import { createHash } from 'node:crypto';
import { addAbortSignal, Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import { type Retention, TankerError } from '@tanker/contract/index.ts';
import type { Exports, StoredObject, Upload } from '../../core/ports.ts';
import { crc32Base64 } from '../../core/transfer/crc32-base64.ts';

const refuse = (name: 'ObjectExists' | 'ChecksumMismatch'): never => {
  throw new TankerError(name, { what: 'Refused.', now: 'As before.', next: 'Stop.' });
};

/** What a fault can do to a call. */
export type ExportsFault = (call: keyof Exports | 'part' | 'complete' | 'abort', key: string) => void;

/** An exports bucket in memory that keeps the rules of the port and shows what is in it. */
export class MemoryExports implements Exports {
  readonly objects = new Map<string, Buffer>();
  /** By key, also of unfinished uploads. */
  readonly retentions = new Map<string, Retention>();
  /** Unfinished uploads. */
  readonly uploads = new Set<string>();
  /** Throws where a test wants a failure. */
  fault: ExportsFault = () => undefined;
  /** Uploads that run now, and the most that ever did. */
  inFlight = 0;
  mostInFlight = 0;
  /** Holds every part's upload until it resolves. */
  gate: Promise<void> = Promise.resolve();

  async begin(key: string, retention: Retention = 'transfer'): Promise<Upload> {
    this.fault('begin', key);
    this.retentions.set(key, retention);
    this.uploads.add(key);
    const parts = new Map<number, Buffer>();
    return {
      part: async (number, body, signal) => {
        this.inFlight += 1;
        this.mostInFlight = Math.max(this.mostInFlight, this.inFlight);
        await unlessAborted(this.gate, signal).finally(() => {
          this.inFlight -= 1;
        });
        this.fault('part', key);
        parts.set(number, Buffer.from(body));
      },
      complete: async (expected) => {
        this.fault('complete', key);
        const whole = Buffer.concat([...parts].sort(([a], [b]) => a - b).map(([, body]) => body));
        if (whole.length !== expected.bytes || crc32Base64(crc32(whole)) !== expected.crc32) {
          refuse('ChecksumMismatch');
        }
        this.uploads.delete(key);
        return this.#store(key, whole);
      },
      abort: async () => {
        this.fault('abort', key);
        this.uploads.delete(key);
      },
    };
  }

  async put(key: string, body: Uint8Array, retention: Retention = 'transfer'): Promise<StoredObject> {
    this.fault('put', key);
    this.retentions.set(key, retention);
    return this.#store(key, Buffer.from(body));
  }

  async get(key: string, etag: string, signal?: AbortSignal): Promise<Readable> {
    this.fault('get', key);
    const body = this.objects.get(key) ?? refuse('ChecksumMismatch');
    if (etagOf(body) !== etag) refuse('ChecksumMismatch');
    const stream = Readable.from(chunks(body), { objectMode: false });
    return signal ? addAbortSignal(signal, stream) : stream;
  }

  async head(key: string): Promise<StoredObject> {
    this.fault('head', key);
    return told(key, this.objects.get(key) ?? refuse('ChecksumMismatch'));
  }

  async discard(prefix: string): Promise<{ objects: number; uploads: number }> {
    const remove = (held: { keys(): Iterable<string>; delete(key: string): boolean }) =>
      [...held.keys()].filter((key) => key.startsWith(prefix) && held.delete(key)).length;
    return { uploads: remove(this.uploads), objects: remove(this.objects) };
  }

  #store(key: string, body: Buffer): StoredObject {
    if (this.objects.has(key)) refuse('ObjectExists');
    this.objects.set(key, body);
    return told(key, body);
  }
}

const unlessAborted = (gate: Promise<void>, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
    gate.then(resolve, reject);
  });

const etagOf = (body: Buffer): string => `"${createHash('md5').update(body).digest('hex')}"`;

const told = (key: string, body: Buffer): StoredObject => ({
  key,
  etag: etagOf(body),
  bytes: body.length,
  crc32: crc32Base64(crc32(body)),
});

const CHUNK_BYTES = 65_536;

export function* chunks(body: Buffer): Generator<Buffer> {
  for (let from = 0; from < body.length; from += CHUNK_BYTES) yield body.subarray(from, from + CHUNK_BYTES);
}
