import { ExecutionClosed, StateFailure } from './errors.ts';
import type { Json } from './json.ts';
import { HISTORY_LIMIT_EVENTS } from './limits.ts';

/** One event; `details` hold parsed JSON where AWS's API has JSON text. */
export interface HistoryEvent {
  readonly id: number;
  readonly previousEventId: number;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
  readonly type: string;
  readonly details: EventDetails;
}

export interface EventDetails {
  readonly [key: string]: Json | undefined;
}

/** An execution's history: ids count from 1, and each event names the one that led to it. */
export class History {
  readonly events: HistoryEvent[] = [];
  readonly #now: () => number;
  #closed = false;

  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * Adds an event and answers its id.
   * @throws StateFailure `States.Runtime` when only the last event's room is left, which the closing event takes.
   * @throws ExecutionClosed after the closing event.
   */
  add(type: string, previousEventId: number, details: EventDetails = {}): number {
    if (this.#closed) throw new ExecutionClosed();
    if (this.events.length >= HISTORY_LIMIT_EVENTS - 1) {
      throw new StateFailure(
        'States.Runtime',
        `The execution reached the maximum number of history events (${HISTORY_LIMIT_EVENTS}).`,
      );
    }
    return this.#append(type, previousEventId, details);
  }

  /** Adds the closing event, for which there is always room. */
  close(type: string, previousEventId: number, details: EventDetails): void {
    this.#append(type, previousEventId, details);
    this.#closed = true;
  }

  #append(type: string, previousEventId: number, details: EventDetails): number {
    const id = this.events.length + 1;
    this.events.push({ id, previousEventId, timestamp: this.#now(), type, details });
    return id;
  }
}
