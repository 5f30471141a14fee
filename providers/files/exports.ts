import { createHash, randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  type ExportBegun,
  type ExportFinished,
  MAX_PART_BYTES,
  type PartReceipt,
  type Work,
} from '@tanker/contract/index.ts';
import type { FencedCall } from '@tanker/sdk/index.ts';
import { type CountedExport, finishCounted, plannedPart } from '../export-session.ts';
import type { OpenCall } from '../open-calls.ts';
import { sessionUnknown } from '../refusals.ts';
import { readBlob } from './blobs.ts';
import { FORMAT, MAX_PART_HEADER_BYTES, MAX_RECORD_HEADER_BYTES } from './config.ts';
import { digestFiles } from './digest.ts';
import { fenced } from './fence.ts';
import { infoOf, listFiles } from './listing.ts';
import { partHeader, recordHeader } from './records.ts';
import type { Site } from './site.ts';

/** Files that follow each other, by their first and last path. */
interface PlannedPart {
  readonly part: number;
  readonly first: string;
  last: string;
  estimatedBytes: number;
}

/**
 * An export of a closed company. It needs no snapshot beside the closing: no row of the company changes until it is
 * opened, which ends the session. What was counted lives in this process; without it the session is unknown.
 */
export interface ExportSession extends CountedExport<PlannedPart> {
  readonly id: string;
  readonly receipts: Map<number, PartReceipt>;
  readonly streamed: Work[];
  /** Stops the digest. */
  readonly ending: AbortController;
}

const exportCalls = (open: OpenCall): boolean => open.kind === 'export';

/** As many files as are sure to fit, headers at their longest included. */
function planParts(site: Site, company: string): PlannedPart[] {
  const limit = (site.config.maxPartBytes ?? MAX_PART_BYTES) - MAX_PART_HEADER_BYTES;
  const parts: PlannedPart[] = [];
  for (const { path, bytes } of listFiles(site.metadata, company)) {
    const size = bytes + MAX_RECORD_HEADER_BYTES;
    const last = parts.at(-1);
    if (last && last.estimatedBytes + size <= limit) {
      last.last = path;
      last.estimatedBytes += size;
    } else {
      parts.push({ part: parts.length, first: path, last: path, estimatedBytes: size });
    }
  }
  return parts;
}

/** Closes the company and plans its parts in one transaction: a change is before it and in it, or refused. */
export async function beginExport(
  site: Site,
  call: FencedCall,
  { grant }: { readonly grant: number },
): Promise<ExportBegun> {
  const id = randomUUID();
  const { company, fence } = call;
  const planned = await fenced(
    site,
    call,
    (row) => {
      site.metadata.run(
        `UPDATE fence SET closed_epoch = ?, closed_grant = ?, export_session = ?, ended_epoch = NULL, ended_grant = NULL
          WHERE company = ?`,
        ...[fence.epoch, grant, id, company],
      );
      return { parts: planParts(site, company), watermark: String(row.changes) };
    },
    exportCalls,
  );
  endExport(site, company);
  const ending = new AbortController();
  const digests = digestFiles(site, company, ending.signal);
  // Whoever awaits it later gets the failure; until then it is not unhandled.
  digests.catch(() => undefined);
  site.exports.set(company, { id, ...planned, receipts: new Map(), streamed: [], digests, ending });
  const parts = planned.parts.map(({ part, estimatedBytes }) => ({ part, estimatedBytes }));
  return { export: id, format: FORMAT, parts };
}

function endExport(site: Site, company: string): void {
  site.exports.get(company)?.ending.abort();
  site.exports.delete(company);
}

/** The session if it is the company's current one, here and in the store. */
async function currentExport(site: Site, call: FencedCall, id: string): Promise<ExportSession> {
  await fenced(site, call, (row) => {
    if (row.export_session !== id) throw sessionUnknown(site, call.company);
  });
  const session = site.exports.get(call.company);
  if (session?.id !== id) throw sessionUnknown(site, call.company);
  return session;
}

/** A part's octets; the receipt is written when the last of them has been taken. */
export async function readPart(
  site: Site,
  call: FencedCall,
  at: { readonly export: string; readonly part: number },
): Promise<Readable> {
  const session = await currentExport(site, call, at.export);
  const part = plannedPart(session, at.part);
  const { company, fence } = call;
  const open = site.calls.open(
    { company, epoch: fence.epoch, kind: 'export', session: session.id },
    call.signal,
  );
  const stream = Readable.from(partOctets(site, company, session, part), { objectMode: false });
  const stop = () => stream.destroy(open.signal.reason as Error);
  open.signal.addEventListener('abort', stop, { once: true });
  stream.once('close', () => {
    open.signal.removeEventListener('abort', stop);
    open.close();
  });
  return stream;
}

async function* partOctets(
  site: Site,
  company: string,
  session: ExportSession,
  part: PlannedPart,
): AsyncGenerator<Buffer> {
  const from = site.now();
  const hash = createHash('sha256');
  let bytes = 0;
  let rows = 0;
  const counted = (chunk: Buffer) => {
    hash.update(chunk);
    bytes += chunk.length;
    return chunk;
  };
  yield counted(partHeader());
  for (const row of listFiles(site.metadata, company, part)) {
    yield counted(recordHeader(infoOf(row)));
    let left = row.bytes;
    for await (const chunk of readBlob(site.metadata.blobPath(company, row.blob))) {
      left -= chunk.length;
      if (left >= 0) yield counted(chunk);
    }
    // A file that is not what its metadata says breaks the stream: the part counts as not read.
    if (left !== 0) throw new Error('A file on the disk has another length than its metadata.');
    rows += 1;
  }
  session.receipts.set(part.part, { part: part.part, bytes, rows, sha256: hash.digest('hex') });
  session.streamed.push({ kind: 'stream', from, to: site.now() });
}

export const finishExport = async (
  site: Site,
  call: FencedCall,
  at: { readonly export: string },
): Promise<ExportFinished> => finishCounted(await currentExport(site, call, at.export));

export async function releaseExport(
  site: Site,
  call: FencedCall,
  { export: id }: { readonly export: string },
): Promise<void> {
  await fenced(
    site,
    call,
    () =>
      site.metadata.run(
        'UPDATE fence SET export_session = NULL WHERE company = ? AND export_session = ?',
        ...[call.company, id],
      ),
    (open) => exportCalls(open) && open.session === id,
  );
  if (site.exports.get(call.company)?.id === id) endExport(site, call.company);
}

/** Ends the closing, and every export of it: what is written from now on is in none of them. */
export async function openCompany(
  site: Site,
  call: FencedCall,
  { grant }: { readonly grant?: number },
): Promise<void> {
  const opened = await fenced(site, call, (row) => {
    if (grant !== undefined && row.closed_grant !== grant) return false;
    site.metadata.run(
      `UPDATE fence SET closed_epoch = NULL, closed_grant = NULL, export_session = NULL,
        ended_epoch = NULL, ended_grant = NULL WHERE company = ?`,
      call.company,
    );
    return true;
  });
  if (!opened) return;
  const own = (open: OpenCall) => open.company === call.company && exportCalls(open);
  await site.calls.end(own, ({ company }) => sessionUnknown(site, company));
  endExport(site, call.company);
}
