import { z } from 'zod';
import { Progress } from './agent-functions.ts';
import { Refusal } from './functions.ts';
import { Exported, ManifestReference, Retention } from './manifest.ts';
import {
  CompanyId,
  Count,
  Epoch,
  formatLocation,
  Holder,
  Instant,
  Location,
  ProviderName,
  TaskId,
} from './names.ts';
import { Action, HookName, Outcome, Phase, TaskOperation } from './operations.ts';
import { Plan } from './plan.ts';
import { CollectionDigest, Describe, Format, Incarnation, Summary, Watermark, Work } from './provider.ts';

/** The records of the table. Keys are made here and nowhere else. Terminal states carry `ttl`, in epoch seconds. */

const epochInKey = (epoch: number): string => String(epoch).padStart(10, '0');

interface SubtaskKey {
  readonly task: string;
  readonly epoch: number;
  readonly phase: string;
  readonly action: string;
  readonly provider: string;
  readonly location: Location;
}

const subtaskName = ({ epoch, phase, action, provider, location }: SubtaskKey): string =>
  [epochInKey(epoch), phase, action, provider, formatLocation(location)].join('#');

export const keys = {
  claim: (company: string) => ({ pk: `company#${company}`, sk: 'claim' }),
  debt: (company: string, location: Location, provider: string) => ({
    pk: `company#${company}`,
    sk: `debt#${location.datacenter}/${location.server}#${provider}`,
  }),
  debts: (company: string) => ({ pk: `company#${company}`, prefix: 'debt#' }),
  fallback: (company: string, location: Location) => ({
    pk: `company#${company}`,
    sk: `fallback#${location.datacenter}/${location.server}`,
  }),
  fallbacks: (company: string) => ({ pk: `company#${company}`, prefix: 'fallback#' }),
  backup: (company: string, task: string) => ({ pk: `company#${company}`, sk: `backup#${task}` }),
  backups: (company: string) => ({ pk: `company#${company}`, prefix: 'backup#' }),
  ledger: (company: string, task: string) => ({ pk: `company#${company}`, sk: `ledger#${task}` }),
  ledgers: (company: string) => ({ pk: `company#${company}`, prefix: 'ledger#' }),
  task: (task: string) => ({ pk: `task#${task}`, sk: 'task' }),
  subtask: (at: SubtaskKey) => ({ pk: `task#${at.task}`, sk: `subtask#${subtaskName(at)}` }),
  /** A Fargate worker of the subtask, from its start until it has taken the subtask's row. */
  worker: (at: SubtaskKey) => ({ pk: `task#${at.task}`, sk: `worker#${subtaskName(at)}` }),
  workers: (task: string) => ({ pk: `task#${task}`, prefix: 'worker#' }),
  subtasks: (task: string) => ({ pk: `task#${task}`, prefix: 'subtask#' }),
  /** Those of the plan, before any epoch. */
  describes: (task: string) => ({ pk: `task#${task}`, prefix: `subtask#${epochInKey(0)}#` }),
  /** Those under an epoch; "~" stands behind every digit. */
  claimedSubtasks: (task: string) => ({
    pk: `task#${task}`,
    first: `subtask#${epochInKey(1)}`,
    last: 'subtask#~',
  }),
  log: (task: string, at: string, unique: string) => ({ pk: `task#${task}`, sk: `log#${at}#${unique}` }),
  logs: (task: string) => ({ pk: `task#${task}`, prefix: 'log#' }),
  due: (due: string, at: string, task: string) => ({ pk: `due#${due}`, sk: `${at}#${task}` }),
  dues: (due: string) => ({ pk: `due#${due}` }),
} as const;

/** A provider at a location that could not be cleaned. */
export const Debt = z.object({ provider: ProviderName, location: Location }).strict();
export type Debt = z.infer<typeof Debt>;

const taskFields = {
  kind: z.literal('task'),
  task: TaskId,
  operation: TaskOperation,
  company: z.string(),
  executionArn: z.string(),
  input: z.unknown(),
  requestedBy: z.string(),
  reason: z.string(),
  createdAt: Instant,
  /** The phase that was begun last, and when each was begun; one phase lasts until the next begins. */
  phase: Phase,
  phases: z.record(z.string(), Instant),
  /** The epoch of the company's row when the task was opened: who has held the company since then has raised it. */
  seenEpoch: Epoch.optional(),
  /** The epoch and holder under which the task acts now; 0 and null before the claim. */
  epoch: Epoch,
  holder: Holder.nullable(),
  /** Set from the claim in the table on. */
  plan: Plan.optional(),
  lock: z
    .object({ grant: z.int(), lockedAt: Instant, deadline: Instant, unlockedAt: Instant.optional() })
    .optional(),
  verified: z.object({ epoch: Epoch, at: Instant, rows: Count }).optional(),
  committed: z.object({ version: z.int(), at: Instant }).optional(),
  /** Recoveries started so far, and what made the first one necessary. */
  recoveries: Count,
  /** The recovery that was started last: whoever looks whether the task is worked on looks at it too. */
  lastRecovery: z.object({ name: z.string(), at: Instant }).strict().optional(),
  failure: Refusal.optional(),
  /** After a removal's commit: what still holds something. The task stays open until nothing does. */
  incomplete: z
    .object({
      since: Instant,
      left: z.array(Debt),
      /** Rows erased so far: the subtasks that say so are forgotten before a removal that takes long is complete. */
      erasedRows: Count.default(0),
    })
    .strict()
    .optional(),
  /** What the last recovery decided, valid under its epoch only. */
  direction: z.object({ epoch: Epoch, outcome: Outcome }).optional(),
};

