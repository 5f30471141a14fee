import { z } from 'zod';
import { DatacenterName } from './names.ts';

/**
 * The environment of each function, as schemas with exactly two readers: the construct that sets it and the handler
 * that reads it. Everything else a function needs stands in the topology that is bundled with it (TOPOLOGY_FILE).
 */
const Common = {
  /** Path of the bundled topology, relative to the function's own folder. */
  TOPOLOGY_FILE: z.string().min(1),
  POWERTOOLS_SERVICE_NAME: z.string().min(1),
  POWERTOOLS_METRICS_NAMESPACE: z.string().min(1),
};

export const ControlEnvironment = z.object(Common);
export type ControlEnvironment = z.infer<typeof ControlEnvironment>;

export const AgentEnvironment = z.object({ ...Common, DATACENTER: DatacenterName });
export type AgentEnvironment = z.infer<typeof AgentEnvironment>;
