import { setTimeout as sleep } from 'node:timers/promises';
import {
  DescribeExecutionCommand,
  type DescribeExecutionCommandOutput,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import { executionsOf, operationExecutions } from '@tanker/cli/aws/executions.ts';
import {
  type AgentFunction,
  type AuthorityRecord,
  agentFunctionName,
  type ControlFunction,
  controlFunctionName,
  executionArn,
  GATEWAY_BASE,
  type MigrateInput,
  type TaskRecord,
} from '@tanker/contract/index.ts';
import { startTask } from '@tanker/sdk/start-task.ts';
import { readTask, readTaskView, type TaskView } from '@tanker/sdk/task-records.ts';
import type { Stage } from '../../demo/stage.ts';
import { type CompanySnapshot, snapshotCompany } from '../../demo/world/checks.ts';
import { type DocumentPrints, readDocuments } from '../../demo/world/document-checks.ts';
import type { WorldLocation } from '../../demo/world/topology.ts';
import { locationOf } from '../../demo/world/world.ts';
import type { FaultInput } from '../../local/faults.ts';
import { onCopy } from './stage.ts';

/** The longest that anything here may take, retries with their waits included; beyond it something hangs. */
const PATIENCE_MS = 240_000;
/** For what must be seen before it is over. */
const SOON_MS = 20;
/** For ends, which stay: looking costs the cloud, which runs in this process, its time. */
const OFTEN_MS = 150;

/** Polls until the condition answers something; throws with `what` when patience ends. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined> | T | undefined,
  everyMs = SOON_MS,
): Promise<T> {
  const deadline = Date.now() + PATIENCE_MS;
  while (Date.now() < deadline) {
    const seen = await look();
    if (seen !== undefined) return seen;
    await sleep(everyMs);
  }
  throw new Error(`Not seen within ${PATIENCE_MS / 1000} s: ${what}`);
}

/** What a copy holds of a company. */
export interface Holdings {
  readonly tables: CompanySnapshot;
  readonly documents: DocumentPrints;
}

export const holdingsAt = (stage: Stage, at: WorldLocation, company: string): Promise<Holdings> =>
  onCopy(stage, at, async ({ client, files }) => ({
    tables: await snapshotCompany(client, company),
    documents: readDocuments(files, company),
  }));

export interface Mover {
  readonly stage: Stage;
  readonly company: string;
  readonly from: WorldLocation;
  readonly to: WorldLocation;
  /** Everything of the company at its home before the task. */
  readonly before: Holdings;
}

export const US = locationOf('us');
export const EU = locationOf('eu');

/** Signs a company of its own up for a test. */
export async function newMover(
  stage: Stage,
  company: string,
  { rows = 300, from = US, to = EU } = {},
): Promise<Mover> {
  await stage.world.addCompany({ company, rows, ...from });
  return { stage, company, from, to, before: await holdingsAt(stage, from, company) };
}

export const taskOf = (company: string): string => `move-${company}`;

export const moveInput = (company: string, over: Partial<MigrateInput> = {}): MigrateInput => ({
  task: taskOf(company),
  company,
  to: EU,
  requestedBy: 'a system test',
  reason: 'to see what happens',
  ...over,
});

/** Starts the task as our own starters do. */
export const startMove = (stage: Stage, input: MigrateInput): Promise<{ started: boolean }> =>
  startTask(operationExecutions(stage.states, stage.topology, 'migrate'), input);

export async function stopMove(stage: Stage, task: string): Promise<void> {
  const arn = executionArn(stage.topology, 'migrate', task);
  await stage.states.send(new StopExecutionCommand({ executionArn: arn, cause: 'a system test' }));
}

export const executionEnd = (stage: Stage, task: string): Promise<DescribeExecutionCommandOutput> =>
  until(
    `the end of the execution ${task}`,
    async () => {
      const arn = executionArn(stage.topology, 'migrate', task);
      const execution = await stage.states.send(new DescribeExecutionCommand({ executionArn: arn }));
      return execution.status === 'RUNNING' ? undefined : execution;
    },
    OFTEN_MS,
  );

export const phaseBegun = (stage: Stage, task: string, phase: string): Promise<TaskRecord> =>
  until(`phase ${phase} of ${task}`, async () => {
    const record = await readTask(stage.rows, task);
    return record?.phases[phase] ? record : undefined;
  });

/** Waits until the task is closed and none of its executions runs any more, then reads all of its records. */
export async function taskEnd(stage: Stage, task: string): Promise<TaskView> {
  await until(
    `the end of task ${task}`,
    async () => {
      const record = await readTask(stage.rows, task);
      if (record?.state !== 'closed') return undefined;
      const running = (await executionsOf(stage.states, stage.topology, task)).some(
        ({ status }) => status === 'RUNNING',
      );
      return running ? undefined : record;
    },
    OFTEN_MS,
  );
  return readTaskView(stage.rows, task);
}

export async function authorityOf(stage: Stage, company: string): Promise<AuthorityRecord> {
  const { url, readerToken } = stage.world.gateway;
  const answer = await fetch(`${url}${GATEWAY_BASE}/companies/${company}`, {
    headers: { authorization: `Bearer ${readerToken}` },
  });
  return (await answer.json()) as AuthorityRecord;
}

type At = Pick<FaultInput, 'region'> & { readonly functionName: string };

export const controlAt = ({ topology }: Stage, name: ControlFunction): At => ({
  region: topology.controlRegion,
  functionName: controlFunctionName(topology, name),
});

export const agentAt = ({ topology }: Stage, datacenter: string, name: AgentFunction): At => ({
  region: topology.datacenters.find((one) => one.name === datacenter)?.region,
  functionName: agentFunctionName(topology, datacenter, name),
});

/** Does something to the calls or runs of a function for one company only. */
export function disturb(
  stage: Stage,
  { region, functionName }: At,
  operation: 'Run' | 'Invoke',
  payload: { readonly company: string; readonly provider?: string; readonly action?: string },
  fault: Pick<FaultInput, 'times' | 'effect'>,
): void {
  stage.cloud.faults.set({
    service: 'lambda',
    ...(region === undefined ? {} : { region }),
    match: { operation, functionName, payload },
    ...fault,
  });
}

/** The function fails for this company, for good. */
export const FAILS = {
  times: 'forever',
  effect: { kind: 'error', errorType: 'PhaseFailed', errorMessage: 'A system test makes it fail.' },
} as const;
