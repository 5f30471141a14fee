import type { ErrorName } from '@tanker/contract/index.ts';

/** Two locations, with two providers at each: p0, which has rows of the company from the start, and p1, which has none. */
export const SITES = ['S', 'T'] as const;
export type Site = (typeof SITES)[number];
export const PLACES = ['S0', 'S1', 'T0', 'T1'] as const;
export type Place = (typeof PLACES)[number];
export type ProviderIndex = 0 | 1;
export const PROVIDERS: readonly ProviderIndex[] = [0, 1];

export const placeOf = (site: Site, provider: ProviderIndex): Place => `${site}${provider}`;
export const siteOf = (place: Place): Site => place[0] as Site;
export const providerOf = (place: Place): ProviderIndex => Number(place[1]) as ProviderIndex;
export const placesOf = (site: Site): readonly Place[] =>
  PROVIDERS.map((provider) => placeOf(site, provider));

export type Home = Site | 'removed' | 'erased';
export const isSite = (home: Home): home is Site => home === 'S' || home === 'T';

/** Rows, and messages on their way into rows: one bit each, so that a copy can be compared with what was acknowledged. */
export type Rows = number;
export const NO_ROWS: Rows = 0;
/** p0's rows at the start: two, so that half of them can be visible. */
export const FIRST_ROWS: Rows = 0b11;
/** The first bit that a write of the run sets; each later one sets the next, so that bits stand in the order of time. */
export const FIRST_WRITE = 2;
/** What an import makes of a row when it changes a value. */
export const GARBLED: Rows = 1 << 30;

export const TASKS = ['M', 'N'] as const;
export type Task = (typeof TASKS)[number];
export const RECOVERIES = ['R1', 'R2', 'R3'] as const;
export type Recovery = (typeof RECOVERIES)[number];
/** An execution holds epochs under its own name: a task's own execution has the name of the task. */
export type ExecutionName = Task | Recovery;
export const EXECUTIONS: readonly ExecutionName[] = [...TASKS, ...RECOVERIES];
export const isRecovery = (name: ExecutionName): name is Recovery => name.startsWith('R');

/** The operations of tasks; recovery is what becomes of each of them. */
export type Operation = 'migrate' | 'backup' | 'restore' | 'remove' | 'final-erasure' | 'cleanup';
export type Direction = 'forward' | 'back' | 'refused';
export type Outcome = 'done' | 'undone' | 'refused';
/** By the names of contract/errors.ts. */
export type Refusal = ErrorName | 'BackupUnknown' | 'CompanyAtHome' | 'FallbackChanged' | 'NothingToClean';

export type Call =
  | 'take'
  | 'retake'
  | 'claim'
  | 'lock'
  | 'commit'
  | 'unlock'
  | 'give-up'
  | 'fence-fallback'
  | 'close'
  | 'release'
  | 'export'
  | 'open'
  | 'import'
  | 'seal'
  | 'fence'
  | 'erase'
  | 'open-expired';
/** Phases in which an execution looks and decides by itself; the others are calls. */
export type Look = 'plan' | 'look' | 'drain' | 'verify';
export type Phase = Call | Look;

export interface Grant {
  readonly number: number;
  readonly epoch: number;
  readonly state: 'held' | 'released' | 'expired';
  /** Whose unlock ended it while it was held: the commit mark of a backup. */
  readonly releasedBy: ExecutionName | '';
}

/** Who made the version, and what home is by it. */
export interface Commit {
  readonly task: Task;
  readonly home: Home;
}

/** The authority record of the company, and for the promises who committed what, in order. */
export interface Authority {
  readonly home: Home;
  readonly version: number;
  readonly versionTask: Task | '';
  readonly epoch: number;
  readonly holder: ExecutionName | '';
  /** Who held the epoch before the claim that raised it. */
  readonly beforeHolder: ExecutionName | '';
  readonly grant: Grant | null;
  /** Epochs that were unlocked: none of them may lock again. */
  readonly unlocked: readonly number[];
  readonly commits: readonly Commit[];
}

/** The company's row in the control table: the task's hold, and the numbers that it has issued. */
export interface ClaimRow {
  readonly epoch: number;
  readonly holder: ExecutionName | '';
  readonly task: Task | '';
}

/** What plan decided, fixed for the task's life. */
export interface Plan {
  readonly from: Home;
  readonly to: Home;
  readonly version: number;
  /** The highest epoch that the authority had reported. */
  readonly reported: number;
  /** Of S0, S1, T0 and T1, a digit each. */
  readonly incarnations: string;
}

/** One provider's export in the bucket; attempt 0 is none. */
export interface Exported {
  readonly attempt: number;
  readonly rows: Rows;
}

export interface TaskRecord {
  readonly state: 'none' | 'open' | 'closed';
  readonly epoch: number;
  readonly holder: ExecutionName | '';
  readonly plan: Plan | null;
  readonly exported: readonly [Exported, Exported];
  /** Providers whose import has been reported as done. */
  readonly imported: readonly ProviderIndex[];
  /** Whether the last look before the commit point was taken. */
  readonly verified: boolean;
  readonly debts: readonly Place[];
  readonly outcome: Outcome | '';
}

