import { ACTIONS, OPERATIONS, type Operation } from '@tanker/contract/operations.ts';
import { type AgentFunction, type ControlFunction, LAUNCH } from '@tanker/contract/resource-names.ts';

/**
 * What each function may do beside writing its log and its traces: the whole of it, in one place. statements.ts turns
 * a line into IAM statements on named resources. State machines are not here: their roles follow from their ASL.
 */

export type TableAction = 'GetItem' | 'PutItem' | 'UpdateItem' | 'DeleteItem' | 'Query';

export interface ControlGrant {
  readonly table: readonly TableAction[];
  /** Queries the index of open tasks. */
  readonly openTasks?: true;
  /** Reads the token with which the gateway knows Tanker's operator. */
  readonly operatorSecret?: true;
  readonly invokesControl?: readonly ControlFunction[];
  /** These agents of every datacenter. */
  readonly invokesAgents?: readonly AgentFunction[];
  readonly starts?: readonly Operation[];
  /** Looks whether executions of these machines run. */
  readonly describes?: readonly Operation[];
  /** Puts events onto the installation's bus. */
  readonly publishes?: true;
}

/** Reads the task, advances or closes it, writes the log. */
const READ_AND_WRITE: readonly TableAction[] = ['GetItem', 'PutItem', 'UpdateItem'];
/** Reads the task and its subtasks, writes new records only. */
const QUERY_AND_PUT: readonly TableAction[] = ['GetItem', 'Query', 'PutItem'];
const QUERY_AND_WRITE: readonly TableAction[] = [...QUERY_AND_PUT, 'UpdateItem'];

/** What is warmed before the lock, so that nothing starts cold inside the lock window. */
const WARMED_CONTROL = [
  'dispatch',
  'lock-traffic',
  'verify-exports',
  'verify-source',
  'verify-target',
  'commit-placement',
  'commit-backup',
  'unlock-traffic',
] as const satisfies readonly ControlFunction[];
const WARMED_AGENTS = [
  'drain',
  'export',
  'open',
  'import',
  'seal',
] as const satisfies readonly AgentFunction[];

export const CONTROL_GRANTS: Readonly<Record<ControlFunction, ControlGrant>> = {
  'open-task': { table: QUERY_AND_WRITE, operatorSecret: true },
  'plan-task': { table: QUERY_AND_WRITE, operatorSecret: true },
  'prepare-workers': {
    table: QUERY_AND_PUT,
    invokesControl: WARMED_CONTROL,
    invokesAgents: [...WARMED_AGENTS, LAUNCH],
  },
  'lock-traffic': { table: READ_AND_WRITE, operatorSecret: true },
  'verify-exports': { table: QUERY_AND_PUT },
  'verify-source': { table: QUERY_AND_WRITE },
  'verify-target': { table: QUERY_AND_WRITE },
  'verify-fallback': { table: QUERY_AND_WRITE },
  'commit-placement': { table: QUERY_AND_WRITE, operatorSecret: true },
  'commit-backup': { table: QUERY_AND_WRITE, operatorSecret: true },
  'commit-cleanup': { table: READ_AND_WRITE, operatorSecret: true },
  'unlock-traffic': { table: READ_AND_WRITE, operatorSecret: true },
  'close-task': { table: QUERY_AND_WRITE },
  'claim-company': { table: READ_AND_WRITE, operatorSecret: true },
  'decide-direction': { table: QUERY_AND_WRITE, operatorSecret: true },
  'verify-erased': { table: QUERY_AND_WRITE },
  dispatch: { table: ['GetItem', 'PutItem'], invokesAgents: [...ACTIONS, LAUNCH] },
  doctor: { table: ['GetItem'], operatorSecret: true },
  'start-recovery': { table: READ_AND_WRITE, starts: ['recover'], describes: OPERATIONS },
  sweep: {
    table: [...QUERY_AND_WRITE, 'DeleteItem'],
    openTasks: true,
    starts: ['recover', 'cleanup'],
    describes: OPERATIONS,
    invokesAgents: ['discard'],
  },
  // It reads no table: Lambda hands it the stream, with rights that lib/phase-events.ts adds beside the mapping.
  'publish-events': { table: [], publishes: true },
};

export type TokenAction = 'SendTaskSuccess' | 'SendTaskFailure' | 'SendTaskHeartbeat';

/** Whose rows of the table: tasks', or due dates'. Both are beginnings of contract/records.ts's keys. */
export type RowsOf = 'task#' | 'due#';

export interface AgentGrant {
  readonly table: readonly TableAction[];
  /** The rows that it may touch; `UpdateItem` also creates one. */
  readonly rows: readonly RowsOf[];
  /** How it answers the state machine that waits for it. */
  readonly settles: readonly TokenAction[];
  /** Reads the bearer tokens of the providers of its region. */
  readonly providerSecrets?: true;
  /** Reads the token that may only read at the gateway. */
  readonly readerSecret?: true;
  /** writes: the exports of its own bucket. reads: those of every bucket. discards: deletes from its own bucket. */
  readonly exports?: 'writes' | 'reads' | 'discards';
}

const OF_TASKS = ['task#'] as const satisfies readonly RowsOf[];

const WORKER = {
  table: ['UpdateItem'],
  rows: OF_TASKS,
  settles: ['SendTaskSuccess', 'SendTaskFailure', 'SendTaskHeartbeat'],
} as const satisfies AgentGrant;

const AT_PROVIDER = { ...WORKER, providerSecrets: true } as const satisfies AgentGrant;

export const AGENT_GRANTS: Readonly<Record<AgentFunction, AgentGrant>> = {
  describe: AT_PROVIDER,
  drain: AT_PROVIDER,
  export: { ...AT_PROVIDER, exports: 'writes' },
  open: { ...AT_PROVIDER, readerSecret: true },
  import: { ...AT_PROVIDER, exports: 'reads' },
  seal: AT_PROVIDER,
  fence: AT_PROVIDER,
  erase: { ...AT_PROVIDER, readerSecret: true },
  hook: AT_PROVIDER,
  // It confirms on the row of the due date, where the sweeper sent it.
  discard: { ...WORKER, rows: ['task#', 'due#'], exports: 'discards' },
  doctor: { table: [], rows: [], settles: [], providerSecrets: true, readerSecret: true },
  'report-failure': { table: ['UpdateItem'], rows: OF_TASKS, settles: ['SendTaskFailure'] },
  launch: { table: ['GetItem'], rows: OF_TASKS, settles: ['SendTaskHeartbeat'] },
  'report-stopped-task': { table: ['GetItem', 'UpdateItem'], rows: OF_TASKS, settles: ['SendTaskFailure'] },
  'open-expired': { table: [], rows: [], settles: [], providerSecrets: true, readerSecret: true },
};

/**
 * The Fargate task does what the export and import agents do; besides it reads its subtask and its task, and says that it
 * waits.
 */
export const TRANSFER_TASK_GRANTS: readonly AgentGrant[] = [
  AGENT_GRANTS.export,
  AGENT_GRANTS.import,
  { table: ['GetItem', 'PutItem'], rows: OF_TASKS, settles: [] },
];
