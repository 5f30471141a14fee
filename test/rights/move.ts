import { setTimeout as sleep } from 'node:timers/promises';
import { ListExecutionsCommand, StopExecutionCommand } from '@aws-sdk/client-sfn';
import { operationExecutions, readHistory } from '@tanker/cli/aws/executions.ts';
import {
  type Action,
  type AgentFunction,
  agentFunctionName,
  type ControlFunction,
  controlFunctionName,
  executionArn,
  type Fence,
  GATEWAY_BASE,
  type InputOf,
  MACHINES,
  type Machine,
  machineArn,
  type SubtaskRecord,
  type TaskOperation,
  type TaskRecord,
} from '@tanker/contract/index.ts';
import { ProviderCaller } from '@tanker/sdk/conformance/caller.ts';
import { startTask } from '@tanker/sdk/start-task.ts';
import { readSubtasks, readTask } from '@tanker/sdk/task-records.ts';
import type { Stage } from '../../demo/stage.ts';
import type { DatacenterKey } from '../../demo/world/topology.ts';
import { locationOf } from '../../demo/world/world.ts';
import type { FaultInput } from '../../local/faults.ts';

/** For what must be seen before it is over. */
const SOON_MS = 25;
/** For ends, which stay: looking costs the cloud, which runs in this process, its time. */
const OFTEN_MS = 100;

/** Executions are listed the newest first; of one company there are never so many. */
const NEWEST = 100;

/** One company on its way, as a story tells it. */
export interface Move {
  readonly stage: Stage;
  readonly company: string;
  readonly home: DatacenterKey;
  readonly target: DatacenterKey;
  /** Ends every wait, with the reason that a story's result then gives. */
  readonly signal: AbortSignal;
}

/** The company's task of an operation. */
export const taskOf = ({ company }: Pick<Move, 'company'>, operation: TaskOperation = 'migrate'): string =>
  `${operation}-${company}`;

/** Polls until there is an answer. @throws the signal's reason */
export async function until<T>(
  { signal }: Pick<Move, 'signal'>,
  look: () => Promise<T | undefined> | T | undefined,
  everyMs = SOON_MS,
): Promise<T> {
  for (;;) {
    signal.throwIfAborted();
    const seen = await look();
    if (seen !== undefined) return seen;
    await sleep(everyMs);
  }
}

/** Starts an operation on the company; `more` is what its input has beside the company's and the asker's names. */
export async function start<O extends TaskOperation>(
  move: Move,
  operation: O,
  more: Omit<InputOf<O>, 'task' | 'company' | 'requestedBy' | 'reason'>,
): Promise<void> {
  const { stage, company } = move;
  const asked = {
    task: taskOf(move, operation),
    company,
    requestedBy: 'a bench',
    reason: 'to see which rights it needs',
  };
  const executions = operationExecutions(stage.states, stage.topology, operation);
  await startTask(executions, { ...asked, ...more } as InputOf<O>);
}

/** Starts the company's move to the other datacenter. */
export const startMove = (move: Move): Promise<void> =>
  start(move, 'migrate', { to: locationOf(move.target) });

export const recordOf = (move: Move, operation?: TaskOperation): Promise<TaskRecord | undefined> =>
  readTask(move.stage.rows, taskOf(move, operation));

/** Waits until the task has begun a phase; `recover/<phase>` for one of the recovery. */
export const phaseBegun = (move: Move, phase: string, operation?: TaskOperation): Promise<TaskRecord> =>
  until(move, async () => {
    const record = await recordOf(move, operation);
    return record?.phases[phase] ? record : undefined;
  });

/** Waits until dispatch has handed over an action, and no agent has taken it. */
export const dispatched = (
  move: Move,
  action: Action,
  at: { readonly provider: string; readonly datacenter: string },
): Promise<SubtaskRecord> =>
  until(move, async () =>
    (await readSubtasks(move.stage.rows, taskOf(move))).find(
      (subtask) =>
        subtask.state === 'dispatched' &&
        subtask.action === action &&
        subtask.provider === at.provider &&
        subtask.location.datacenter === at.datacenter,
    ),
  );

/** Waits until the very attempt that was dispatched is over. */
export const settled = (move: Move, of: SubtaskRecord): Promise<SubtaskRecord> =>
  until(move, async () =>
    (await readSubtasks(move.stage.rows, taskOf(move))).find(
      (subtask) =>
        subtask.epoch === of.epoch &&
        subtask.action === of.action &&
        subtask.provider === of.provider &&
        subtask.location.datacenter === of.location.datacenter &&
        (subtask.state === 'succeeded' || subtask.state === 'failed'),
    ),
  );

/** The executions that work or have worked on tasks of the company; all have its name in theirs. */
async function executionsOf({ stage, company }: Pick<Move, 'stage' | 'company'>) {
  const found: { arn: string; machine: Machine; running: boolean }[] = [];
  for (const machine of MACHINES) {
    const stateMachineArn = machineArn(stage.topology, machine);
    const { executions = [] } = await stage.states.send(
      new ListExecutionsCommand({ stateMachineArn, maxResults: NEWEST }),
    );
    for (const { name = '', executionArn: arn = '', status } of executions) {
      if (name.includes(company)) found.push({ arn, machine, running: status === 'RUNNING' });
    }
  }
  return found;
}

export const runningExecutions = async (move: Pick<Move, 'stage' | 'company'>) =>
  (await executionsOf(move)).filter(({ running }) => running);

/** Stops the executions that work on the task, or only those of one machine. */
export async function stopExecutions(move: Pick<Move, 'stage' | 'company'>, only?: Machine): Promise<void> {
  for (const { arn, machine } of await runningExecutions(move)) {
    if (only !== undefined && machine !== only) continue;
    await move.stage.states.send(new StopExecutionCommand({ executionArn: arn, cause: 'a bench' }));
  }
}

