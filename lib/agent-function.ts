import {
  CONTROL_TIMEOUT_SECONDS,
  SUBTASK_TIMEOUT_SECONDS,
  WORKER_START_SECONDS,
} from '@tanker/contract/limits.ts';
import {
  type AgentFunction as AgentFunctionId,
  agentFunctionName,
  DOCTOR,
  LAUNCH,
  OPEN_EXPIRED,
  REPORT_FAILURE,
  REPORT_STOPPED_TASK,
} from '@tanker/contract/resource-names.ts';
import type { Topology } from '@tanker/contract/topology.ts';
import { Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { acknowledgeExportObjects, acknowledgeForeignKeys, acknowledgeSecrets } from './acknowledgements.ts';
import type { Bundles } from './bundle.ts';
import { AGENT_GRANTS } from './grants.ts';
import { commonEnvironment, NodeFunction } from './node-function.ts';
import { pascalCase } from './paths.ts';
import { agentStatements, mayInvoke, type OwnDatacenter, wildcards } from './statements.ts';
import { TRANSFER_MALLOC_ARENAS, TRANSFER_NODE_OPTIONS } from './transfer-process.ts';

/** Lambda ends every function after 900 s; a transfer may use them all. Source: Lambda quotas. */
const TRANSFER_TIMEOUT_SECONDS = 900;

/** One vCPU for streaming and hashing. Lambda gives CPU by memory, 1,769 MB for one. Source: Lambda, "Configure memory". */
const TRANSFER_MEMORY_MEGABYTES = 1769;

/** Variables that Node and the C library read. */
const TRANSFER_PROCESS = {
  NODE_OPTIONS: TRANSFER_NODE_OPTIONS.join(' '),
  MALLOC_ARENA_MAX: TRANSFER_MALLOC_ARENAS,
};

/** Every other agent waits for a provider: 512 MB is 0.29 vCPU. */
const CALL_MEMORY_MEGABYTES = 512;

/**
 * An invocation that Lambda could not run within this time goes to report-failure; 60 s is the least that Lambda
 * takes. Later it would be pointless: the token dies HEARTBEAT_SECONDS (20) after its dispatch.
 */
const MAX_EVENT_AGE_SECONDS = 60;

/** Below the rate of its schedule, OPEN_EVERY: one run of it at a time. */
const OPEN_EXPIRED_TIMEOUT_SECONDS = 55;

/** A provider's describe is tried 3 times for 10 s, with waits of 0.5 s; Lambda's start comes on top. */
const DOCTOR_TIMEOUT_SECONDS = 40;

/** Dispatch doesn't call these, so no token waits for them; running twice does no harm. */
const CALLED_BY_OTHERS: ReadonlySet<AgentFunctionId> = new Set([
  DOCTOR,
  REPORT_FAILURE,
  OPEN_EXPIRED,
  REPORT_STOPPED_TASK,
]);

/**
 * These ask no provider and no gateway, only AWS in the control region. They tell what failed, also when what failed is the
 * datacenter's network, so they are not in it.
 */
const OUTSIDE_THE_NETWORK: ReadonlySet<AgentFunctionId> = new Set([REPORT_FAILURE, REPORT_STOPPED_TASK]);

/** Nobody waits for a worker longer than its subtask's timeout, so only transfers run up to Lambda's own limit. */
function sizeOf(name: AgentFunctionId): { timeoutSeconds: number; memoryMegabytes: number } {
  switch (name) {
    case 'export':
    case 'import':
      return { timeoutSeconds: TRANSFER_TIMEOUT_SECONDS, memoryMegabytes: TRANSFER_MEMORY_MEGABYTES };
    case DOCTOR:
      return { timeoutSeconds: DOCTOR_TIMEOUT_SECONDS, memoryMegabytes: CALL_MEMORY_MEGABYTES };
    case LAUNCH:
      // It beats for a worker while that starts; before that it starts it.
      return {
        timeoutSeconds: WORKER_START_SECONDS + CONTROL_TIMEOUT_SECONDS,
        memoryMegabytes: CALL_MEMORY_MEGABYTES,
      };
    case REPORT_FAILURE:
    case REPORT_STOPPED_TASK:
      return { timeoutSeconds: CONTROL_TIMEOUT_SECONDS, memoryMegabytes: CALL_MEMORY_MEGABYTES };
    case OPEN_EXPIRED:
      return { timeoutSeconds: OPEN_EXPIRED_TIMEOUT_SECONDS, memoryMegabytes: CALL_MEMORY_MEGABYTES };
    default:
      return { timeoutSeconds: SUBTASK_TIMEOUT_SECONDS, memoryMegabytes: CALL_MEMORY_MEGABYTES };
  }
}

/** A function of a datacenter: it works next to the data, for one provider and one subtask at a time. */
export class AgentFunction extends NodeFunction {
  /** Whether dispatch calls it: a state machine waits for its answer. */
  readonly dispatched: boolean;
  readonly inNetwork: boolean;

  /** @param more variables beside those of every agent */
  constructor(
    scope: Construct,
    name: AgentFunctionId,
    topology: Topology,
    home: OwnDatacenter,
    bundles: Bundles,
    more: Readonly<Record<string, string>> = {},
  ) {
    const { datacenter } = home;
    const vpc = OUTSIDE_THE_NETWORK.has(name) ? undefined : datacenter.vpc;
    super(scope, pascalCase(name), {
      ...sizeOf(name),
      topology,
      region: datacenter.region,
      functionName: agentFunctionName(topology, datacenter.name, name),
      description: `Tanker ${topology.installation}: ${name} in ${datacenter.name}`,
      folder: bundles.agent[name],
      statements: agentStatements(topology, home, AGENT_GRANTS[name]),
      environment: {
        ...commonEnvironment(topology),
        DATACENTER: datacenter.name,
        ...(name === 'export' || name === 'import' ? TRANSFER_PROCESS : {}),
        ...more,
      },
      vpc,
    });
    this.dispatched = !CALLED_BY_OTHERS.has(name);
    this.inNetwork = vpc !== undefined;
    const { objects, foreignKeys, secrets } = wildcards(topology, home, AGENT_GRANTS[name]);
    acknowledgeExportObjects(this.role, objects);
    acknowledgeForeignKeys(this.role, foreignKeys);
    acknowledgeSecrets(this.role, secrets);
  }

  /**
   * A second run by Lambda itself would be a second worker of the same attempt, so failures are told, not retried. The
   * reporter is named by reference: Lambda refuses a destination that is not there yet.
   */
  tellFailuresTo({ function: reporter }: AgentFunction): void {
    this.role.addToPolicy(mayInvoke([reporter.functionArn]));
    this.function.configureAsyncInvoke({
      retryAttempts: 0,
      maxEventAge: Duration.seconds(MAX_EVENT_AGE_SECONDS),
      onFailure: { bind: () => ({ destination: reporter.functionArn }) },
    });
  }
}
