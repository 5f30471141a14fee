/** A call that this process is working on. */
export interface OpenCall {
  readonly company: string;
  readonly epoch: number;
  readonly kind: 'export' | 'import' | 'other';
  /** The export or import session that it belongs to, and its part. */
  readonly session?: string;
  readonly part?: number;
}

interface Entry {
  readonly call: OpenCall;
  readonly controller: AbortController;
  readonly ended: Promise<void>;
}

/**
 * The calls in flight in this process, so that newer ones can end them at once instead of waiting for their row lock.
 * That ended calls have no later effect does not rest on this list: the fence row does that, across processes too.
 */
export class OpenCalls {
  readonly #entries = new Set<Entry>();

  /** Registers a call. `close` takes it off; `signal` is aborted when the client goes or a newer call ends it. */
  open(call: OpenCall, client: AbortSignal): { readonly signal: AbortSignal; close(): void } {
    const controller = new AbortController();
    const { promise, resolve } = Promise.withResolvers<void>();
    const entry = { call, controller, ended: promise };
    this.#entries.add(entry);
    return {
      signal: AbortSignal.any([controller.signal, client]),
      close: () => {
        this.#entries.delete(entry);
        resolve();
      },
    };
  }

  has(which: (call: OpenCall) => boolean): boolean {
    return [...this.#entries].some((entry) => which(entry.call));
  }

  /** Ends the calls and answers when each of them has stopped. Each fails with its reason. */
  async end(which: (call: OpenCall) => boolean, reason: (call: OpenCall) => Error): Promise<void> {
    const ending = [...this.#entries].filter((entry) => which(entry.call));
    for (const entry of ending) entry.controller.abort(reason(entry.call));
    await Promise.all(ending.map((entry) => entry.ended));
  }
}
