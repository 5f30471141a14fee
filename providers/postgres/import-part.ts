import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ImportBeginRequest, PartReceipt } from '@tanker/contract/index.ts';
import type { FencedCall } from '@tanker/sdk/index.ts';
import type { PoolClient } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { checksumMismatch, sessionPublished, sessionUnknown, unreadablePart } from '../refusals.ts';
import { columnList, readCollections } from './catalog.ts';
import { endSuperseded, enterFence } from './fence.ts';
import { type Batch, cutBatches } from './part-batches.ts';
import { tableOfPart } from './part-columns.ts';
import { readHeader } from './part-header.ts';
import { MAX_HEADER_BYTES } from './part-plan.ts';
import type { Site } from './site.ts';
import { checkImport, createStaging } from './staging.ts';
import { BEGIN_WORK, transaction } from './transaction.ts';

interface Target {
  readonly staging: string;
  readonly columns: string;
}

/**
 * Streams a part into a staging table of its own, batch by batch: each batch is one transaction that checks fence and
 * session first, so that nothing arrives after a newer call has answered. The receipt is recorded with the last.
 */
export async function importPart(
  site: Site,
  call: FencedCall,
  at: { readonly session: string; readonly part: number },
  body: Readable,
): Promise<PartReceipt> {
  const { company, fence } = call;
  await endSuperseded(
    site,
    call,
    (open) => open.kind === 'import' && open.session === at.session && open.part === at.part,
  );
  const open = site.calls.open({ company, epoch: fence.epoch, kind: 'import', ...at }, call.signal);
  // A body that is waited for must not hold the call open once it has been ended.
  const stop = () => body.destroy(open.signal.reason as Error);
  open.signal.addEventListener('abort', stop, { once: true });
  try {
    const work = new PartImport(site, call, at, open.signal);
    return await work.run(body);
  } catch (error) {
    throw open.signal.aborted ? open.signal.reason : error;
  } finally {
    open.signal.removeEventListener('abort', stop);
    open.close();
  }
}

class PartImport {
  readonly #site: Site;
  readonly #call: FencedCall;
  readonly #at: { readonly session: string; readonly part: number };
  readonly #signal: AbortSignal;
  readonly #hash = createHash('sha256');
  #bytes = 0;
  #rows = 0;

  constructor(
    site: Site,
    call: FencedCall,
    at: { readonly session: string; readonly part: number },
    signal: AbortSignal,
  ) {
    this.#site = site;
    this.#call = call;
    this.#at = at;
    this.#signal = signal;
  }

  async run(body: Readable): Promise<PartReceipt> {
    let target: Target | undefined;
    let expected: PartReceipt | undefined;
    // One batch is copied while the next is received.
    let copying: Promise<void> = Promise.resolve();
    let whole = false;
    try {
      for await (const piece of cutBatches(body, MAX_HEADER_BYTES)) {
        if ('header' in piece) {
          this.#count([Buffer.from(`${piece.header}\n`)]);
          ({ target, expected } = await this.#begin(piece.header));
          continue;
        }
        this.#count(piece.chunks);
        await copying;
        if (!target || !expected) throw this.#unreadable();
        if (piece.last) this.#compareOctets(expected);
        whole = piece.last;
        copying = this.#copy(piece, target, expected);
        copying.catch(() => undefined);
      }
    } finally {
      await copying.catch(() => undefined);
    }
    await copying;
    if (!expected || !whole) throw this.#unreadable();
    return expected;
  }

  #count(chunks: readonly Buffer[]): void {
    for (const chunk of chunks) {
      this.#hash.update(chunk);
      this.#bytes += chunk.length;
    }
  }

  /** Before the last batch is copied; the rows are compared when the store has counted them. */
  #compareOctets(expected: PartReceipt): void {
    if (this.#bytes === expected.bytes && this.#hash.digest('hex') === expected.sha256) return;
    throw this.#mismatch(`${this.#bytes} octets arrived of ${expected.bytes}, or their SHA-256 differs`);
  }

  #mismatch(what: string): Error {
    return checksumMismatch(this.#site, this.#call.company, this.#at.part, what);
  }

  #unreadable(): Error {
    return unreadablePart(this.#site, this.#call.company, this.#at.part);
  }

  /** Checks the call, the header and the manifest, and makes an empty staging table; a former one of the part goes. */
  #begin(line: string): Promise<{ target: Target; expected: PartReceipt }> {
    const { schema } = this.#site;
    return this.#transaction(async (client) => {
      const { rows } = await client.query<{
        manifest: ImportBeginRequest;
        published: unknown;
        staging: string | null;
      }>(
        `SELECT i.manifest, i.published, p.staging FROM ${schema}.imports i
          LEFT JOIN ${schema}.import_parts p ON p.session = i.session AND p.part = $2 WHERE i.session = $1`,
        [this.#at.session, this.#at.part],
      );
      const [found] = rows;
      if (!found) throw sessionUnknown(this.#site, this.#call.company);
      if (found.published !== null) throw sessionPublished(this.#site, this.#call.company);
      const expected = found.manifest.parts.find((one) => one.part === this.#at.part);
      const header = readHeader(line);
      if (!expected || !header) throw this.#unreadable();
      const tables = await readCollections(client, this.#site);
      const table = tableOfPart(tables, header.collection, header.columns);
      if (found.staging !== null) await client.query(`DROP TABLE IF EXISTS ${found.staging}`);
      const staging = await createStaging(client, this.#site, table, header.columns);
      await client.query(
        `INSERT INTO ${schema}.import_parts (session, part, collection, staging, columns) VALUES ($1, $2, $3, $4, $5)
          ON CONFLICT (session, part) DO UPDATE SET collection = $3, staging = $4, columns = $5, rows = 0, receipt = NULL`,
        [this.#at.session, this.#at.part, table.name, staging, JSON.stringify(header.columns)],
      );
      return { target: { staging, columns: columnList(header.columns) }, expected };
    });
  }

  #copy(batch: Batch, target: Target, expected: PartReceipt): Promise<void> {
    const { schema } = this.#site;
    return this.#transaction(async (client) => {
      const copy = client.query(copyFrom(`COPY ${target.staging} (${target.columns}) FROM STDIN`));
      await pipeline(Readable.from(batch.chunks), copy, { signal: this.#signal });
      this.#rows += copy.rowCount;
      if (batch.last && this.#rows !== expected.rows) {
        throw this.#mismatch(`${this.#rows} rows arrived of ${expected.rows}`);
      }
      const { rowCount } = await client.query(
        `UPDATE ${schema}.import_parts SET rows = rows + $4, receipt = $5
          WHERE session = $1 AND part = $2 AND staging = $3`,
        [
          this.#at.session,
          this.#at.part,
          target.staging,
          copy.rowCount,
          batch.last ? JSON.stringify(expected) : null,
        ],
      );
      // A repeat of the part, perhaps through another process, has replaced the staging table.
      if (rowCount !== 1) throw sessionUnknown(this.#site, this.#call.company);
    });
  }

  #transaction<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    return transaction(this.#site, BEGIN_WORK, this.#signal, async (client) => {
      const row = await enterFence(client, this.#site, this.#call, 'calls');
      checkImport(this.#site, this.#call.company, row, this.#at.session);
      return work(client);
    });
  }
}
