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

export const AgentEnvironment = z.object({
  ...Common,
  DATACENTER: DatacenterName,
  /** Read by Node and by the C library before the handler is: how a transfer keeps its memory small. */
  NODE_OPTIONS: z.string().optional(),
  MALLOC_ARENA_MAX: z.string().optional(),
});
export type AgentEnvironment = z.infer<typeof AgentEnvironment>;

const IdList = z.string().regex(/^[a-z0-9-]+(,[a-z0-9-]+)*$/, 'ids with commas between');

/** What `launch` knows of its own stack's network. */
export const LaunchEnvironment = z.object({
  ...Common,
  DATACENTER: DatacenterName,
  SUBNET_IDS: IdList,
  SECURITY_GROUP_IDS: IdList,
  ASSIGN_PUBLIC_IP: z.enum(['ENABLED', 'DISABLED']),
});
export type LaunchEnvironment = z.infer<typeof LaunchEnvironment>;

/** The transfer task's: set by its definition, and TRANSFER_WORK by the run that starts it. */
export const TransferTaskEnvironment = z.object({
  TOPOLOGY_FILE: Common.TOPOLOGY_FILE,
  POWERTOOLS_SERVICE_NAME: Common.POWERTOOLS_SERVICE_NAME,
  DATACENTER: DatacenterName,
});
export type TransferTaskEnvironment = z.infer<typeof TransferTaskEnvironment>;

/** The variable that a run of the transfer task adds: a TransferWork as JSON. */
export const TRANSFER_WORK_VARIABLE = 'TRANSFER_WORK';
