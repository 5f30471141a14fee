import {
  DescribeExecutionCommand,
  ExecutionDoesNotExist,
  GetExecutionHistoryCommand,
  ListExecutionsCommand,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import { GetCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import {
  executionArn,
  keys,
  type Machine,
  machineArn,
  type TaskOperation,
  tableName,
} from '@tanker/contract/index.ts';
import type { Stage } from '../../demo/stage.ts';

/** Tasks by AWS's own calls: executions as Step Functions tells of them, records as they lie in the table. */

type Row = Readonly<Record<string, unknown>>;

/** A task's row as far as the matrix looks at it. */
export interface TaskRow {
  readonly state: 'open' | 'closed';
  readonly outcome?: string;
  readonly phases: Readonly<Record<string, string>>;
  readonly requestedBy: string;
  readonly reason: string;
  readonly epoch: number;
  readonly holder: string | null;
  readonly failure?: { readonly error: string; readonly cause: string };
  readonly incomplete?: { readonly left: readonly DebtAt[] };
  readonly debts?: readonly DebtAt[];
  readonly lock?: {
    readonly grant: number;
    readonly lockedAt: string;
    readonly deadline: string;
    readonly unlockedAt?: string;
  };
  readonly plan?: {
    readonly providers: readonly {
      readonly name: string;
      readonly targetIncarnation?: string;
      readonly format?: unknown;
    }[];
  };
  readonly recoveries: number;
}

export interface DebtAt {
  readonly provider: string;
  readonly location: { readonly datacenter: string; readonly server: string };
}

export async function readRow<R = Row>(
  stage: Stage,
  key: { pk: string; sk: string },
): Promise<R | undefined> {
  const { Item } = await stage.table.send(
    new GetCommand({ TableName: tableName(stage.topology), Key: key, ConsistentRead: true }),
  );
  return Item as R | undefined;
}

/** Every row of a partition, or those whose sort key begins so. */
export async function readRows(
  stage: Stage,
  { pk, prefix }: { pk: string; prefix?: string },
): Promise<Row[]> {
  const found: Row[] = [];
  let from: Record<string, unknown> | undefined;
  do {
    const page = await stage.table.send(
      new QueryCommand({
        TableName: tableName(stage.topology),
        KeyConditionExpression: prefix === undefined ? 'pk = :pk' : 'pk = :pk AND begins_with(sk, :prefix)',
        ExpressionAttributeValues: { ':pk': pk, ...(prefix === undefined ? {} : { ':prefix': prefix }) },
        ConsistentRead: true,
        ...(from === undefined ? {} : { ExclusiveStartKey: from }),
      }),
    );
    found.push(...(page.Items ?? []));
    from = page.LastEvaluatedKey;
  } while (from !== undefined);
  return found;
}

export const readTaskRow = (stage: Stage, task: string): Promise<TaskRow | undefined> =>
  readRow<TaskRow>(stage, keys.task(task));

export async function startTask(stage: Stage, operation: TaskOperation, input: { task: string }) {
  await startMachine(stage, operation, input.task, input);
}

export async function startMachine(
  stage: Stage,
  machine: Machine,
  name: string,
  input: object,
): Promise<void> {
  const stateMachineArn = machineArn(stage.topology, machine);
  await stage.states.send(new StartExecutionCommand({ stateMachineArn, name, input: JSON.stringify(input) }));
}

export async function stopExecution(stage: Stage, machine: Machine, name: string): Promise<void> {
  const arn = executionArn(stage.topology, machine, name);
  await stage.states.send(
    new StopExecutionCommand({ executionArn: arn, error: 'Stopped', cause: 'the fault matrix' }),
  );
}

export interface ExecutionEnd {
  readonly machine: Machine;
  readonly name: string;
  /** `NONE`: there is none of that name. */
  readonly status: string;
  readonly error: string | undefined;
  readonly cause: string | undefined;
}

export async function executionOf(stage: Stage, machine: Machine, name: string): Promise<ExecutionEnd> {
  try {
    const arn = executionArn(stage.topology, machine, name);
    const {
      status = '',
      error,
      cause,
    } = await stage.states.send(new DescribeExecutionCommand({ executionArn: arn }));
    return { machine, name, status, error, cause };
  } catch (error) {
    if (!(error instanceof ExecutionDoesNotExist)) throw error;
    return { machine, name, status: 'NONE', error: undefined, cause: undefined };
  }
}

/** Enough for all lanes: a task's recoveries are among the newest. */
const NEWEST = 200;

/** The recoveries of a task, the newest first. */
export async function recoveriesOf(stage: Stage, task: string): Promise<{ name: string; status: string }[]> {
  const stateMachineArn = machineArn(stage.topology, 'recover');
  const { executions = [] } = await stage.states.send(
    new ListExecutionsCommand({ stateMachineArn, maxResults: NEWEST }),
  );
  return executions
    .map(({ name = '', status = '' }) => ({ name, status }))
    .filter(({ name }) => name.startsWith(`recover-${task}-`));
}

/** The text of an execution's whole history; empty when there is no such execution. */
export async function historyOf(stage: Stage, machine: Machine, name: string): Promise<string> {
  const pages: string[] = [];
  let nextToken: string | undefined;
  try {
    do {
      const page = await stage.states.send(
        new GetExecutionHistoryCommand({
          executionArn: executionArn(stage.topology, machine, name),
          maxResults: 1000,
          nextToken,
        }),
      );
      pages.push(JSON.stringify(page.events));
      nextToken = page.nextToken;
    } while (nextToken);
  } catch (error) {
    if (!(error instanceof ExecutionDoesNotExist)) throw error;
  }
  return pages.join('\n');
}
