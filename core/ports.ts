import type {
  AgentEvent,
  AuthorityRecord,
  Claimed,
  ClaimRecord,
  CleanupInput,
  Committed,
  Debt,
  DiscardDueEvent,
  Home,
  Locked,
  LogRecord,
  Operation,
  Outcome,
  PhaseEvent,
  Plan,
  RecoverInput,
  Refusal,
  SubtaskRecord,
  TaskRecord,
  TransferWork,
  Unlocked,
  WorkerRecord,
} from '@tanker/contract/index.ts';

export type * from './agent-ports.ts';
export type * from './company-ports.ts';

/**
 * What the domain needs from outside. Every method may be called twice. A refusal comes back as a TankerError with the
 * contract's name; anything else thrown is a transport failure whose effect is unknown, and the caller may repeat.
 */

/** Who acts: fixed when the execution starts. */
export interface Actor {
  readonly task: string;
  readonly company: string;
  readonly epoch: number;
  readonly holder: string;
}

/** The gateway's authority record: the one linearizable store of home, version, epoch and lock. */
export interface Authority {
  read(company: string): Promise<AuthorityRecord>;
  claim(actor: Actor): Promise<Claimed>;
  lock(actor: Actor, leaseSeconds: number): Promise<Locked>;
  unlock(actor: Actor): Promise<Unlocked>;
  commit(actor: Actor, change: { grant: number; from: Home; to: Home; version: number }): Promise<Committed>;
}

/** Which subtask of a task. */
export type SubtaskAt = Pick<SubtaskRecord, 'task' | 'epoch' | 'phase' | 'action' | 'provider' | 'location'>;

/** The subtasks' rows, as the control side reads and ends them. */
export interface Subtasks {
  get(at: SubtaskAt): Promise<SubtaskRecord | undefined>;
  /** The plan's, of epoch 0: what providers have told of themselves is large, and nobody else needs it. */
  describes(task: string): Promise<readonly SubtaskRecord[]>;
  /** All others. */
  list(task: string): Promise<readonly SubtaskRecord[]>;
  /**
   * Ends a subtask whose worker nobody waits for any more: no later write of that worker is taken. One that is settled
   * meanwhile, or has a newer attempt, is left alone.
   */
  end(subtask: SubtaskRecord, error: string, cause: string): Promise<void>;
}

export interface Log {
  write(line: Omit<LogRecord, 'kind' | 'at' | 'ttl'>): Promise<void>;
}

/** The table's rows of holds on companies. It issues epochs; it alone fences nothing outside itself. */
export interface Claims {
  read(company: string): Promise<ClaimRecord | undefined>;
  /**
   * Takes a free company under a new epoch above every one known. Idempotent by holder. `CompanyBusy` while another
   * task holds it, unless that task is the one named in `over`, which is known to be closed; and when any task has held
   * it since the row's epoch was `seen`.
   */
  take(order: ClaimOrder & { over?: string; seen?: number }): Promise<number>;
  /** A recovery's take: only while the row names the task; undefined when it does not. Idempotent by holder. */
  retake(order: ClaimOrder): Promise<number | undefined>;
  /** A task's last write. Does nothing unless the row names the task. */
  release(company: string, task: string): Promise<void>;
}

export interface ClaimOrder {
  readonly company: string;
  readonly task: string;
  readonly holder: string;
  /** The highest epoch that the authority or a provider has reported. */
  readonly reported: number;
}

export type OpenTaskRecord = Extract<TaskRecord, { state: 'open' }>;
export type TaskChanges = Partial<
  Pick<
    OpenTaskRecord,
    'plan' | 'lock' | 'verified' | 'committed' | 'failure' | 'direction' | 'phase' | 'incomplete'
  >
>;

/** `plan`: a dry run's, which stands nowhere before its end. */
export interface TaskEnd {
  readonly outcome: Outcome;
  readonly debts: readonly Debt[];
  readonly failure?: Refusal;
  readonly plan?: Plan;
}

