import { createHash, randomUUID } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import type { ImportBeginRequest, PartReceipt } from '@tanker/contract/index.ts';
import type { FencedCall } from '@tanker/sdk/index.ts';
import { checksumMismatch, sessionPublished, sessionUnknown, unreadablePart } from '../refusals.ts';
import { adoptBlob, createBlob, discardLoose, reserveBlobs, settleBlobs } from './blobs.ts';
import type { FileInfo } from './config.ts';
import { endSuperseded, enterFence } from './fence.ts';
import { PartReader, PartUnreadable } from './records.ts';
import type { Site } from './site.ts';
import { checkImport, dropStagedPart } from './staging.ts';

/** Files written, then synced together and staged in one transaction: as many file handles are open at once. */
const BATCH_FILES = 64;

interface At {
  readonly session: string;
  readonly part: number;
}

/**
 * Streams a part into staging, batch by batch: each batch is on the disk before the transaction that checks fence and
 * session and stages it. The part counts as received when its octets are those of the manifest.
 */
export async function importPart(site: Site, call: FencedCall, at: At, body: Readable): Promise<PartReceipt> {
  await endSuperseded(
    site,
    call,
    (open) => open.kind === 'import' && open.session === at.session && open.part === at.part,
  );
  const open = site.calls.open(
    { company: call.company, epoch: call.fence.epoch, kind: 'import', ...at },
    call.signal,
  );
  // A body that is waited for must not hold the call open once it has been ended.
  const stop = () => body.destroy(open.signal.reason as Error);
  open.signal.addEventListener('abort', stop, { once: true });
  const work = new PartImport(site, call, at, open.signal);
  try {
    return await work.run(body);
  } catch (error) {
    if (open.signal.aborted) throw open.signal.reason;
    throw error instanceof PartUnreadable ? unreadablePart(site, call.company, at.part) : error;
  } finally {
    await work.tidy();
    open.signal.removeEventListener('abort', stop);
    open.close();
  }
}

class PartImport {
  readonly #site: Site;
  readonly #call: FencedCall;
  readonly #at: At;
  readonly #signal: AbortSignal;
  /** Another run of the same part takes its place, perhaps in another process. */
  readonly #run = randomUUID();
  readonly #hash = createHash('sha256');
  #bytes = 0;
  #rows = 0;
  /** Blobs that may be written next, and those written but not staged. */
  #reserved: string[] = [];
  #written: { readonly blob: string; readonly info: FileInfo; readonly handle: FileHandle }[] = [];

  constructor(site: Site, call: FencedCall, at: At, signal: AbortSignal) {
    this.#site = site;
    this.#call = call;
    this.#at = at;
    this.#signal = signal;
  }

  async run(body: Readable): Promise<PartReceipt> {
    const expected = this.#begin();
    const reader = new PartReader(body as AsyncIterable<Buffer>, (chunk) => {
      this.#hash.update(chunk);
      this.#bytes += chunk.length;
    });
    await reader.begin();
    for (let info = await reader.next(); info; info = await reader.next()) {
      await this.#receive(info, reader);
      if (this.#written.length === BATCH_FILES) await this.#stage();
    }
    await this.#stage();
    const same = this.#bytes === expected.bytes && this.#hash.digest('hex') === expected.sha256;
    if (!same) throw this.#mismatch(`${this.#bytes} octets arrived of ${expected.bytes}, or others`);
    if (this.#rows !== expected.rows) {
      throw this.#mismatch(`${this.#rows} files arrived of ${expected.rows}`);
    }
    this.#fenced(() =>
      this.#site.metadata.run(
        'UPDATE import_parts SET received = 1 WHERE session = ? AND part = ?',
        ...[this.#at.session, this.#at.part],
      ),
    );
    return expected;
  }

  #mismatch(what: string): Error {
    return checksumMismatch(this.#site, this.#call.company, this.#at.part, what);
  }

  /** Removes from the disk what was received and is not staged. Never throws: the part's outcome is known already. */
  async tidy(): Promise<void> {
    for (const { handle } of this.#written) await handle.close().catch(() => undefined);
    const loose = [...this.#reserved, ...this.#written.map(({ blob }) => blob)];
    await discardLoose(this.#site.metadata, this.#call.company, loose);
  }

  #begin(): PartReceipt {
    const { metadata } = this.#site;
    const { session, part } = this.#at;
    return this.#checked(() => {
      const found = metadata.get<{ manifest: string; published: string | null }>(
        'SELECT manifest, published FROM imports WHERE session = ?',
        session,
      );
      if (!found) throw sessionUnknown(this.#site, this.#call.company);
      if (found.published !== null) throw sessionPublished(this.#site, this.#call.company);
      const { parts } = JSON.parse(found.manifest) as ImportBeginRequest;
      const expected = parts.find((one) => one.part === part);
      if (!expected) throw unreadablePart(this.#site, this.#call.company, part);
      dropStagedPart(metadata, this.#call.company, session, part);
      metadata.run(
        `INSERT INTO import_parts (session, part, run) VALUES (?, ?, ?)
          ON CONFLICT (session, part) DO UPDATE SET run = excluded.run, received = 0`,
        ...[session, part, this.#run],
      );
      this.#reserve();
      return expected;
    });
  }

  async #receive(info: FileInfo, reader: PartReader): Promise<void> {
    const { company } = this.#call;
    const blob = this.#reserved.pop() ?? '';
    const handle = await createBlob(this.#site.metadata, company, blob);
    this.#written.push({ blob, info, handle });
    const hash = createHash('sha256');
    for await (const piece of reader.octets(info.bytes)) {
      hash.update(piece);
      await handle.writeFile(piece);
      this.#signal.throwIfAborted();
    }
    if (hash.digest('hex') !== info.sha256) {
      throw this.#mismatch('a file in it does not have the checksum of its header');
    }
    this.#rows += 1;
  }

  async #stage(): Promise<void> {
    const { metadata } = this.#site;
    const batch = this.#written;
    await settleBlobs(
      metadata,
      this.#call.company,
      batch.map(({ handle }) => handle),
    );
    this.#fenced(() => {
      for (const { blob, info } of batch) {
        if (!adoptBlob(metadata, blob)) throw sessionUnknown(this.#site, this.#call.company);
        const inserted = metadata.run(
          `INSERT INTO staged (session, part, path, blob, content_type, bytes, sha256, created_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (session, path) DO NOTHING`,
          ...[this.#at.session, this.#at.part, info.path, blob],
          ...[info.contentType, info.bytes, info.sha256, info.createdAt],
        );
        if (inserted !== 1) throw this.#mismatch('a path is in the parts twice');
      }
      this.#reserve();
    });
    this.#written = [];
  }

  #reserve(): void {
    const missing = BATCH_FILES - this.#reserved.length;
    this.#reserved.push(...reserveBlobs(this.#site.metadata, this.#call.company, missing));
  }

  #checked<T>(work: () => T): T {
    this.#signal.throwIfAborted();
    return this.#site.metadata.transaction(() => {
      const row = enterFence(this.#site, this.#call);
      checkImport(this.#site, this.#call.company, row, this.#at.session);
      return work();
    });
  }

  /** A later transaction of this run: refused when a repeat of the part has taken its place. */
  #fenced<T>(work: () => T): T {
    return this.#checked(() => {
      const current = 'SELECT count(*) AS n FROM import_parts WHERE session = ? AND part = ? AND run = ?';
      if (this.#site.metadata.count(current, this.#at.session, this.#at.part, this.#run) !== 1) {
        throw sessionUnknown(this.#site, this.#call.company);
      }
      return work();
    });
  }
}
