import { setTimeout as sleep } from 'node:timers/promises';
import { DescribeExecutionCommand, StopExecutionCommand } from '@aws-sdk/client-sfn';
import { executionsOf, operationExecutions } from '@tanker/cli/aws/executions.ts';
import {
  type AgentFunction,
  agentFunctionName,
  executionArn,
  type MigrateInput,
  type TaskRecord,
} from '@tanker/contract/index.ts';
import { startTask } from '@tanker/sdk/start-task.ts';
import { readTask } from '@tanker/sdk/task-records.ts';
import type { Stage } from '../../demo/stage.ts';
import type { DatacenterKey } from '../../demo/world/topology.ts';
import { locationOf } from '../../demo/world/world.ts';

const LOOK_EVERY_MS = 25;

/** One migration of a company of its own, as a story tells it. */
export interface Move {
  readonly stage: Stage;
  readonly company: string;
  readonly home: DatacenterKey;
  readonly target: DatacenterKey;
  /** Ends every wait, with the reason that a story's result then gives. */
  readonly signal: AbortSignal;
}

export const taskOf = ({ company }: Move): string => `move-${company}`;

/** Polls until there is an answer. @throws the signal's reason */
export async function until<T>({ signal }: Move, look: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    signal.throwIfAborted();
    const seen = await look();
    if (seen !== undefined) return seen;
    await sleep(LOOK_EVERY_MS);
  }
}

export async function start(move: Move): Promise<void> {
  const input: MigrateInput = {
    task: taskOf(move),
    company: move.company,
    to: locationOf(move.target),
    requestedBy: 'a bench',
    reason: 'to see which rights it needs',
  };
  await startTask(operationExecutions(move.stage.states, move.stage.topology, 'migrate'), input);
}

/** Waits until the task has begun a phase; `recover/<phase>` for one of the recovery. */
export const phaseBegun = (move: Move, phase: string): Promise<TaskRecord> =>
  until(move, async () => {
    const record = await readTask(move.stage.rows, taskOf(move));
    return record?.phases[phase] ? record : undefined;
  });

/**
 * Waits until the task is closed and its executions have ended; answers its outcome. One that is to end without a
 * recovery is not waited for once that has begun.
 */
export const outcome = (move: Move, recovers: boolean): Promise<string> =>
  until(move, async () => {
    const record = await readTask(move.stage.rows, taskOf(move));
    const execution = await migration(move);
    if (record === undefined)
      return execution.status === 'RUNNING' ? undefined : `failed: ${execution.error}`;
    if (record.state !== 'closed') {
      const begun = record.phases['recover/decide'] !== undefined;
      return begun && !recovers ? 'in a recovery' : undefined;
    }
    return (await running(move)).length > 0 ? undefined : record.outcome;
  });

export async function running({
  stage,
  ...move
}: Move): Promise<readonly { arn: string; machine: string }[]> {
  const all = await executionsOf(stage.states, stage.topology, taskOf({ stage, ...move }));
  return all.filter(({ status }) => status === 'RUNNING');
}

export async function stopMigration(move: Move): Promise<void> {
  const { stage } = move;
  const arn = executionArn(stage.topology, 'migrate', taskOf(move));
  await stage.states.send(new StopExecutionCommand({ executionArn: arn, cause: 'a bench' }));
}

function migration(move: Move) {
  const arn = executionArn(move.stage.topology, 'migrate', taskOf(move));
  return move.stage.states.send(new DescribeExecutionCommand({ executionArn: arn }));
}

/** Where an agent of a datacenter runs. */
export function agentAt({ topology }: Stage, datacenter: string, agent: AgentFunction) {
  return {
    region: topology.datacenters.find(({ name }) => name === datacenter)?.region ?? '',
    functionName: agentFunctionName(topology, datacenter, agent),
  };
}

/** Ends the processes of functions, so that what they remember (secrets, clients) is read anew. */
export function forget({ cloud }: Stage, matches: (functionName: string) => boolean): void {
  const all = cloud.lambda.environments().filter(({ busy, functionName }) => !busy && matches(functionName));
  for (const { functionName, region } of all) cloud.lambda.killEnvironments(functionName, region);
}