export interface Execution {
  readonly state: 'idle' | 'running' | 'dead' | 'refused' | 'ended';
  readonly task: Task | '';
  readonly epoch: number;
  readonly direction: Direction | '';
  readonly phase: Phase | '';
  /** Calls of this phase that have not been answered, and those of them that were made again. */
  readonly waiting: readonly string[];
  readonly retried: readonly string[];
  readonly grant: number;
  /** Messages that had ever come when the drain found none pending. */
  readonly watermark: Rows;
  /** Every seal so far answered the rows that the export holds. */
  readonly equal: boolean;
}

/** What a provider holds of the company at one location, and its fence row. */
export interface Provider {
  readonly rows: Rows;
  readonly epoch: number;
  readonly holder: ExecutionName | '';
  readonly sealed: number;
  /** The grant under which an export closed the company here, 0 while it is open. */
  readonly closing: number;
  readonly incarnation: number;
  /** Sessions ever begun, the one that may still publish (0: none), and what has been staged. */
  readonly sessions: number;
  readonly session: number;
  readonly staging: Rows;
  /** Another company's row with a key that the company once used. */
  readonly neighbour: 'none' | 'there' | 'overwritten';
}

/** Messages of the company at a location: pending, and all that ever came. */
export interface Queue {
  readonly pending: Rows;
  readonly produced: Rows;
}

/** The copy that a move left at its source. */
export interface Fallback {
  readonly state: 'kept' | 'given-up';
  readonly site: Site;
  readonly version: number;
  /** What p0 and p1 held at the commit, and the messages that had come. */
  readonly rows: readonly [Rows, Rows];
  readonly produced: Rows;
  /** The highest epoch that has decided about it. */
  readonly epoch: number;
  readonly givenUpBy: Task | '';
}

/** A backup that may be restored: what its record promises, and what its objects hold. */
export interface Backup {
  readonly task: Task | 'before';
  readonly promised: readonly [Rows, Rows];
  readonly objects: readonly [Rows, Rows];
}

/** What customers and other companies' jobs were told is done. */
export interface Acknowledged {
  readonly rows: readonly [Rows, Rows];
  /** Messages that came after the source was looked at for the last time. */
  readonly late: Rows;
  /** Writes that were accepted where the company does not live. */
  readonly astray: Rows;
  readonly writes: number;
}

/** A call on its way: late, doubled, or its answer lost. */
export interface Message {
  readonly call: Call;
  readonly at: Place | '';
  readonly by: ExecutionName;
  readonly task: Task;
  readonly epoch: number;
  readonly attempt: number;
  readonly grant: number;
  readonly rows: Rows;
  readonly incarnation: number;
  /** How far a call of several steps has come. */
  readonly stage: '' | 'authority read' | 'checked' | 'begun' | 'half staged' | 'staged';
  readonly session: number;
  readonly from: Home;
  readonly to: Home;
  readonly version: number;
  readonly outcome: Outcome | '';
}

/** What happens to a run only as often as a scenario's bounds allow, and how docs and traces call it. */
export const EVENTS = {
  deaths: 'deaths of executions, whose calls stay under way',
  doubles: 'calls that arrive twice, the second time at any later moment',
  lostAnswers: 'answers that are lost',
  retries: 'calls that are made again while the first may still arrive',
  recoveries: 'recoveries that begin',
  leaseEnds: 'leases that end while the lock is held',
  fastClocks: 'somebody acts on a clock that says the lease is over',
  writes: "customers' writes",
  deletes: 'customers who delete everything at one provider',
  messages: 'messages to the company, in time or late',
  jobs: "writes by other companies' jobs, past the gateway",
  restores: "restores of a provider's database, with the loss of its fence row",
  crashes: 'crashes of a database that empty its staging',
  setBacks: 'restores of the control table to a state before the tasks',
  unreachable: 'erases of a recovery that a provider does not answer',
  garbles: 'imports that store a value as something else',
  neighbours: "rows of another company with a key of this one's",
} as const;
export type Event = keyof typeof EVENTS;

export interface World {
  readonly authority: Authority;
  /** A copy of the record that lags behind; only a world without rule 1 has one. */
  readonly replica: Authority | null;
  readonly row: ClaimRow;
  readonly fallback: Fallback | null;
  readonly backup: Backup | null;
  readonly acknowledged: Acknowledged;
  readonly left: Readonly<Record<Event, number>>;
  readonly queues: Readonly<Record<Site, Queue>>;
  readonly records: Readonly<Record<Task, TaskRecord>>;
  readonly executions: Readonly<Record<ExecutionName, Execution>>;
  readonly providers: Readonly<Record<Place, Provider>>;
  readonly network: readonly Message[];
}
