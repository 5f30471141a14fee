import { z } from 'zod';
import { CompanyId, Count, Epoch, Holder, Location, ProviderName, TaskId } from './names.ts';
import { Action, HookName, Outcome, Phase, TaskOperation } from './operations.ts';
import { Plan } from './plan.ts';

/** Payloads of the functions that the state machines call: the same schema types the caller and guards the handler. */

/** How a phase can go on: as planned, or refused with a named error that the machine shows. */
export const Refusal = z.object({ error: z.string(), cause: z.string() }).strict();
export type Refusal = z.infer<typeof Refusal>;

/** Who acts for a task: fixed when the execution starts, never read again from the table. */
const Actor = { task: TaskId, company: CompanyId, epoch: Epoch, holder: Holder };

export const OpenTaskEvent = z
  .object({
    operation: TaskOperation,
    executionName: z.string(),
    executionArn: z.string(),
    startedAt: z.string(),
    input: z.unknown(),
  })
  .strict();
export const OpenTaskResult = z
  .object({
    refusal: Refusal.nullable(),
    task: z.string(),
    company: z.string(),
    holder: z.string(),
    checks: z.array(z.object({ provider: ProviderName, location: Location }).strict()),
  })
  .strict();
export type OpenTaskResult = z.infer<typeof OpenTaskResult>;

/** What one Map iteration tells the state after the Map. */
export const SubtaskStatus = z
  .object({
    provider: ProviderName,
    location: Location,
    status: z.enum(['succeeded', 'failed']),
    error: z.string().nullish(),
    cause: z.string().nullish(),
  })
  .strict();
export type SubtaskStatus = z.infer<typeof SubtaskStatus>;

export const PlanTaskEvent = z
  .object({ task: TaskId, company: CompanyId, executionName: z.string(), describes: z.array(SubtaskStatus) })
  .strict();
const At = z.object({ provider: ProviderName, location: Location }).strict();
const AtHook = z.object({ provider: ProviderName, location: Location, hook: HookName }).strict();

/** What the machine needs of the plan; what an operation does not have is null or empty. */
export const PlanTaskResult = z
  .object({
    refusal: Refusal.nullable(),
    epoch: Epoch,
    holder: z.string(),
    from: Location.nullable(),
    to: Location.nullable(),
    providers: z.array(ProviderName),
    /** Import order: every provider stands in a later wave than those it imports after. */
    waves: z.array(z.array(ProviderName)),
    /** Providers of the target that get nothing and may be closed there: a restore's that are newer than its backup. */
    opens: z.array(At),
    /** What going forward erases: 200 providers × 10 locations × 80 octets are 160 KB of the 256 KiB. */
    erases: z.array(At),
    /** Hooks after the commit point. */
    hooks: z.array(AtHook),
    /** A cleanup's: a fallback is verified and given up before it is erased, debts are erased. */
    leftover: z.enum(['fallback', 'debts']).nullable(),
    /** A dry run's answer, and the sign to end here: 200 providers × 400 octets are 80 KB of the 256 KiB. */
    planned: Plan.nullable(),
  })
  .strict();
export type PlanTaskResult = z.infer<typeof PlanTaskResult>;

export const ActorEvent = z.object(Actor).strict();
export type ActorEvent = z.infer<typeof ActorEvent>;

export const CommitPlacementEvent = z.object({ ...Actor, grant: z.int().min(1) }).strict();
/** A backup's commit point is its unlock; the record says until when it may be restored. */
export const CommitBackupEvent = CommitPlacementEvent;

export const DispatchEvent = z
  .object({
    ...Actor,
    phase: Phase,
    action: Action,
    provider: ProviderName,
    location: Location,
    /** 1 for the first try; the state's retry count is added by the machine. */
    attempt: z.int().min(1),
    token: z.string().min(1).max(2048),
    grant: z.int().min(1).optional(),
    hook: HookName.optional(),
    /** Of a drain under the lock: when the lock budget is used up, in milliseconds since 1970. */
    deadlineMillis: z.int().optional(),
  })
  .strict();
export type DispatchEvent = z.infer<typeof DispatchEvent>;

export const CloseTaskEvent = z
  .object({
    ...Actor,
    outcome: Outcome,
    /** What made a recovery necessary; null on the forward path. */
    reason: Refusal.nullable(),
    /** Results of the last Maps whose failures are reported, not fatal: hooks after the commit, opens in a recovery. */
    reported: z.array(SubtaskStatus),
  })
  .strict();

export const ClaimCompanyEvent = z
  .object({ task: TaskId, executionName: z.string(), reason: Refusal })
  .strict();
export const ClaimCompanyResult = z
  .object({
    /** False: the task is closed or holds nothing, and this recovery does nothing. */
    proceed: z.boolean(),
    task: z.string(),
    company: z.string(),
    epoch: Epoch,
    holder: z.string(),
    outcome: Outcome.nullable(),
    /** Of a closed task: what it could not clean. */
    debts: z.array(At),
  })
  .strict();
export type ClaimCompanyResult = z.infer<typeof ClaimCompanyResult>;

/** The part of EventBridge's "Step Functions Execution Status Change" that a recovery is started from. */
export const EndedExecutionEvent = z.object({
  id: z.string().min(1),
  detail: z.object({
    stateMachineArn: z.string(),
    name: z.string(),
    status: z.enum(['FAILED', 'TIMED_OUT', 'ABORTED']),
    /** Who stopped it, and why: a cancel says `TaskCancelled`. */
    error: z.string().nullish(),
    cause: z.string().nullish(),
    /** Left out by EventBridge when input and output together are above 248 KiB; ours are far below. */
    input: z.string(),
  }),
});
export type EndedExecutionEvent = z.infer<typeof EndedExecutionEvent>;

export const DecideDirectionResult = z
  .object({
    /** Forward (`migrated`, `removed` …): the commit mark is this task's. Back (`undone`): it is not. `refused`: nothing outside had been claimed. */
    outcome: Outcome,
    opens: z.array(At),
    fences: z.array(At),
    erases: z.array(At),
    /** Whose exports are deleted: one for the bucket they lie in. */
    discards: z.array(At),
    hooks: z.array(AtHook),
  })
  .strict();
export type DecideDirectionResult = z.infer<typeof DecideDirectionResult>;

/** `left`: at how many providers something is left. `incomplete`: of a removal, whose task stays open until nothing is. */
export const VerifyErasedResult = z
  .object({ clean: Count, left: Count, incomplete: z.boolean(), debts: z.array(At) })
  .strict();
export type VerifyErasedResult = z.infer<typeof VerifyErasedResult>;

/** A rule with a rate calls: nothing but the event's own id is used, so that the same event twice does the work once. */
export const ScheduledEvent = z.object({ id: z.string().min(1) });

/** What a sweep found and did, as numbers. */
export const SweepResult = z
  .object({
    open: Count,
    /** Age of the oldest open task that is not within its lock's time, 0 when there is none. */
    oldestSeconds: Count,
    recovered: Count,
    failed: Count,
    /** Removals whose commit is made and which some provider has not erased yet. */
    incomplete: Count,
    /** Cleanups started: of fallback copies whose grace is over, and of debts. */
    cleanups: Count,
    settles: Count,
    /** Cleanups that were refused or undone before and are due again. */
    cleanupsWaiting: Count,
    debtsWaiting: Count,
    discards: Count,
    expiries: Count,
    /** Backups that should have been deleted an hour ago or earlier. */
    expiriesLate: Count,
  })
  .strict();
export type SweepResult = z.infer<typeof SweepResult>;
