import { z } from 'zod';
import { Exported, ManifestReference, Retention } from './manifest.ts';
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
import { HookName, Phase } from './operations.ts';
import { Incarnation, Work } from './provider.ts';

/** Payloads of the functions of a datacenter: the same schema types the caller and guards the handler. */

/** Who acts for a task: fixed when the execution starts, never read again from the table. */
const Actor = { task: TaskId, company: CompanyId, epoch: Epoch, holder: Holder };

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
/** Hooks that the provider offers and that run inside a transfer, keyed by company, task and name like every hook. */
const Hooked = { version: z.int().min(0).default(0), hooks: z.array(HookName).default([]) };

export const AgentEvent = z.discriminatedUnion('action', [
  z.object({ action: z.literal('describe'), ...AgentCommon }).strict(),
  /**
   * With a deadline it waits until then, in milliseconds since 1970, for what is pending; without one only a moment.
   * `acceptPending`: people have said that what is pending goes, so that it is counted and no failure.
   */
  z
    .object({
      action: z.literal('drain'),
      ...AgentCommon,
      deadlineMillis: z.int().optional(),
      acceptPending: z.literal(true).optional(),
    })
    .strict(),
  z
    .object({
      action: z.literal('export'),
      ...Fenced,
      ...Hooked,
      grant: z.int().min(1),
      retention: Retention.default('transfer'),
    })
    .strict(),
  z.object({ action: z.literal('open'), ...Fenced }).strict(),
  z
    .object({
      action: z.literal('import'),
      ...Fenced,
      ...Hooked,
      manifest: ManifestReference,
      /** Of a restore: the backup's task and epoch. Absent: this task's own. */
      exported: Exported.optional(),
    })
    .strict(),
  z.object({ action: z.literal('seal'), ...Fenced }).strict(),
  z.object({ action: z.literal('fence'), ...Fenced }).strict(),
  /** It reads the provider's incarnation itself, before it reads the authority: a provider restored since then refuses. */
  z
    .object({ action: z.literal('erase'), ...AgentCommon, version: z.int().min(0), reason: z.string() })
    .strict(),
  z.object({ action: z.literal('hook'), ...Fenced, hook: HookName, version: z.int().min(0) }).strict(),
  z.object({ action: z.literal('discard'), ...AgentCommon }).strict(),
]);
export type AgentEvent = z.infer<typeof AgentEvent>;

/** What the sweeper hands to a discard agent. Nobody waits: the agent's word goes onto the due date's own row. */
export const DiscardDueEvent = z
  .object({
    due: z.enum(['discard-exports', 'expire-backup']),
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

/**
 * Workers that one call of launch starts: four side by side are three rounds, 0.6 s at ECS's usual 0.2 s for a start and
 * 9 s at 3 s, within the 10 s that a caller waits (INVOKE_TIMEOUT_MS) and RunTask's 20 a second. Source: ECS, "Request
 * throttling".
 */
export const STARTS_A_CALL = 10;

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
