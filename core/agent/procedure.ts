import type {
  Action,
  AgentEvent,
  Fence,
  ManifestReference,
  SubtaskResult,
  Work,
} from '@tanker/contract/index.ts';
import type { Authority, Exports, Provider } from '../ports.ts';
import type { Clock } from './clock.ts';

export type EventOf<A extends Action> = Extract<AgentEvent, { action: A }>;
export type ResultOf<A extends Action> = Extract<SubtaskResult, { action: A }>;

/** What an agent reaches: its own location's provider and bucket, and the authority to read. */
export interface AgentPorts {
  readonly provider: Provider;
  readonly authority: Pick<Authority, 'read'>;
  /** The exports bucket of this datacenter: where exports are written and discarded. */
  readonly bucket: { readonly bucket: string; readonly region: string; readonly exports: Exports };
  /** The bucket that a manifest lies in, of whatever datacenter. */
  exportsAt(reference: Pick<ManifestReference, 'bucket' | 'region'>): Exports;
}

/** One run of a procedure. It ends soon after the signal is aborted, by throwing. */
export interface Run<A extends Action> {
  readonly event: EventOf<A>;
  readonly ports: AgentPorts;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Refuses (`SubtaskSuperseded`) when this attempt is no longer the current one. */
  confirm(): Promise<void>;
  /** Octets and parts that went through since the last call. */
  advance(bytes: number, parts: number): void;
  /** A line of the worker's log; no customer data. */
  log(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

export interface Done<A extends Action> {
  readonly result: ResultOf<A>;
  /** Intervals of work that grow with the data. */
  readonly work: readonly Work[];
}

/** What an agent does for one action. It may be run again with a higher attempt, whatever became of the run before. */
export type Procedure<A extends Action> = (run: Run<A>) => Promise<Done<A>>;

/** Who asks, as the provider's contract wants it. */
export const fenceOf = (event: Fence): Fence => ({
  task: event.task,
  epoch: event.epoch,
  holder: event.holder,
  incarnation: event.incarnation,
});

/** The interval from then to now in which a part of the work that grows with the data was done. */
export const streamed = (from: Date, to: Date): Work => ({
  kind: 'stream',
  from: from.toISOString(),
  to: to.toISOString(),
});
