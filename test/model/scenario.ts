import type { Call, Event, Home, Operation, Phase, Place, ProviderIndex, Site, Task } from './state.ts';

/** What came before the first step; else the company lives at S in version 0. */
export interface Start {
  readonly home?: Home;
  readonly version?: number;
  /** The copy that the move which made that version left. */
  readonly fallback?: { readonly site: Site; readonly version: number };
  /** A backup of what the company held at the start. */
  readonly backup?: boolean;
}

/** A task that may begin at any time, or not before another one has closed. */
export interface TaskOrder {
  readonly operation: Operation;
  readonly to?: Home;
  readonly after?: Task;
  /** A cleanup's: the move that it belongs to, by the version which that move made; else the latest one. */
  readonly version?: number;
}

/** How often what may happen, and where: anywhere if nothing is said. What is not named does not happen. */
export interface Bounds {
  readonly events: Readonly<Partial<Record<Event, number>>>;
  readonly deathsIn?: readonly Phase[];
  readonly doublesOf?: readonly Call[];
  readonly retriesOf?: readonly Call[];
  readonly writesAt?: readonly ProviderIndex[];
  readonly restoresAt?: readonly Place[];
  /** A recovery may begin though an execution of its task still runs. */
  readonly overlap?: boolean;
  /** The event that starts a recovery may come after the task has closed. */
  readonly lateEvents?: boolean;
  /** Time may pass between a look at the authority and the arrival of the call that it allowed. */
  readonly slowAgents?: boolean;
  /** The control table is restored only while no execution runs and no call is under way. */
  readonly setBacksAtRest?: boolean;
  /** Begin, each part and publish of an import arrive one by one. */
  readonly importsInParts?: boolean;
}

/** Tasks and what may happen meanwhile: a little in `npm test`, more in `npm run model`. */
export interface Scenario {
  readonly about: string;
  readonly start?: Start;
  readonly tasks: Readonly<Partial<Record<Task, TaskOrder>>>;
  readonly small: Bounds;
  readonly large: Bounds;
}
