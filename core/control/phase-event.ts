import {
  CompanyId,
  ErrorWord,
  type Outcome,
  PHASE_EVENT_VERSION,
  type Phase,
  type PhaseEvent,
  type TaskOperation,
} from '@tanker/contract/index.ts';

/** What a task's record says of where the task stands; nothing else of it leaves the table. */
export interface TaskStanding {
  readonly task: string;
  readonly operation: TaskOperation;
  readonly company: string;
  readonly state: 'open' | 'closed';
  readonly phase: Phase;
  /** When each was begun; those of a recovery are named `recover/<phase>`. */
  readonly phases: Readonly<Record<string, string>>;
  readonly epoch: number;
  readonly createdAt: string;
  readonly closedAt?: string | undefined;
  readonly outcome?: Outcome | undefined;
  /** The name of what made the refusal or the recovery necessary. */
  readonly error?: string | undefined;
}

/** One write of a task's record, as the table's stream tells it. */
export interface TaskChange {
  /** The same each time this change is told. */
  readonly id: string;
  readonly sequence: string;
  /** When the table took it, in whole seconds. */
  readonly takenAt: string;
  /** Undefined when the record was new. */
  readonly before?: TaskStanding | undefined;
  readonly after: TaskStanding;
}

/**
 * Whether consumers are told: the task was opened or closed, began a phase, or began the same phase under another epoch,
 * as a recovery does whose forerunner was interrupted in its first phase. The claim of a plan raises the epoch from 0 and
 * begins nothing.
 */
function isTold({ before, after }: TaskChange): boolean {
  if (before === undefined || before.state !== after.state || before.phase !== after.phase) return true;
  return before.epoch > 0 && before.epoch !== after.epoch;
}

/**
 * By the record where it notes the instant, else by the stream: not every phase is noted when it begins. A recovery notes
 * its phases under names of their own, so what counts is which note is new.
 */
function instantOf({ before, after, takenAt }: TaskChange): string {
  if (before === undefined) return after.createdAt;
  if (after.state === 'closed') return after.closedAt ?? takenAt;
  const noted = Object.entries(after.phases).find(([name, at]) => before.phases[name] !== at);
  return noted?.[1] ?? takenAt;
}

/** The event of a change; undefined for a write that only adds to the record. */
export function phaseEventOf(change: TaskChange): PhaseEvent | undefined {
  if (!isTold(change)) return undefined;
  const { id, sequence, before, after } = change;
  const { task, operation, epoch, phase, outcome } = after;
  const common = {
    version: PHASE_EVENT_VERSION,
    id,
    sequence,
    task,
    operation,
    // A refused task keeps what its input said, which may be any text.
    company: CompanyId.safeParse(after.company).data ?? null,
    epoch,
    phase,
    previousPhase: before?.phase ?? null,
    at: instantOf(change),
  } as const;
  if (after.state === 'open' || outcome === undefined) return { ...common, state: 'open' };
  // A recovery that a person started names what that person wrote.
  return { ...common, state: 'closed', outcome, error: ErrorWord.safeParse(after.error).data ?? null };
}
