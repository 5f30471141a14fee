import { createHash } from 'node:crypto';
import { type Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { FencedCall } from '@tanker/sdk/index.ts';
import type { PoolClient } from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { plannedPart } from '../export-session.ts';
import { sessionUnknown } from '../refusals.ts';
import type { ExportSession } from './export-session.ts';
import { currentExport } from './exports.ts';
import { writeHeader } from './part-header.ts';
import { copyOutSql, ORDERED_SCANS, type PlannedPart } from './part-plan.ts';
import type { Site } from './site.ts';
import { beginSnapshot, poolClient, sqlState } from './transaction.ts';

/** Octets that wait between the store and a slow client. */
const BUFFERED_BYTES = 256 * 1024;
const LINE_FEED = 0x0a;
const HEADER_LINES = 1;
/** What importing a snapshot fails with when the transaction that held it is over, by the server's version. */
const SNAPSHOT_GONE_STATES: readonly unknown[] = ['22023', '42704', '55000'];

/** A part's octets as its snapshot has them; the receipt is written when the last of them has been taken. */
export async function readPart(
  site: Site,
  call: FencedCall,
  at: { readonly export: string; readonly part: number },
): Promise<Readable> {
  const session = await currentExport(site, call, at.export);
  const part = plannedPart(session, at.part);
  const open = site.calls.open(
    {
      company: call.company,
      epoch: call.fence.epoch,
      kind: 'export',
      session: session.id,
    },
    call.signal,
  );
  try {
    const client = await snapshotClient(site, session, call.company, open.signal);
    const { stream, done } = copyPart(client, session, part, call.company, open.signal, site);
    void done.finally(open.close);
    return stream;
  } catch (error) {
    open.close();
    throw error;
  }
}

/** Another connection into the session's snapshot, so that several parts may be read at once. */
async function snapshotClient(
  site: Site,
  session: ExportSession,
  company: string,
  signal: AbortSignal,
): Promise<PoolClient> {
  const client = await poolClient(site.streams, signal);
  try {
    await client.query(beginSnapshot(session.snapshot));
    await client.query(ORDERED_SCANS);
    return client;
  } catch (error) {
    client.release(true);
    throw SNAPSHOT_GONE_STATES.includes(sqlState(error))
      ? await whyGone(session, sessionUnknown(site, company))
      : error;
  }
}

/** The snapshot goes with its session, or because the digest that is computed on its connection has failed. */
const whyGone = (session: ExportSession, unknown: Error): Promise<unknown> =>
  session.ended
    ? Promise.resolve(unknown)
    : session.digests.then(
        () => unknown,
        (failure: unknown) => failure,
      );

function copyPart(
  client: PoolClient,
  session: ExportSession,
  part: PlannedPart,
  company: string,
  signal: AbortSignal,
  site: Site,
): { stream: Readable; done: Promise<void> } {
  const hash = createHash('sha256');
  let bytes = 0;
  let lines = 0;
  const from = site.now();
  const copy = client.query(copyTo(copyOutSql(part, company), { highWaterMark: BUFFERED_BYTES }));
  const stream = new Transform({
    highWaterMark: BUFFERED_BYTES,
    transform(chunk: Buffer, _encoding, next) {
      hash.update(chunk);
      bytes += chunk.length;
      lines += countLines(chunk);
      session.touch();
      next(null, chunk);
    },
    flush(next) {
      session.receipts.set(part.part, {
        part: part.part,
        bytes,
        rows: lines - HEADER_LINES,
        sha256: hash.digest('hex'),
      });
      session.streamed.push({ kind: 'stream', from, to: site.now() });
      next();
    },
  });
  stream.write(writeHeader(part.table));
  const onError = () => undefined;
  client.on('error', onError);
  // The reader sees the failure on the stream itself; here it only decides what becomes of the connection.
  const done = pipeline(copy, stream, { signal })
    .then(() => client.query('ROLLBACK'))
    .then(
      () => release(client, onError, false),
      () => release(client, onError, true),
    );
  return { stream, done };
}

/** COPY's text form ends every row with the only line feed of it: those inside values are escaped. */
export function countLines(chunk: Buffer): number {
  let count = 0;
  for (let at = chunk.indexOf(LINE_FEED); at !== -1; at = chunk.indexOf(LINE_FEED, at + 1)) count += 1;
  return count;
}

function release(client: PoolClient, onError: () => void, broken: boolean): void {
  client.off('error', onError);
  if (broken) client.on('error', onError);
  client.release(broken);
}
