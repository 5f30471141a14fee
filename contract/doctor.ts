import { createHash } from 'node:crypto';
import { z } from 'zod';
import { Refusal } from './functions.ts';
import { Count, Instant, Location, ProviderName, Sha256 } from './names.ts';
import { Describe } from './provider.ts';
import type { Topology } from './topology.ts';

/**
 * What a person asks when no task runs: does everything answer. Providers are private to their datacenters, so each
 * datacenter's own function asks them and the gateway; the control region's asks the gateway and the table. Each also
 * says with which topology it was deployed.
 */

/** A company that nobody has: the gateway must answer CompanyUnknown, which it does only to a token that it knows. */
export const NOBODY = 'tanker-doctor-nobody';

export const AgentDoctorEvent = z.discriminatedUnion('ask', [
  z.object({ ask: z.literal('provider'), provider: ProviderName, location: Location }).strict(),
  z.object({ ask: z.literal('gateway') }).strict(),
  z.object({ ask: z.literal('topology') }).strict(),
]);
export type AgentDoctorEvent = z.infer<typeof AgentDoctorEvent>;

export const ControlDoctorEvent = z.object({ ask: z.enum(['gateway', 'table', 'topology']) }).strict();
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
    /** The fingerprint of the topology that is bundled with the function. */
    topology: Sha256.optional(),
  })
  .strict();
export type DoctorResult = z.infer<typeof DoctorResult>;

/** The same value as JSON with every object's members in the order of their names. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(members.map(([name, member]) => [name, canonical(member)]));
}

/** SHA-256 of a topology's canonical JSON, defaults included: equal for the same topology, however its file is written. */
export const topologyFingerprint = (topology: Topology): string =>
  createHash('sha256')
    .update(JSON.stringify(canonical(topology)))
    .digest('hex');
