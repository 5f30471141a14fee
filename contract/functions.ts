import { z } from 'zod';
import { ManifestReference } from './manifest.ts';
import {
  CompanyId,
  Count,
  DatacenterName,
  Epoch,
  Holder,
  Instant,
  Location,
  ProviderName,
  TaskId,
} from './names.ts';
import { Action, HookName, Outcome, Phase, TaskOperation } from './operations.ts';
import { Plan } from './plan.ts';
import { Incarnation, Work } from './provider.ts';

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

export const PlanMigrationEvent = z
  .object({ task: TaskId, company: CompanyId, executionName: z.string(), describes: z.array(SubtaskStatus) })
  .strict();
export const PlanMigrationResult = z
  .object({
    refusal: Refusal.nullable(),
    epoch: Epoch,
    holder: z.string(),
    from: Location.nullable(),
    to: Location.nullable(),
    providers: z.array(ProviderName),
    /** Import order: every provider stands in a later wave than those it imports after. */
    waves: z.array(z.array(ProviderName)),
    afterMigrateHooks: z.array(z.object({ provider: ProviderName, location: Location }).strict()),
    /** A dry run's answer, and the sign to end here: 200 providers × 400 octets are 80 KB of the 256 KiB. */
    planned: Plan.nullable(),
  })
  .strict();
export type PlanMigrationResult = z.infer<typeof PlanMigrationResult>;

export const ActorEvent = z.object(Actor).strict();
export type ActorEvent = z.infer<typeof ActorEvent>;

export const LockTrafficResult = z
  .object({
    grant: z.int().min(1),
    lockedAt: Instant,
    /** When the lock budget is used up, in milliseconds since 1970: what JSONata's $millis() is compared with. */
    deadlineMillis: z.int(),
  })
  .strict();

export const PrepareWorkersResult = z
  .object({
    environments: Count,
    /** Fargate workers that were started and don't wait for their subtask yet: the machine asks again. */
    starting: Count,
  })
  .strict();
export const VerifyExportsResult = z.object({ providers: Count, rows: Count, bytes: Count }).strict();
export const VerifyTargetResult = z.object({ providers: Count, rows: Count }).strict();
export const CommitPlacementEvent = z.object({ ...Actor, grant: z.int().min(1) }).strict();
export const CommitPlacementResult = z.object({ version: z.int().min(1), committedAt: Instant }).strict();
export const UnlockTrafficResult = z.object({ unbroken: z.boolean(), unlockedAt: Instant }).strict();

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
export const CloseTaskResult = z
  .object({
    outcome: Outcome,
    debts: z.array(z.object({ provider: ProviderName, location: Location }).strict()),
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
    /** Left out by EventBridge when input and output together are above 248 KiB; ours are far below. */
    input: z.string(),
  }),
});

const At = z.object({ provider: ProviderName, location: Location }).strict();
export const DecideDirectionResult = z
  .object({
    /** Forward (`migrated`): the commit mark is this task's. Back (`undone`): it is not. `refused`: nothing outside had been claimed. */
    outcome: Outcome,
    /** The source, whose bucket holds the task's exports. */
    from: Location,
    opens: z.array(At),
    fences: z.array(At),
    erases: z.array(At),
    hooks: z.array(z.object({ provider: ProviderName, location: Location, hook: HookName }).strict()),
  })
  .strict();
export type DecideDirectionResult = z.infer<typeof DecideDirectionResult>;

export const VerifyErasedEvent = z.object({ ...Actor, erases: z.array(SubtaskStatus) }).strict();
export const VerifyErasedResult = z.object({ clean: Count, debts: z.array(At) }).strict();

/** What dispatch hands to an agent: everything it needs, so that it never asks the table what to do. */
const AgentCommon = {
  ...Actor,
  phase: Phase,
  provider: ProviderName,
  location: Location,
  attempt: z.int().min(1),
  token: z.string().min(1).max(2048),
};
const Fenced = { ...AgentCommon, incarnation: Incarnation };

export const AgentEvent = z.discriminatedUnion('action', [
  z.object({ action: z.literal('describe'), ...AgentCommon }).strict(),
  z.object({ action: z.literal('drain'), ...AgentCommon }).strict(),
  z.object({ action: z.literal('export'), ...Fenced, grant: z.int().min(1) }).strict(),
  z.object({ action: z.literal('open'), ...Fenced }).strict(),
  z.object({ action: z.literal('import'), ...Fenced, manifest: ManifestReference }).strict(),
  z.object({ action: z.literal('seal'), ...Fenced }).strict(),
  z.object({ action: z.literal('fence'), ...Fenced }).strict(),
  z.object({ action: z.literal('erase'), ...Fenced, version: z.int().min(0), reason: z.string() }).strict(),
  z.object({ action: z.literal('hook'), ...Fenced, hook: HookName, version: z.int().min(0) }).strict(),
  z.object({ action: z.literal('discard'), ...AgentCommon }).strict(),
]);
export type AgentEvent = z.infer<typeof AgentEvent>;

