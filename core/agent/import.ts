import {
  formatLocation,
  type Manifest,
  type ManifestPart,
  TankerError,
  type Work,
} from '@tanker/contract/index.ts';
import type { Exports } from '../ports.ts';
import { importPart } from '../transfer/import-part.ts';
import { readManifest } from '../transfer/manifests.ts';
import { several } from '../transfer/several.ts';
import { PARTS_AT_ONCE } from '../transfer/sizes.ts';
import { runOffered } from './hook.ts';
import { tryPart } from './part-tries.ts';
import { fenceOf, type Procedure, type Run, streamed } from './procedure.ts';

/**
 * How long a failed import may take to drop its staging; the next begin drops it anyway. It is part of what
 * DEADLINE_MARGIN_SECONDS leaves for telling the failure.
 */
export const IMPORT_ABORT_TIMEOUT_MS = 2000;

type ImportRun = Run<'import'>;

/**
 * Streams what the manifest names into the provider's staging and publishes it, all visible or nothing, between the
 * provider's own hooks.
 */
export const importCompany: Procedure<'import'> = async (run) => {
  const { event, ports, signal } = run;
  const exports = ports.exportsAt(event.manifest);
  const manifest = await readManifest(exports, event.manifest, signal);
  belongsTo(event, manifest);
  // These are the manifest's octets that the export put on record, and it is this company's at this provider.

  const before = await runOffered(run, 'before-import');
  const { rows, work } = await bringIn(run, exports, manifest);
  // The company's rows are visible here; home is still elsewhere, or nowhere.

  const after = await runOffered(run, 'after-import');
  return {
    result: {
      action: 'import',
      rows,
      bytes: manifest.parts.reduce((total, part) => total + part.bytes, 0),
      manifestSha256: event.manifest.sha256,
      hooks: [...before, ...after],
    },
    work,
  };
};

/**
 * One session from its begin to its publish; one that fails is aborted. A session that an earlier worker of this execution
 * published is published once more: the provider answers what it answered then.
 */
async function bringIn(
  run: ImportRun,
  exports: Exports,
  { format, parts, collections }: Manifest,
): Promise<{ rows: number; work: Work[] }> {
  const { event, ports, signal } = run;
  const fence = fenceOf(event);
  const begun = await ports.provider.importBegin(
    fence,
    { format, parts: parts.map(receiptOf), collections },
    signal,
  );
  const { session } = begun;
  try {
    const streaming = begun.published ? [] : await sendParts(run, exports, session, parts);
    // Staging holds each part with the bytes and rows of the manifest, or all of them are visible already.

    const published = await ports.provider.importPublish(fence, session, signal);
    const rows = collections.reduce((total, { digest }) => total + digest.rows, 0);
    if (published.rows !== rows) throw publishedOther(run, published.rows, rows);
    return { rows, work: [...streaming, ...published.work] };
  } catch (error) {
    await abort(run, session);
    throw error;
  }
}

async function sendParts(
  run: ImportRun,
  exports: Exports,
  session: string,
  parts: readonly ManifestPart[],
): Promise<Work[]> {
  const { event, ports, clock, signal } = run;
  const { provider } = ports;
  const fence = fenceOf(event);
  const from = clock.now();
  await several(parts, PARTS_AT_ONCE, signal, (part, both) =>
    tryPart(run, both, (onSent) =>
      importPart({ exports, provider, fence, session, part, onSent, signal: both }),
    ),
  );
  return parts.length > 0 ? [streamed(from, clock.now())] : [];
}

const receiptOf = ({ part, bytes, rows, sha256 }: ManifestPart) => ({ part, bytes, rows, sha256 });

/** Best effort: the session dies with the next begin, seal or erase. The run's own signal may be aborted already. */
async function abort(run: ImportRun, session: string): Promise<void> {
  try {
    await run.ports.provider.importAbort(
      fenceOf(run.event),
      session,
      AbortSignal.timeout(IMPORT_ABORT_TIMEOUT_MS),
    );
  } catch (error) {
    run.log('The staging of the failed import was not dropped; seal, erase or the next begin drops it.', {
      error: (error as Error).name,
    });
  }
}

/** A restore names whose export it is, since its own task and epoch have none. */
function belongsTo(event: ImportRun['event'], manifest: Manifest): void {
  const exported = event.exported ?? event;
  const same =
    manifest.task === exported.task &&
    manifest.epoch === exported.epoch &&
    manifest.company === event.company &&
    manifest.provider === event.provider;
  if (same) return;
  throw new TankerError('InputInvalid', {
    what: `The manifest ${event.manifest.key} is of ${manifest.provider}, task ${manifest.task}, epoch ${manifest.epoch}.`,
    now: `Nothing was imported into ${event.provider} at ${formatLocation(event.location)}.`,
    next: 'Compare it with the manifest on the record of the export or the backup: the dispatch of this import named another. The recovery ends the task.',
  });
}

const publishedOther = (run: ImportRun, published: number, expected: number): TankerError =>
  new TankerError('StagingMismatch', {
    what: `${run.event.provider} at ${formatLocation(run.event.location)} published ${published} rows of the ${expected} that the manifest names.`,
    now: 'That location holds rows that are not verified; where the company lives has not changed.',
    next: 'Run the contract test against the provider before the next try; the recovery undoes this task.',
  });
