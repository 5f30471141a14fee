interface Waiter {
  readonly company: string;
  readonly wake: () => void;
}

/**
 * Requests in flight per company, from admission until the service has ended its answer or its connection; a client
 * that went away ends nothing. The counts are of this process: after a crash of the gateway the requests of its former life are unknown
 * to it, and what keeps their writes out of a moving company is that the providers close.
 */
export class Traffic {
  readonly #inFlight = new Map<string, number>();
  readonly #waiters = new Set<Waiter>();

  count(company: string): number {
    return this.#inFlight.get(company) ?? 0;
  }

  /** Counts a request in and returns what counts it out again, once. */
  enter(company: string): () => void {
    this.#inFlight.set(company, this.count(company) + 1);
    let inside = true;
    return () => {
      if (!inside) return;
      inside = false;
      const left = this.count(company) - 1;
      if (left > 0) this.#inFlight.set(company, left);
      else this.#quiet(company);
    };
  }

  /** Waits until nothing of the company is in flight, at most so many seconds. Answers whether it came to that. */
  async quiet(company: string, seconds: number): Promise<boolean> {
    if (this.count(company) === 0) return true;
    return new Promise((resolve) => {
      const settle = (quiet: boolean) => {
        clearTimeout(timer);
        this.#waiters.delete(waiter);
        resolve(quiet);
      };
      const waiter: Waiter = { company, wake: () => settle(true) };
      const timer = setTimeout(() => settle(false), seconds * 1000);
      this.#waiters.add(waiter);
    });
  }

  #quiet(company: string): void {
    this.#inFlight.delete(company);
    for (const waiter of [...this.#waiters]) if (waiter.company === company) waiter.wake();
  }
}
