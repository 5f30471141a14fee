import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  type Describe,
  type ExportFinished,
  type Fence,
  type ImportBeginRequest,
  type ImportBegun,
  type PartReceipt,
  type Summary,
  TankerError,
} from '@tanker/contract/index.ts';
import type { Provider } from '../../core/ports.ts';
import { chunks } from './memory-exports.ts';

const NOW = '2026-03-10T09:30:00.000Z';
export const SUM = '0'.repeat(32);

export const receiptOf = (part: number, body: Buffer): PartReceipt => ({
  part,
  bytes: body.length,
  rows: 1,
  sha256: createHash('sha256').update(body).digest('hex'),
});

/** A provider in memory that counts what it streams, shows its calls and can be made to fail or lie. */
export class MemoryProvider implements Provider {
  /** Names of the calls in their order. */
  readonly calls: string[] = [];
  readonly fences: Fence[] = [];
  /** What was asked to be erased. */
  readonly orders: object[] = [];
  readonly staged = new Map<number, Buffer>();
  /** Throws where a test wants a failure. */
  fault: (call: string) => void = () => undefined;
  /** Replaces a part's stream. */
  streamOf: (part: number, body: Buffer) => Readable = (_part, body) =>
    Readable.from(chunks(body), { objectMode: false });
  /** Changes what export finish tells. */
  finished: (told: ExportFinished) => ExportFinished = (told) => told;
  /** Changes what import part tells. */
  received: (told: PartReceipt) => PartReceipt = (told) => told;
  pending: { pending: number; watermark: string }[] = [];
  left = { rows: 0, staging: 0 };
  /** What describe tells; calls may name any. */
  incarnation = 'i1';
  published: number | undefined;
  /** A begin then finds the published session. */
  wasPublished = false;
  readonly parts: readonly Buffer[];

  constructor(parts: readonly Buffer[] = []) {
    this.parts = parts;
  }

  #called(call: string, fence?: Fence): void {
    this.calls.push(call);
    if (fence) this.fences.push(fence);
    this.fault(call);
  }

  async describe(): Promise<Describe> {
    this.#called('describe');
    return {
      name: 'contacts',
      contractVersion: 1,
      incarnation: this.incarnation,
      writes: { name: 'test', version: 1 },
      reads: [{ name: 'test', version: 1 }],
      abilities: ['export', 'import'],
      hooks: [],
      importAfter: [],
      collections: ['contacts'],
      now: NOW,
    };
  }

  async summary(): Promise<Summary> {
    this.#called('summary');
    return {
      incarnation: 'i1',
      epoch: 0,
      holder: null,
      closed: null,
      collections: [],
      stagingRows: 0,
      unclaimed: [],
      watermark: 'w',
      work: [],
    };
  }

  async drain() {
    this.#called('drain');
    return this.pending.shift() ?? { pending: 0, watermark: 'w' };
  }

  async exportBegin(fence: Fence) {
    this.#called('exportBegin', fence);
    return {
      export: 'session',
      format: { name: 'test', version: 1 },
      parts: this.parts.map((body, part) => ({ part, estimatedBytes: body.length })),
    };
  }

  async exportPart(fence: Fence, _session: string, part: number): Promise<Readable> {
    this.#called('exportPart', fence);
    return this.streamOf(part, this.parts[part] as Buffer);
  }

  async exportFinish(fence: Fence): Promise<ExportFinished> {
    this.#called('exportFinish', fence);
    return this.finished({
      parts: this.parts.map((body, part) => receiptOf(part, body)),
      collections: [{ name: 'contacts', digest: { rows: this.parts.length, sum: SUM } }],
      watermark: 'w',
      work: [{ kind: 'digest', from: NOW, to: NOW }],
    });
  }

  async exportRelease(fence: Fence): Promise<void> {
    this.#called('exportRelease', fence);
  }

  async open(fence: Fence): Promise<void> {
    this.#called('open', fence);
  }

  async importBegin(fence: Fence, manifest: ImportBeginRequest): Promise<ImportBegun> {
    this.#called('importBegin', fence);
    this.published ??= manifest.collections.reduce((sum, { digest }) => sum + digest.rows, 0);
    return { session: 'session', ...(this.wasPublished ? { published: true } : {}) };
  }

  async importPart(fence: Fence, _session: string, part: number, body: Readable): Promise<PartReceipt> {
    this.#called('importPart', fence);
    const octets: Buffer[] = [];
    for await (const chunk of body) octets.push(chunk);
    this.staged.set(part, Buffer.concat(octets));
    return this.received(receiptOf(part, Buffer.concat(octets)));
  }

  async importPublish(fence: Fence) {
    this.#called('importPublish', fence);
    this.wasPublished = true;
    return { rows: this.published ?? 0, work: [{ kind: 'publish' as const, from: NOW, to: NOW }] };
  }

  async importAbort(fence: Fence): Promise<void> {
    this.#called('importAbort', fence);
    this.staged.clear();
  }

  async seal(fence: Fence) {
    this.#called('seal', fence);
    return { collections: [], watermark: 'w', work: [] };
  }

  async fence(fence: Fence): Promise<void> {
    this.#called('fence', fence);
  }

  async erase(fence: Fence, order: object) {
    this.#called('erase', fence);
    this.orders.push(order);
    return { erased: { rows: 5, staging: 1 }, left: this.left };
  }

  async hook(fence: Fence, hook: string, { key }: { key: string }): Promise<boolean> {
    this.#called(`hook ${hook} ${key}`, fence);
    return true;
  }
}

export const problem = (name: ConstructorParameters<typeof TankerError>[0]): TankerError =>
  new TankerError(name, { what: 'Wrong.', now: 'True.', next: 'Do.' });
