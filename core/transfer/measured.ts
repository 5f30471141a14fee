import { createHash } from 'node:crypto';
import { pipeline, type Readable, Transform } from 'node:stream';
import { chunkPassed } from './chunk-garbage.ts';

export interface Measured {
  /** The same octets; fails when the source fails. */
  readonly body: Readable;
  /** What has passed, once the body has ended. */
  total(): { readonly bytes: number; readonly sha256: string };
  /** Why the source broke off, if it did. */
  failure(): Error | undefined;
}

/** Counts and hashes a stream while it passes. */
export function measured(source: Readable, onBytes: (bytes: number) => void): Measured {
  const hash = createHash('sha256');
  let bytes = 0;
  let failed: Error | undefined;
  const body = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      bytes += chunk.length;
      onBytes(chunk.length);
      chunkPassed(chunk.length);
      done(null, chunk);
    },
  });
  source.once('error', (error) => {
    // A body that is destroyed takes its source along; then the source is not the cause.
    if (!body.destroyed) failed = error;
  });
  // Both ends are destroyed with the error of the first that fails; the reader of the body is told by the body.
  pipeline(source, body, () => undefined);
  let sha256: string | undefined;
  return {
    body,
    total() {
      sha256 ??= hash.digest('hex');
      return { bytes, sha256 };
    },
    failure: () => failed,
  };
}