/** A rule with a rate calls: nothing but the event's own id is used, so that the same event twice does the work once. */
export const ScheduledEvent = z.object({ id: z.string().min(1) });

/** What a sweep found and did, as numbers. */
export const SweepResult = z
  .object({
    open: Count,
    /** Age of the oldest open task, 0 when none is open. */
    oldestSeconds: Count,
    recovered: Count,
    failed: Count,
    cleanupsWaiting: Count,
    discards: Count,
  })
  .strict();
export type SweepResult = z.infer<typeof SweepResult>;

/** What the sweeper hands to a discard agent. Nobody waits: the agent's word goes onto the due date's own row. */
export const DiscardDueEvent = z
  .object({
    due: z.literal('discard-exports'),
    at: Instant,
    task: TaskId,
    company: CompanyId,
    datacenter: DatacenterName,
  })
  .strict();
export type DiscardDueEvent = z.infer<typeof DiscardDueEvent>;

/** What one look at a datacenter's providers opened, as numbers. */
export const OpenExpiredResult = z
  .object({ closed: Count, opened: Count, kept: Count, failed: Count })
  .strict();
export type OpenExpiredResult = z.infer<typeof OpenExpiredResult>;

/**
 * All that a Fargate worker is started with: which subtask it is for, under which epoch. The attempt and the token stand
 * in the subtask's row once it is dispatched. About 400 characters of the 8,192 that ECS takes as overrides.
 */
export const TransferWork = z
  .object({
    ...Actor,
    phase: Phase,
    action: z.enum(['export', 'import']),
    provider: ProviderName,
    location: Location,
    /** Names one start: the same for a repeat of it, which then starts nothing (ECS's clientToken). */
    worker: z.string().regex(/^[0-9a-f]{32}$/, '32 hexadecimal digits'),
  })
  .strict();
export type TransferWork = z.infer<typeof TransferWork>;

/** Starts the worker of a subtask that is dispatched already: launch beats until the worker does. */
export const LaunchWorkerEvent = z
  .object({ work: TransferWork, token: z.string().min(1).max(2048) })
  .strict();
export type LaunchWorkerEvent = z.infer<typeof LaunchWorkerEvent>;

/** Starts at one call is what launch does in about 3 s, at RunTask's 20 a second. Source: ECS, "Request throttling". */
export const STARTS_A_CALL = 50;

/** Starts workers ahead of their subtasks. */
export const StartWorkersEvent = z
  .object({ works: z.array(TransferWork).min(1).max(STARTS_A_CALL) })
  .strict();
export type StartWorkersEvent = z.infer<typeof StartWorkersEvent>;

export const LaunchEvent = z.union([LaunchWorkerEvent, StartWorkersEvent]);
export type LaunchEvent = z.infer<typeof LaunchEvent>;

/** The part of ECS's "ECS Task State Change" that a stopped worker is reported from. */
export const StoppedTaskEvent = z.object({
  detail: z.object({
    taskArn: z.string(),
    lastStatus: z.literal('STOPPED'),
    stopCode: z.string().optional(),
    stoppedReason: z.string().optional(),
    overrides: z.object({
      containerOverrides: z.array(
        z.object({
          name: z.string(),
          environment: z.array(z.object({ name: z.string(), value: z.string() })).optional(),
        }),
      ),
    }),
    containers: z.array(
      z.object({ name: z.string(), exitCode: z.int().optional(), reason: z.string().optional() }),
    ),
  }),
});
export type StoppedTaskEvent = z.infer<typeof StoppedTaskEvent>;

/** Starts an execution environment and holds it for a moment, so that several calls start several environments. */
export const WarmEvent = z
  .object({ warm: z.literal(true), holdMilliseconds: z.int().min(0).max(1000) })
  .strict();
export type WarmEvent = z.infer<typeof WarmEvent>;

/** Progress of a worker, written beside its heartbeats. */
export const Progress = z.object({ bytes: Count, parts: Count }).strict();
export type Progress = z.infer<typeof Progress>;

export { Work };