/** The tasks' records. Writes of an ended or superseded execution are refused with `TaskClosed`. */
export interface Tasks {
  get(task: string): Promise<TaskRecord | undefined>;
  /** Creates the record, or answers the one that is there. */
  create(record: OpenTaskRecord): Promise<{ created: boolean; record: TaskRecord }>;
  /** A new epoch and holder, always upwards; also the first, from 0. Idempotent by holder. */
  takeOver(task: string, by: { epoch: number; holder: string }, changes: TaskChanges): Promise<void>;
  /** Changes of the execution that holds the task. */
  advance(actor: Actor, changes: TaskChanges): Promise<void>;
  /** Ids of the open tasks, the oldest first. Read from an index that lags: look at the record before acting. */
  listOpen(): Promise<readonly string[]>;
  /**
   * Counts a recovery's start, notes it as the last one and answers how many there are now; undefined when the task is
   * closed or unknown, or when another recovery was noted after `unlessSince`.
   */
  countRecovery(
    task: string,
    recovery: { name: string; at: string },
    unlessSince?: string,
  ): Promise<number | undefined>;
  /** Closes the task under the epoch and holder it has. A repeat by the same holder is fine. */
  close(actor: Pick<Actor, 'task' | 'epoch'> & { holder: string | null }, end: TaskEnd): Promise<void>;
}

/** The Fargate workers that were started ahead of their subtasks, as the control side sees them. */
export interface Workers {
  list(task: string): Promise<readonly WorkerRecord[]>;
  get(at: Pick<TransferWork, 'task' | 'epoch'> & TransferSubtask): Promise<WorkerRecord | undefined>;
  /** Notes the start, unless the worker itself has written already. */
  launched(work: TransferWork): Promise<void>;
}

/** Where one transfer stands in its task. */
export type TransferSubtask = Pick<TransferWork, 'phase' | 'action' | 'provider' | 'location'>;

/** Writes of the dispatching side. */
export interface Dispatches {
  /**
   * A new attempt replaces an older one. The same attempt may be written twice: `under-way` when its worker has it, or
   * has settled it, already. An older attempt, or another token of the same, is `SubtaskSuperseded`.
   */
  dispatch(record: Extract<SubtaskRecord, { state: 'dispatched' }>): Promise<'dispatched' | 'under-way'>;
}

/** A function of the lock window, and how many environments of it work there at once. */
export interface WindowFunction {
  readonly region: string;
  readonly name: string;
  readonly environments: number;
}

/** What became of the environments that were asked for. Those that are neither warm nor refused are only late. */
export interface Warmed extends WindowFunction {
  readonly warm: number;
  /** Why, for each that was refused as often as it was answered. */
  readonly refusals: readonly string[];
}

/** The agents of all datacenters and the functions of the control region. */
export interface Functions {
  /** Hands the event to the agent of the location's datacenter and returns once it is queued. */
  invokeAgent(event: AgentEvent): Promise<void>;
  /** Hands a due date to the discard agent of its datacenter and returns once it is queued. */
  invokeDiscard(event: DiscardDueEvent): Promise<void>;
  /** Has the Fargate worker of a dispatched subtask started; `launch` beats for it until it has taken the subtask. */
  launchWorker(work: TransferWork, token: string): Promise<void>;
  /**
   * Starts the Fargate workers of subtasks that will be dispatched later, at most STARTS_A_CALL of each datacenter.
   * @throws WorkerNotStarted
   */
  startWorkers(works: readonly TransferWork[]): Promise<void>;
  /** Starts environments of each function, within 20 s. Throws nothing: what to make of a refusal is the caller's. */
  warm(functions: readonly WindowFunction[]): Promise<Warmed[]>;
}

/** Executions of the state machines. */
export interface Executions {
  /** Whether it runs now. One that never was, or was forgotten after its 90 days, does not. */
  running(operation: Operation, name: string): Promise<boolean>;
  /** What it ended with: a cancel's words too, which the status event need not carry. */
  endOf(operation: Operation, name: string): Promise<{ error?: string; cause?: string }>;
}

/** Starts executions of one state machine. */
export interface Starts<I> {
  /** The same name twice starts one execution. */
  start(name: string, input: I): Promise<void>;
}
export type Recoveries = Starts<RecoverInput>;
export type Cleanups = Starts<CleanupInput>;

/** The bus on which consumers hear of tasks. */
export interface EventBus {
  /**
   * Takes events in their order; at most 10. Answers those that it did not take, by their place, with EventBridge's code.
   * A repeat is a second event for consumers, who know it by its id. Throws when nothing is known of any of them.
   */
  put(events: readonly PhaseEvent[]): Promise<readonly { index: number; code: string }[]>;
}
