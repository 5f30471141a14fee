import { z } from 'zod';
import { Refusal } from './functions.ts';
import { MAX_BACKUP_DAYS } from './limits.ts';
import { CompanyId, DatacenterName, Location, ServerName, TaskId } from './names.ts';
import { Outcome, type TaskOperation } from './operations.ts';
import { Plan } from './plan.ts';
import { Debt } from './records.ts';

/** Input and output of each state machine: what a backoffice sends to StartExecution and gets from DescribeExecution. */

/** The execution's name must be the task id. Keep the input free of times: the same task is byte for byte the same. */
const Asked = {
  task: TaskId,
  company: CompanyId,
  requestedBy: z.string().min(1).max(100),
  reason: z.string().min(1).max(200),
  /** Ends after plan: the same checks and the same refusals, no claim, no epoch, nothing outside the record. */
  dryRun: z.literal(true).optional(),
};

/** Without a server: the datacenter's only one. */
const Place = z.object({ datacenter: DatacenterName, server: ServerName.optional() }).strict();
export type Place = z.infer<typeof Place>;

/** Days for which a backup may be restored; absent: the topology's `retention.backupDays`, which is the most. */
const keepDays = z.int().min(0).max(MAX_BACKUP_DAYS).optional();

export const MigrateInput = z
  .object({ ...Asked, to: Place })
  .strict()
  .meta({ id: 'MigrateInput' });
export type MigrateInput = z.infer<typeof MigrateInput>;

export const BackupInput = z
  .object({ ...Asked, keepDays })
  .strict()
  .meta({ id: 'BackupInput' });
export type BackupInput = z.infer<typeof BackupInput>;

export const RestoreInput = z
  .object({
    ...Asked,
    /** The backup, by the task that made it. */
    backup: TaskId,
    to: Place,
  })
  .strict()
  .meta({ id: 'RestoreInput' });
export type RestoreInput = z.infer<typeof RestoreInput>;

export const RemoveInput = z
  .object({
    ...Asked,
    /** 0: nobody can restore, and the backup is deleted by the next sweep. */
    keepDays,
    /**
     * Home becomes `erased`: no backup of the company, of whatever task, can ever be restored. The only removal of a
     * company that was removed before.
     */
    final: z.literal(true).optional(),
  })
  .strict()
  .meta({ id: 'RemoveInput' });
export type RemoveInput = z.infer<typeof RemoveInput>;

export const CleanupInput = z
  .object({
    ...Asked,
    /** Where a move left its fallback copy, or an erase left debts. */
    at: Place,
    /** Gives the fallback copy up before its grace days are over. */
    early: z.literal(true).optional(),
    /** Gives the fallback copy up though somebody wrote there since the move: people have looked, and nobody needs it. */
    acceptChanges: z.literal(true).optional(),
  })
  .strict()
  .meta({ id: 'CleanupInput' });
export type CleanupInput = z.infer<typeof CleanupInput>;

/** What each operation's machine is started with. */
export const INPUTS = {
  migrate: MigrateInput,
  backup: BackupInput,
  restore: RestoreInput,
  remove: RemoveInput,
  cleanup: CleanupInput,
} as const satisfies Record<TaskOperation, z.ZodType>;
export type InputOf<O extends TaskOperation> = z.infer<(typeof INPUTS)[O]>;

const Ended = { task: TaskId, company: CompanyId };
const planned = z.object({ ...Ended, outcome: z.literal('planned'), plan: Plan }).strict();

/** The output of a task that was done, or of a dry run; any other end fails with a named error. */
export const TaskOutput = z.discriminatedUnion('outcome', [
  z.object({ ...Ended, outcome: z.literal('migrated'), from: Location, to: Location }).strict(),
  z.object({ ...Ended, outcome: z.literal('backed-up'), from: Location }).strict(),
  z.object({ ...Ended, outcome: z.literal('restored'), to: Location }).strict(),
  /** Null: it lived nowhere any more, and was erased for good. */
  z.object({ ...Ended, outcome: z.literal('removed'), from: Location.nullable() }).strict(),
  z.object({ ...Ended, outcome: z.literal('cleaned'), debts: z.array(Debt) }).strict(),
  planned,
]);
export type TaskOutput = z.infer<typeof TaskOutput>;

export const RecoverInput = z.object({ task: TaskId, reason: Refusal }).strict().meta({ id: 'RecoverInput' });
export type RecoverInput = z.infer<typeof RecoverInput>;

/**
 * `nothing`: the task was closed already, or never held its company. `incomplete`: a removal's commit is made, and some
 * provider still holds something; the task stays open and is recovered again.
 */
export const RecoverOutput = z
  .object({
    task: TaskId,
    outcome: z.union([Outcome, z.enum(['nothing', 'incomplete'])]),
    debts: z.array(Debt),
  })
  .strict();
export type RecoverOutput = z.infer<typeof RecoverOutput>;
