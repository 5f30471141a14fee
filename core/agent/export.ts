import {
  attemptPrefix,
  type ExportBegun,
  type ExportFinished,
  formatLocation,
  type ManifestPart,
  manifestKey,
  type PartReceipt,
  partKey,
  TankerError,
} from '@tanker/contract/index.ts';
import { type ExportedPart, exportPart } from '../transfer/export-part.ts';
import { writeManifest } from '../transfer/manifests.ts';
import { several } from '../transfer/several.ts';
import { PARTS_AT_ONCE } from '../transfer/sizes.ts';
import { runOffered } from './hook.ts';
import { tryPart } from './part-tries.ts';
import { fenceOf, type Procedure, type Run, streamed } from './procedure.ts';

type ExportRun = Run<'export'>;

/**
 * Runs the hook before an export, closes the company at the provider, streams its snapshot to S3 and writes the manifest
 * that an import trusts.
 */
export const exportCompany: Procedure<'export'> = async (run) => {
  const { event, ports, clock, signal } = run;
  const fence = fenceOf(event);
  const prefix = attemptPrefix(event);

  // The company is still open here: what the hook changes is in the snapshot.
  const hooks = await runOffered(run, 'before-export');
  const begun = await ports.provider.exportBegin(fence, event.grant, signal);
  // The company is closed here to every writer, and the session reads one consistent snapshot.

  const from = clock.now();
  const stored = await several(begun.parts, PARTS_AT_ONCE, signal, ({ part }, both) =>
    tryPart(run, both, (onBytes) =>
      storePart(run, { session: begun.export, part, key: partKey(prefix, part), onBytes, signal: both }),
    ),
  );
  const to = clock.now();
  // Each part is visible in S3, which holds what was streamed.

  const { collections } = await ports.provider.describe(signal);
  const finished = await ports.provider.exportFinish(fence, begun.export, signal);
  matchCollections(event, collections, finished);
  const parts = match(event, begun, stored, finished);
  // Provider, stream and S3 agree about every part.

  await run.confirm();
  const manifest = await writeManifest(
    ports.bucket.exports,
    {
      bucket: ports.bucket.bucket,
      region: ports.bucket.region,
      key: manifestKey(prefix),
      retention: event.retention,
    },
    {
      manifestVersion: 1,
      task: event.task,
      company: event.company,
      provider: event.provider,
      location: event.location,
      epoch: event.epoch,
      attempt: event.attempt,
      format: begun.format,
      parts,
      collections: finished.collections,
      watermark: finished.watermark,
    },
    signal,
  );
  await release(run, begun.export);
  return {
    result: {
      action: 'export',
      manifest,
      format: begun.format,
      parts: parts.length,
      rows: sum(finished.parts.map(({ rows }) => rows)),
      bytesProvider: sum(finished.parts.map(({ bytes }) => bytes)),
      bytesStreamed: sum(stored.map(({ bytesStreamed }) => bytesStreamed)),
      bytesStored: sum(stored.map(({ bytes }) => bytes)),
      collections: finished.collections,
      watermark: finished.watermark,
      hooks,
    },
    work: [...(begun.parts.length > 0 ? [streamed(from, to)] : []), ...finished.work],
  };
};

interface PartOrder {
  readonly session: string;
  readonly part: number;
  readonly key: string;
  readonly onBytes: (bytes: number) => void;
  readonly signal: AbortSignal;
}

const storePart = (run: ExportRun, order: PartOrder): Promise<ExportedPart> =>
  exportPart({
    exports: run.ports.bucket.exports,
    key: order.key,
    retention: run.event.retention,
    open: (signal) => run.ports.provider.exportPart(fenceOf(run.event), order.session, order.part, signal),
    confirm: () => run.confirm(),
    onStored: order.onBytes,
    signal: order.signal,
  });

/**
 * Each collection has one digest, also an empty one: a collection that the export has forgotten has none, and of two the
 * verification would look at the first. A receipt does not say of which collections its rows are, so the parts can only be
 * held to the sum; that each collection has its own rows shows where an import was sealed.
 */
function matchCollections(
  event: ExportRun['event'],
  described: readonly string[],
  { collections }: ExportFinished,
): void {
  const names = collections.map(({ name }) => name);
  const distinct = new Set(names);
  const complete = distinct.size === described.length && described.every((name) => distinct.has(name));
  if (complete && distinct.size === names.length) return;
  throw differ(
    event,
    `has digests of the collections ${list(names)} and describes ${list(described)}; each needs one, also an empty one`,
  );
}

const list = (names: readonly string[]): string => names.join(', ') || '(none)';

/** The manifest's parts, once the provider's receipts equal what was streamed and what S3 holds. */
function match(
  event: ExportRun['event'],
  begun: ExportBegun,
  stored: readonly ExportedPart[],
  finished: ExportFinished,
): ManifestPart[] {
  const receipts = new Map(finished.parts.map((receipt) => [receipt.part, receipt]));
  if (finished.parts.length !== begun.parts.length || receipts.size !== begun.parts.length) {
    throw differ(event, `began ${begun.parts.length} parts and counted ${finished.parts.length}`);
  }
  const rows = sum(finished.parts.map((receipt) => receipt.rows));
  const digested = sum(finished.collections.map(({ digest }) => digest.rows));
  if (rows !== digested) throw differ(event, `counted ${rows} rows in parts and ${digested} in its digests`);
  return begun.parts.map(({ part }, index) => {
    const object = stored[index] as ExportedPart;
    const receipt = receipts.get(part);
    if (!receipt) throw differ(event, `began part ${part} and did not count it`);
    if (!sameBytes(receipt, object)) {
      throw differ(
        event,
        `counted ${receipt.bytes} bytes with SHA-256 ${receipt.sha256} in part ${part}; ${object.bytes} with ${object.sha256} came`,
      );
    }
    const { key, etag, bytes, sha256, crc32 } = object;
    return { part, key, etag, bytes, rows: receipt.rows, sha256, crc32 };
  });
}

const sameBytes = (receipt: PartReceipt, object: ExportedPart): boolean =>
  receipt.bytes === object.bytes &&
  receipt.bytes === object.bytesStreamed &&
  receipt.sha256 === object.sha256;

/** The company stays closed. A snapshot that can't be given back now ends with the next begin or open. */
async function release(run: ExportRun, session: string): Promise<void> {
  try {
    await run.ports.provider.exportRelease(fenceOf(run.event), session, run.signal);
  } catch (error) {
    if (!(error instanceof TankerError) || !error.retry) throw error;
    run.log('The provider did not take its snapshot back; its next begin or open ends it.', {
      error: error.name,
    });
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

const differ = (event: ExportRun['event'], how: string): TankerError =>
  new TankerError('ExportMismatch', {
    what: `${event.provider} at ${formatLocation(event.location)} ${how}.`,
    now: 'No manifest was written, so nothing will be imported from this export.',
    next: 'Run the contract test against the provider before the next try; the recovery undoes this task.',
  });
