import { z } from 'zod';
import { Count, Instant, Location, ProviderName, TaskId } from './names.ts';
import { HookName } from './operations.ts';
import { Format, Incarnation } from './provider.ts';

export const PlannedProvider = z
  .object({
    name: ProviderName,
    /** As read at `from` (of a cleanup: where the fallback lies) and at `to`; absent where the operation has no such side. */
    sourceIncarnation: Incarnation.optional(),
    targetIncarnation: Incarnation.optional(),
    /** What the source writes, or what the backup was written in. Without one nothing of the provider is moved. */
    format: Format.optional(),
    rows: Count,
    bytes: Count,
    /** Where its export and import run, chosen once. A plan of a version before Fargate says nothing: Lambda. */
    transfer: z.enum(['lambda', 'fargate']).default('lambda'),
    sourceHooks: z.array(HookName).default([]),
    targetHooks: z.array(HookName).default([]),
  })
  .strict();
export type PlannedProvider = z.infer<typeof PlannedProvider>;

/** What plan decided, fixed for the task's life: recovery works from it. Which fields there are follows from the operation. */
export const Plan = z
  .object({
    /** Home, where providers export: migrate, backup, remove. */
    from: Location.optional(),
    /** Where providers import: migrate, restore. */
    to: Location.optional(),
    /** What going forward erases: remove, every location of the topology; cleanup, the one that is given up. */
    erases: z.array(Location).default([]),
    /** The backup that a restore imports, by the task that made it. */
    backup: TaskId.optional(),
    /** What a backup or a remove leaves: until when its backup may be restored. */
    expiresAt: Instant.optional(),
    /** A remove that forbids every restore. */
    final: z.literal(true).optional(),
    /** A cleanup's: what lies there. A `fallback` is given up by the commit; `debts` belong to nobody any more. */
    leftover: z.enum(['fallback', 'debts']).optional(),
    /** The placement version as read: the commit point is refused under any other. */
    version: z.int().min(0),
    providers: z.array(PlannedProvider),
    waves: z.array(z.array(ProviderName)),
    estimate: z.object({ bytes: Count, seconds: z.number().min(0) }).strict(),
  })
  .strict();
export type Plan = z.infer<typeof Plan>;

function sideOf(plan: Plan, side: 'from' | 'to'): Location {
  const location = plan[side];
  if (location) return location;
  throw new Error(`the plan has no "${side}": its operation does not use one`);
}

/** Where the plan's providers export. Throws for an operation without a source. */
export const sourceOf = (plan: Plan): Location => sideOf(plan, 'from');
/** Where the plan's providers import. Throws for an operation without a target. */
export const targetOf = (plan: Plan): Location => sideOf(plan, 'to');
