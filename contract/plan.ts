import { z } from 'zod';
import { Count, Location, ProviderName } from './names.ts';
import { HookName } from './operations.ts';
import { Format, Incarnation } from './provider.ts';

export const PlannedProvider = z
  .object({
    name: ProviderName,
    sourceIncarnation: Incarnation,
    targetIncarnation: Incarnation,
    format: Format,
    rows: Count,
    bytes: Count,
    /** Where its export and import run, chosen once. A plan of a version before Fargate says nothing: Lambda. */
    transfer: z.enum(['lambda', 'fargate']).default('lambda'),
    sourceHooks: z.array(HookName),
    targetHooks: z.array(HookName),
  })
  .strict();
export type PlannedProvider = z.infer<typeof PlannedProvider>;

/** What plan decided, fixed for the task's life: recovery works from it. */
export const Plan = z
  .object({
    from: Location,
    to: Location,
    version: z.int().min(0),
    providers: z.array(PlannedProvider),
    waves: z.array(z.array(ProviderName)),
    estimate: z.object({ bytes: Count, seconds: z.number().min(0) }).strict(),
  })
  .strict();
export type Plan = z.infer<typeof Plan>;
