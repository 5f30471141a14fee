import { z } from 'zod';
import { Refusal } from './functions.ts';
import { CompanyId, DatacenterName, Location, ServerName, TaskId } from './names.ts';
import { Outcome } from './operations.ts';
import { Plan } from './plan.ts';
import { Debt } from './records.ts';

/** Input and output of each state machine: what a backoffice sends to StartExecution and gets from DescribeExecution. */

/** The execution's name must be the task id. Keep the input free of times: the same task is byte for byte the same. */
export const MigrateInput = z
  .object({
    task: TaskId,
    company: CompanyId,
    /** Without a server: the datacenter's only one. */
    to: z.object({ datacenter: DatacenterName, server: ServerName.optional() }).strict(),
    requestedBy: z.string().min(1).max(100),
    reason: z.string().min(1).max(200),
    /** Ends after plan: the same checks and the same refusals, no claim, no epoch, nothing outside the record. */
    dryRun: z.literal(true).optional(),
  })
  .strict()
  .meta({ id: 'MigrateInput' });
export type MigrateInput = z.infer<typeof MigrateInput>;

/** The output of a migration that moved the company, or of a dry run; any other end fails with a named error. */
export const MigrateOutput = z.discriminatedUnion('outcome', [
  z
    .object({
      task: TaskId,
      company: CompanyId,
      outcome: z.literal('migrated'),
      from: Location,
      to: Location,
    })
    .strict(),
  z.object({ task: TaskId, company: CompanyId, outcome: z.literal('planned'), plan: Plan }).strict(),
]);
export type MigrateOutput = z.infer<typeof MigrateOutput>;

export const RecoverInput = z.object({ task: TaskId, reason: Refusal }).strict().meta({ id: 'RecoverInput' });
export type RecoverInput = z.infer<typeof RecoverInput>;

/** `nothing`: the task was closed already, or never held its company. */
export const RecoverOutput = z
  .object({ task: TaskId, outcome: z.union([Outcome, z.literal('nothing')]), debts: z.array(Debt) })
  .strict();
export type RecoverOutput = z.infer<typeof RecoverOutput>;