/** Waits until a history of the task's executions of a machine holds the text; answers what it found. */
export const inHistory = (move: Move, of: Machine, wanted: RegExp): Promise<string> =>
  until(
    move,
    async () => {
      for (const { arn, machine } of await executionsOf(move)) {
        if (machine !== of) continue;
        const found = wanted.exec((await readHistory(move.stage.states, arn)).text);
        if (found) return found[0];
      }
      return undefined;
    },
    OFTEN_MS,
  );

/** How a history tells of a call that failed. One whose time was over was not refused: a busy machine has those too. */
const FAILED_CALL = /"type":"((?:Task|LambdaFunction)(?:Failed|StartFailed|SubmitFailed))"/;

/** A call of the company's executions that failed, by its machine; what is repeated until it works changes no end. */
export async function failedCall(move: Move): Promise<string | undefined> {
  for (const { arn, machine } of await executionsOf(move)) {
    const [, type] = FAILED_CALL.exec((await readHistory(move.stage.states, arn)).text) ?? [];
    if (type !== undefined) return `${type} in ${machine}`;
  }
  return undefined;
}

/**
 * Waits until the task is closed and its executions have ended; answers its outcome. One that is to end without a
 * recovery is not waited for once that has begun.
 */
export const outcome = (move: Move, operation: TaskOperation, recovers: boolean): Promise<string> =>
  until(
    move,
    async () => {
      const record = await recordOf(move, operation);
      if (record?.state === 'open') {
        const begun = record.phases['recover/decide'] !== undefined;
        return begun && !recovers ? 'in a recovery' : undefined;
      }
      if ((await runningExecutions(move)).length > 0) return undefined;
      return record?.outcome ?? 'without a record';
    },
    OFTEN_MS,
  );

export interface FunctionAt {
  readonly region: string;
  readonly functionName: string;
}

export const regionOf = ({ topology }: Stage, datacenter: string): string =>
  topology.datacenters.find(({ name }) => name === datacenter)?.region ?? '';

/** Where an agent of a datacenter runs. */
export const agentAt = (stage: Stage, datacenter: string, agent: AgentFunction): FunctionAt => ({
  region: regionOf(stage, datacenter),
  functionName: agentFunctionName(stage.topology, datacenter, agent),
});

export const controlAt = ({ topology }: Stage, name: ControlFunction): FunctionAt => ({
  region: topology.controlRegion,
  functionName: controlFunctionName(topology, name),
});

/** Does something to the runs of a function that are for this company. */
export function disturb(
  { stage, company }: Move,
  { region, functionName }: FunctionAt,
  fault: Pick<FaultInput, 'times' | 'effect'>,
  payload: object = {},
): void {
  stage.cloud.faults.set({
    service: 'lambda',
    region,
    match: { operation: 'Run', functionName, payload: { company, ...payload } },
    ...fault,
  });
}

/** Nobody hears of the ends of the company's move and of the executions that run now. */
export async function loseEvents(move: Pick<Move, 'stage' | 'company'>): Promise<void> {
  const { cloud, topology } = move.stage;
  const running = (await runningExecutions(move)).map(({ arn }) => arn);
  for (const arn of new Set([executionArn(topology, 'migrate', taskOf(move)), ...running])) {
    cloud.faults.set({
      service: 'events',
      match: { operation: 'Route', payload: { detail: { executionArn: arn } } },
      times: 'forever',
      effect: { kind: 'drop' },
    });
  }
}

/** Holds the runs of a function that are for this company, until the answer is called. */
export function hold({ stage, company }: Move, { region, functionName }: FunctionAt, payload: object = {}) {
  const id = stage.cloud.faults.set({
    service: 'lambda',
    region,
    match: { operation: 'Run', functionName, payload: { company, ...payload } },
    times: 'forever',
    effect: { kind: 'hold', what: 'call' },
  });
  return () => void stage.cloud.faults.clear(id);
}

export const FAILS = {
  effect: { kind: 'error', errorType: 'Broken', errorMessage: 'A bench breaks it.' },
} as const;

/** Ends the processes of a function, so that what they remember (secrets, clients) is read anew. */
export const forget = ({ cloud }: Stage, { functionName, region }: FunctionAt): number =>
  cloud.lambda.killEnvironments(functionName, region);

/** The role that a function acts in. */
export const roleOf = ({ cloud }: Stage, { region, functionName }: FunctionAt): string =>
  cloud.lambda.functions(region).find(({ name }) => name === functionName)?.roleArn ?? '';

/** The company's calls to a provider at the first server of a datacenter, in somebody's name. */
export async function providerAt(
  { stage, company }: Pick<Move, 'stage' | 'company'>,
  service: string,
  datacenter: DatacenterKey,
  who: Omit<Fence, 'incarnation'>,
): Promise<ProviderCaller> {
  const provider = stage.topology.providers.find(({ name }) => name === service);
  const caller = new ProviderCaller({
    url: provider?.endpoints[datacenter] ?? '',
    token: stage.world.secrets[provider?.secret ?? ''] ?? '',
    datacenter,
    server: locationOf(datacenter).server,
    company,
    fence: { ...who, incarnation: 'none' },
  });
  return caller.as({ incarnation: (await caller.describe()).incarnation });
}

/** A call of an operator to the gateway about the company. */
export async function askGateway({ stage, company }: Move, call: string, body: object): Promise<unknown> {
  const { url, operatorToken } = stage.world.gateway;
  const answer = await fetch(`${url}${GATEWAY_BASE}/companies/${company}/${call}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${operatorToken}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return answer.json();
}
