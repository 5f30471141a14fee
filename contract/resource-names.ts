import type { Action, Machine } from './operations.ts';
import type { Topology } from './topology.ts';

/**
 * Every fixed name in AWS, computed from the topology alone: they tie the stacks together without cross-region
 * references, so the stacks deploy in any order.
 */
type Named = Pick<Topology, 'installation' | 'account' | 'controlRegion'>;

/**
 * Functions of the control region: one for each state that calls one, those that rules and the table's stream call, and
 * the doctor of people.
 */
export const CONTROL_FUNCTIONS = [
  'open-task',
  'plan-task',
  'prepare-workers',
  'lock-traffic',
  'verify-exports',
  'verify-source',
  'verify-target',
  'verify-fallback',
  'commit-placement',
  'commit-backup',
  'commit-cleanup',
  'unlock-traffic',
  'close-task',
  'claim-company',
  'decide-direction',
  'verify-erased',
  'dispatch',
  'start-recovery',
  'doctor',
  'sweep',
  'publish-events',
] as const;
export type ControlFunction = (typeof CONTROL_FUNCTIONS)[number];

/** Called when an agent's invocation failed for good: settles the token, so that nobody waits for the heartbeat. */
export const REPORT_FAILURE = 'report-failure';
/** Called by the datacenter's own schedule: opens providers whose grant is dead, without the control region. */
export const OPEN_EXPIRED = 'open-expired';
/** Starts the Fargate task of one transfer with what its own stack knows. */
export const LAUNCH = 'launch';
/** Called when a Fargate task has stopped: settles the token of a subtask that the task left unsettled. */
export const REPORT_STOPPED_TASK = 'report-stopped-task';
/** Called by a person, through the CLI: asks one provider or the gateway who answers. */
export const DOCTOR = 'doctor';
export type AgentFunction =
  | Action
  | typeof DOCTOR
  | typeof REPORT_FAILURE
  | typeof OPEN_EXPIRED
  | typeof LAUNCH
  | typeof REPORT_STOPPED_TASK;

export const controlStackName = (t: Named): string => `${t.installation}-control`;
export const datacenterStackName = (t: Named, datacenter: string): string =>
  `${t.installation}-${datacenter}`;

export const tableName = (t: Named): string => t.installation;
export const tableArn = (t: Named): string =>
  `arn:aws:dynamodb:${t.controlRegion}:${t.account}:table/${tableName(t)}`;

/** The index of the tasks that are open; it holds keys only, and no closed task. */
export const OPEN_TASKS_INDEX = 'open-tasks';
/** The attribute that a task has only while it is open: the index's partition, with this one value. */
export const OPEN_ATTRIBUTE = 'open';
export const OPEN_VALUE = 'task';

export const machineName = (t: Named, machine: Machine): string => `${t.installation}-${machine}`;
export const machineArn = (t: Named, machine: Machine): string =>
  `arn:aws:states:${t.controlRegion}:${t.account}:stateMachine:${machineName(t, machine)}`;
export const executionArn = (t: Named, machine: Machine, name: string): string =>
  `arn:aws:states:${t.controlRegion}:${t.account}:execution:${machineName(t, machine)}:${name}`;

export const controlFunctionName = (t: Named, name: ControlFunction): string => `${t.installation}-${name}`;
export const agentFunctionName = (t: Named, datacenter: string, name: AgentFunction): string =>
  `${t.installation}-${datacenter}-${name}`;
export const functionArn = (t: Named, region: string, functionName: string): string =>
  `arn:aws:lambda:${region}:${t.account}:function:${functionName}`;

/** Dead letters of the rule on ended executions and of the function behind it. */
export const unhandledRecoveriesName = (t: Named): string => `${t.installation}-unhandled-recoveries`;
/** The bus of the control region on which every phase change of every task is told. */
export const eventBusName = (t: Named): string => t.installation;
export const eventBusArn = (t: Named): string =>
  `arn:aws:events:${t.controlRegion}:${t.account}:event-bus/${eventBusName(t)}`;
/** Which changes of tasks could not be published: what Lambda tells of batches that it gave up. */
export const unpublishedEventsName = (t: Named): string => `${t.installation}-unpublished-events`;

/** The topic of the control region's alarms; each datacenter has one with its own name in it. */
export const alarmTopicName = (t: Named, datacenter?: string): string =>
  `${t.installation}${datacenter === undefined ? '' : `-${datacenter}`}-alarms`;
export const recoveryRuleName = (t: Named): string => `${t.installation}-recovery`;

export const clusterName = (t: Named, datacenter: string): string => `${t.installation}-${datacenter}`;
export const clusterArn = (t: Named, region: string, datacenter: string): string =>
  `arn:aws:ecs:${region}:${t.account}:cluster/${clusterName(t, datacenter)}`;
/** Without a revision: a run takes the newest one. */
export const transferFamily = (t: Named, datacenter: string): string =>
  `${t.installation}-${datacenter}-transfer`;
/** The one container of the transfer task, as overrides name it. */
export const TRANSFER_CONTAINER = 'transfer';

/** Bucket names are global: the account keeps them apart from other installations'. At most 16 + 9 + 12 + 1 + 24 = 62. */
export const exportsBucketName = (t: Named, datacenter: string): string =>
  `${t.installation}-exports-${t.account}-${datacenter}`;
export const exportsKeyAlias = (t: Named, datacenter: string): string =>
  `alias/${t.installation}-${datacenter}-exports`;

/** The tag that lifecycle rules act on; its value is the object's Retention. */
export const RETENTION_TAG = 'tanker-retention';