export const TaskRecord = z.discriminatedUnion('state', [
  z.object({ ...taskFields, state: z.literal('open') }),
  z.object({
    ...taskFields,
    state: z.literal('closed'),
    outcome: Outcome,
    closedAt: Instant,
    debts: z.array(Debt),
    ttl: z.int(),
  }),
]);
export type TaskRecord = z.infer<typeof TaskRecord>;

/** What a succeeded subtask leaves on the record, by action. */
export const SubtaskResult = z.discriminatedUnion('action', [
  z.object({ action: z.literal('describe'), describe: Describe, summary: Summary }),
  z.object({
    action: z.literal('drain'),
    watermark: Watermark,
    polls: Count,
    /** What is pending still, where that was accepted beforehand. */
    pending: Count.optional(),
  }),
  z.object({
    action: z.literal('export'),
    manifest: ManifestReference,
    format: Format,
    parts: Count,
    rows: Count,
    /** The same number three times, counted at three places: verification compares them. */
    bytesProvider: Count,
    bytesStreamed: Count,
    bytesStored: Count,
    collections: z.array(CollectionDigest),
    watermark: Watermark,
    /** Hooks that ran here, before the data was read. */
    hooks: z.array(HookName).default([]),
  }),
  z.object({ action: z.literal('open'), home: z.boolean() }),
  z.object({
    action: z.literal('import'),
    rows: Count,
    bytes: Count,
    manifestSha256: z.string(),
    hooks: z.array(HookName).default([]),
  }),
  z.object({ action: z.literal('seal'), collections: z.array(CollectionDigest), watermark: Watermark }),
  z.object({ action: z.literal('fence') }),
  z.object({
    action: z.literal('erase'),
    erased: z.object({ rows: Count, staging: Count }),
    left: z.object({ rows: Count, staging: Count }),
  }),
  z.object({ action: z.literal('hook'), hook: HookName, ran: z.boolean() }),
  z.object({ action: z.literal('discard'), objects: Count, uploads: Count }),
]);
export type SubtaskResult = z.infer<typeof SubtaskResult>;

/** What a Fargate worker needs beside the row it stands in; dispatch writes it in the same write as the token. */
export const WorkerOrder = z
  .object({
    holder: Holder,
    incarnation: Incarnation,
    version: z.int().min(0).default(0),
    hooks: z.array(HookName).default([]),
    /** An export's. */
    grant: z.int().min(1).optional(),
    retention: Retention.optional(),
    /** An import's. */
    manifest: ManifestReference.optional(),
    exported: Exported.optional(),
    /** The start of the worker that is expected to take it. */
    worker: z.string(),
  })
  .strict();
export type WorkerOrder = z.infer<typeof WorkerOrder>;

const subtaskFields = {
  kind: z.literal('subtask'),
  task: TaskId,
  company: CompanyId,
  phase: Phase,
  action: Action,
  provider: ProviderName,
  location: Location,
  epoch: Epoch,
  attempt: z.int().min(1),
  dispatchedAt: Instant,
  /** The task token; kept here so that a worker or a rule can settle it, removed when settled. */
  token: z.string().optional(),
  /** Only where the worker is a Fargate task; a function gets it as its event. */
  order: WorkerOrder.optional(),
};
const runningFields = {
  worker: z.string(),
  startedAt: Instant,
  progress: Progress.optional(),
  beatAt: Instant.optional(),
};

/** One action of a task on one provider: dispatched → running → succeeded or failed; a new attempt begins anew. */
export const SubtaskRecord = z.discriminatedUnion('state', [
  z.object({ ...subtaskFields, state: z.literal('dispatched') }),
  z.object({ ...subtaskFields, ...runningFields, state: z.literal('running') }),
  z.object({
    ...subtaskFields,
    ...runningFields,
    state: z.literal('succeeded'),
    endedAt: Instant,
    result: SubtaskResult,
    /** Intervals of work that grow with the data: the agent's streams, the provider's publish and digests. */
    work: z.array(Work),
    ttl: z.int(),
  }),
  z.object({
    ...subtaskFields,
    state: z.literal('failed'),
    endedAt: Instant,
    error: z.string(),
    cause: z.string(),
    ttl: z.int(),
  }),
]);
export type SubtaskRecord = z.infer<typeof SubtaskRecord>;

/**
 * A Fargate worker that was started before its subtask: launched → waiting → taken, or stopped before that. It says who
 * may be counted on; it decides nothing.
 */
export const WorkerRecord = z.object({
  kind: z.literal('worker'),
  state: z.enum(['launched', 'waiting', 'taken', 'stopped']),
  task: TaskId,
  epoch: Epoch,
  phase: Phase,
  action: Action,
  provider: ProviderName,
  location: Location,
  worker: z.string(),
  launchedAt: Instant,
  beatAt: Instant.optional(),
  /** Why it stopped, in ECS's words. */
  stopped: z.string().optional(),
  ttl: z.int(),
});
export type WorkerRecord = z.infer<typeof WorkerRecord>;

/** A line of the task's log: who did what, when, with counts. No customer data. */
export const LogRecord = z.object({
  kind: z.literal('log'),
  task: TaskId,
  at: Instant,
  phase: Phase,
  /** The function that writes, and under which epoch. */
  by: z.string(),
  epoch: Epoch,
  what: z.string(),
  ttl: z.int(),
});
export type LogRecord = z.infer<typeof LogRecord>;
