import { ListExecutionsCommand } from '@aws-sdk/client-sfn';
import { QueryCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import {
  keys,
  machineArn,
  OPEN_ATTRIBUTE,
  OPEN_TASKS_INDEX,
  OPEN_VALUE,
  TASK_OPERATIONS,
  type TaskOperation,
  TaskRecord,
  tableName,
} from '@tanker/contract/index.ts';
import { readTask } from '@tanker/sdk/task-records.ts';
import type { Clients } from './clients.ts';

const newestFirst = (tasks: readonly TaskRecord[]): TaskRecord[] =>
  [...tasks].sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1));

/** Ids of the newest executions of the operations' machines: their names are task ids. AWS forgets them after 90 days. */
async function newestIds(
  { states, topology }: Clients,
  operations: readonly TaskOperation[],
  maxResults: number,
): Promise<string[]> {
  const pages = await Promise.all(
    operations.map((operation) =>
      states.send(
        new ListExecutionsCommand({ stateMachineArn: machineArn(topology, operation), maxResults }),
      ),
    ),
  );
  return pages
    .flatMap(({ executions = [] }) => executions)
    .sort((a, b) => Number(b.startDate) - Number(a.startDate))
    .slice(0, maxResults)
    .map(({ name = '' }) => name);
}

const TASK_PREFIX = keys.task('').pk;

/** Ids of the open tasks, whether or not their execution still runs. The index lags by a moment. */
async function openIds({ table, topology }: Clients): Promise<string[]> {
  const ids: string[] = [];
  let start: Record<string, unknown> | undefined;
  do {
    const page = await table.send(
      new QueryCommand({
        TableName: tableName(topology),
        IndexName: OPEN_TASKS_INDEX,
        KeyConditionExpression: '#open = :open',
        ExpressionAttributeNames: { '#open': OPEN_ATTRIBUTE },
        ExpressionAttributeValues: { ':open': OPEN_VALUE },
        ExclusiveStartKey: start,
      }),
    );
    ids.push(...(page.Items ?? []).map(({ pk }) => String(pk).slice(TASK_PREFIX.length)));
    start = page.LastEvaluatedKey;
  } while (start);
  return ids;
}

/**
 * Every open task, and the newest ones besides, without reading the whole table.
 *
 * @param operation only tasks of this one
 */
export async function listRecentTasks(
  clients: Clients,
  newest: number,
  operation?: TaskOperation,
): Promise<TaskRecord[]> {
  const operations = operation ? [operation] : TASK_OPERATIONS;
  const [open, recent] = await Promise.all([openIds(clients), newestIds(clients, operations, newest)]);
  const ids = [...new Set([...open, ...recent])];
  const tasks = await Promise.all(ids.map((id) => readTask(clients.rows, id)));
  return newestFirst(
    tasks.filter((task) => task !== undefined).filter((task) => operations.includes(task.operation)),
  );
}

/**
 * Every task on record: reads the whole table, page by page.
 *
 * @param operation only tasks of this one
 */
export async function listAllTasks(
  { table, topology }: Clients,
  operation?: TaskOperation,
): Promise<TaskRecord[]> {
  const tasks: TaskRecord[] = [];
  let start: Record<string, unknown> | undefined;
  do {
    const page = await table.send(
      new ScanCommand({
        TableName: tableName(topology),
        FilterExpression: '#kind = :task',
        ExpressionAttributeNames: { '#kind': 'kind' },
        ExpressionAttributeValues: { ':task': 'task' },
        ExclusiveStartKey: start,
      }),
    );
    tasks.push(...(page.Items ?? []).map((item) => TaskRecord.parse(item)));
    start = page.LastEvaluatedKey;
  } while (start);
  return newestFirst(tasks.filter((task) => operation === undefined || task.operation === operation));
}
