import { GetExecutionHistoryCommand, ListExecutionsCommand, type SFNClient } from '@aws-sdk/client-sfn';
import { type DynamoDBDocumentClient, GetCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import {
  keys,
  LogRecord,
  machineArn,
  type Operation,
  SubtaskRecord,
  TaskRecord,
  type Topology,
  tableName,
} from '@tanker/contract/index.ts';

/** What anybody with read rights sees of a task: its records in the table, its executions and their histories. */
export interface TaskView {
  readonly task: TaskRecord;
  readonly subtasks: readonly SubtaskRecord[];
  readonly log: readonly LogRecord[];
}

interface Reader {
  readonly topology: Topology;
  readonly table: DynamoDBDocumentClient;
  readonly states: SFNClient;
}

async function query(reader: Reader, at: { pk: string; prefix: string }): Promise<Record<string, unknown>[]> {
  const items: Record<string, unknown>[] = [];
  let start: Record<string, unknown> | undefined;
  do {
    const page = await reader.table.send(
      new QueryCommand({
        TableName: tableName(reader.topology),
        KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
        ExpressionAttributeValues: { ':pk': at.pk, ':prefix': at.prefix },
        ConsistentRead: true,
        ExclusiveStartKey: start,
      }),
    );
    items.push(...(page.Items ?? []));
    start = page.LastEvaluatedKey;
  } while (start);
  return items;
}

export async function readTask(reader: Reader, task: string): Promise<TaskRecord | undefined> {
  const { Item } = await reader.table.send(
    new GetCommand({ TableName: tableName(reader.topology), Key: keys.task(task), ConsistentRead: true }),
  );
  return Item === undefined ? undefined : TaskRecord.parse(Item);
}

export const readSubtasks = async (reader: Reader, task: string): Promise<SubtaskRecord[]> =>
  (await query(reader, keys.subtasks(task))).map((item) => SubtaskRecord.parse(item));

/** The whole of a task's records. Throws when there is no such task. */
export async function readTaskView(reader: Reader, id: string): Promise<TaskView> {
  const [task, subtasks, logs] = await Promise.all([
    readTask(reader, id),
    readSubtasks(reader, id),
    query(reader, keys.logs(id)),
  ]);
  if (!task) throw new Error(`There is no task ${id} on record.`);
  return { task, subtasks, log: logs.map((item) => LogRecord.parse(item)) };
}

export interface ExecutionView {
  readonly machine: Operation;
  readonly name: string;
  readonly arn: string;
  readonly status: string;
}

/** The executions that worked on a task: its own and its recoveries. */
export async function executionsOf(reader: Reader, task: string): Promise<ExecutionView[]> {
  const found: ExecutionView[] = [];
  for (const machine of ['migrate', 'recover'] as const) {
    const { executions = [] } = await reader.states.send(
      new ListExecutionsCommand({ stateMachineArn: machineArn(reader.topology, machine) }),
    );
    for (const { name = '', executionArn = '', status = '' } of executions) {
      if (name === task || name.startsWith(`recover-${task}-`))
        found.push({ machine, name, arn: executionArn, status });
    }
  }
  return found;
}

/** Events and state transitions of an execution, and the history's text for those who search it. */
export async function readHistory(reader: Reader, executionArn: string) {
  const pages: string[] = [];
  let events = 0;
  let transitions = 0;
  let nextToken: string | undefined;
  do {
    const page = await reader.states.send(
      new GetExecutionHistoryCommand({ executionArn, maxResults: 1000, nextToken }),
    );
    events += page.events?.length ?? 0;
    transitions += (page.events ?? []).filter((event) => event.type?.endsWith('StateEntered')).length;
    pages.push(JSON.stringify(page.events));
    nextToken = page.nextToken;
  } while (nextToken);
  return { events, transitions, text: pages.join('\n') };
}
