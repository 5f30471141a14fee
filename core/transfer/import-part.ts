import { addAbortSignal } from 'node:stream';
import { type Fence, type ManifestPart, type PartReceipt, TankerError } from '@tanker/contract/index.ts';
import type { Exports, Provider } from '../ports.ts';
import { type Measured, measured } from './measured.ts';

export interface PartImport {
  readonly exports: Exports;
  readonly provider: Pick<Provider, 'importPart'>;
  readonly fence: Fence;
  readonly session: string;
  readonly part: ManifestPart;
  /** Told of octets that went to the provider. */
  onSent(bytes: number): void;
  readonly signal: AbortSignal;
}

/**
 * Streams one part from S3 into the provider's staging: exactly the object that the manifest names, by its ETag. What
 * passed and what the provider counted must both be what the manifest says.
 *
 * @throws ChecksumMismatch, InternalFailure when S3's stream breaks off, and whatever the provider answers
 */
export async function importPart(io: PartImport): Promise<PartReceipt> {
  const { part, signal } = io;
  const source = await io.exports.get(part.key, part.etag, signal);
  const passing = measured(source, io.onSent);
  addAbortSignal(signal, passing.body);
  try {
    const receipt = await io.provider.importPart(
      io.fence,
      io.session,
      part.part,
      passing.body,
      part.bytes,
      signal,
    );
    const broken = passing.failure();
    if (broken) throw brokenOff(part, broken);
    compare(part, 'In the stream', passing.total());
    compare(part, 'At the provider', receipt);
    if (receipt.part !== part.part || receipt.rows !== part.rows) {
      throw different(part, `The provider counted ${receipt.rows} rows in part ${receipt.part}`);
    }
    return receipt;
  } catch (error) {
    throw signal.aborted ? signal.reason : clearer(error, part, passing);
  } finally {
    passing.body.destroy();
    source.destroy();
  }
}

/** When S3 broke off, the provider only saw a body that ended early: tell the cause. */
function clearer(error: unknown, part: ManifestPart, passing: Measured): unknown {
  const broken = passing.failure();
  return broken ? brokenOff(part, broken) : error;
}

function compare(part: ManifestPart, where: string, seen: { bytes: number; sha256: string }): void {
  if (seen.bytes === part.bytes && seen.sha256 === part.sha256) return;
  throw different(part, `${where} there were ${seen.bytes} bytes with SHA-256 ${seen.sha256}`);
}

const different = (part: ManifestPart, seen: string): TankerError =>
  new TankerError('ChecksumMismatch', {
    what: `${part.key}: ${seen}; the manifest says ${part.bytes} bytes, ${part.rows} rows, SHA-256 ${part.sha256}.`,
    now: 'The import was not published.',
    next: 'Find out where the bytes changed before the next try; the task is undone by its recovery.',
  });

const brokenOff = (part: ManifestPart, cause: Error & { code?: string }): TankerError =>
  new TankerError(
    'InternalFailure',
    {
      what: `S3's stream of ${part.key} broke off: ${cause.code ?? cause.name}.`,
      now: 'The import was not published.',
      next: 'Look at the network and the bucket if it happens again; the part is streamed again.',
    },
    { cause },
  );
