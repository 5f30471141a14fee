import type { EventDetails, History } from './history.ts';
import type { Json } from './json.ts';
import type { Run } from './run.ts';
import { Scope } from './scope.ts';

/** The item that a Map's iteration works on: `$states.context.Map.Item`. */
export interface MapItem {
  readonly index: number;
  readonly value: Json;
}

/** One line of control: an execution's main line, a Parallel's branch or a Map's iteration. */
export class Thread {
  readonly run: Run;
  readonly history: History;
  readonly scope: Scope;
  readonly signal: AbortSignal;
  readonly mapItem: MapItem | undefined;
  /** Id of this line's last event, which its next event names as the previous one. */
  last: number;

  constructor(run: Run, from: Pick<Thread, 'history' | 'scope' | 'signal' | 'mapItem' | 'last'>) {
    this.run = run;
    this.history = from.history;
    this.scope = from.scope;
    this.signal = from.signal;
    this.mapItem = from.mapItem;
    this.last = from.last;
  }

  /** An inner line that starts after the event `last`, with a scope of its own. */
  fork(signal: AbortSignal, last: number, mapItem: MapItem | undefined = this.mapItem): Thread {
    return new Thread(this.run, {
      history: this.history,
      scope: new Scope(this.scope),
      signal,
      mapItem,
      last,
    });
  }

  /** Records an event beside the line: the next one doesn't follow from it. @throws when the line was stopped */
  note(type: string, details?: EventDetails, previous = this.last): number {
    this.signal.throwIfAborted();
    return this.history.add(type, previous, details);
  }

  /** Records an event from which the next one follows. @throws when the line was stopped */
  advance(type: string, details?: EventDetails, previous?: number): number {
    this.last = this.note(type, details, previous);
    return this.last;
  }
}
