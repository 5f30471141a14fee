import { z } from 'zod';
import { Refusal } from './functions.ts';
import { Count, Instant, Location, ProviderName } from './names.ts';
import { Describe } from './provider.ts';

/**
 * What a person asks when no task runs: does everything answer. Providers are private to their datacenters, so each
 * datacenter's own function asks them and the gateway; the control region's asks the gateway and the table.
 */

/** A company that nobody has: the gateway must answer CompanyUnknown, which it does only to a token that it knows. */
export const NOBODY = 'tanker-doctor-nobody';

export const AgentDoctorEvent = z.discriminatedUnion('ask', [
  z.object({ ask: z.literal('provider'), provider: ProviderName, location: Location }).strict(),
  z.object({ ask: z.literal('gateway') }).strict(),
]);
export type AgentDoctorEvent = z.infer<typeof AgentDoctorEvent>;

export const ControlDoctorEvent = z.object({ ask: z.enum(['gateway', 'table']) }).strict();
export type ControlDoctorEvent = z.infer<typeof ControlDoctorEvent>;

/** An ill patient is a value, not a failure: the function did what it was asked. */
export const DoctorResult = z
  .object({
    /** Null: all is well. */
    refusal: Refusal.nullable(),
    roundTripMilliseconds: Count,
    /** The function's clock when it had the answer. */
    now: Instant,
    /** A provider's own words. */
    describe: Describe.optional(),
  })
  .strict();
export type DoctorResult = z.infer<typeof DoctorResult>;
