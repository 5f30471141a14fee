import type { CollectionDigest, ExportFinished, PartReceipt, Work } from '@tanker/contract/index.ts';
import type { PlannedPart } from './part-plan.ts';

/** A snapshot that nobody reads from holds back the store's clean-up; a worker reads within seconds. */
const IDLE_LIMIT_MS = 15 * 60_000;

/**
 * One consistent snapshot, held open by a connection of this process. Parts are read over other connections that
 * take the same snapshot; when the process dies the snapshot is gone and the session unknown.
 */
export class ExportSession {
  readonly id: string;
  readonly epoch: number;
  readonly snapshot: string;
  readonly parts: readonly PlannedPart[];
  readonly watermark: string;
  readonly receipts = new Map<number, PartReceipt>();
  readonly streamed: Work[] = [];
  readonly digests: Promise<{ collections: CollectionDigest[]; work: Work }>;
  finished: ExportFinished | undefined;
  readonly #onEnd: () => Promise<void>;
  #ended: Promise<void> | undefined;
  readonly #idle: NodeJS.Timeout;

  constructor(init: {
    readonly id: string;
    readonly epoch: number;
    readonly snapshot: string;
    readonly parts: readonly PlannedPart[];
    readonly watermark: string;
    /** Computed while the parts are read: finish waits for it. */
    readonly digests: ExportSession['digests'];
    /** Gives the connection back that holds the snapshot. Called once. */
    readonly onEnd: () => Promise<void>;
  }) {
    this.id = init.id;
    this.epoch = init.epoch;
    this.snapshot = init.snapshot;
    this.parts = init.parts;
    this.watermark = init.watermark;
    this.digests = init.digests;
    // Whoever awaits it later gets the failure; until then it is not unhandled.
    this.digests.catch(() => undefined);
    this.#onEnd = init.onEnd;
    this.#idle = setTimeout(() => void this.end(), IDLE_LIMIT_MS);
    this.#idle.unref();
  }

  /** Whether the snapshot was given back. */
  get ended(): boolean {
    return this.#ended !== undefined;
  }

  /** Somebody works with the snapshot: it is kept for another while. */
  touch(): void {
    this.#idle.refresh();
  }

  /** Gives the snapshot back. May be called twice. */
  end(): Promise<void> {
    clearTimeout(this.#idle);
    this.#ended ??= this.#onEnd();
    return this.#ended;
  }
}
