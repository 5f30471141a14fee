import { ListExecutionsCommand } from '@aws-sdk/client-sfn';
import { ScanCommand } from '@aws-sdk/lib-dynamodb';
import { machineArn, TaskRecord, tableName } from '@tanker/contract/index.ts';
import { readTask } from '@tanker/sdk/task-records.ts';
import type { Clients } from './clients.ts';

const newestFirst = (tasks: readonly TaskRecord[]): TaskRecord[] =>
  [...tasks].sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1));

/** Names of executions of the migrate machine, which are task ids, the newest first. */
async function executionNames(clients: Clients, most: number, statusFilter?: 'RUNNING'): Promise<string[]> {
  const stateMachineArn = machineArn(clients.topology, 'migrate');
  const names: string[] = [];
  let nextToken: string | undefined;
  do {
    const maxResults = Math.min(most - names.length, EXECUTIONS_PAGE);
    const page = await clients.states.send(
      new ListExecutionsCommand({ stateMachineArn, statusFilter, maxResults, nextToken }),
    );
    names.push(...(page.executions ?? []).map(({ name = '' }) => name));
    nextToken = page.nextToken;
  } while (nextToken && names.length < most);
  return names;
}

/** Source: Step Functions API reference, ListExecutions. */
const EXECUTIONS_PAGE = 1000;

/** Every task whose execution runs, and the newest ones besides, without reading the whole table. */
export async function listRecentTasks(clients: Clients, newest: number): Promise<TaskRecord[]> {
  const [running, recent] = await Promise.all([
    executionNames(clients, Number.POSITIVE_INFINITY, 'RUNNING'),
    executionNames(clients, newest),
  ]);
  const ids = [...new Set([...running, ...recent])];
  const tasks = await Promise.all(ids.map((id) => readTask(clients.rows, id)));
  return newestFirst(tasks.filter((task) => task !== undefined));
}

/** Every task on record: reads the whole table, page by page. */
export async function listAllTasks({ table, topology }: Clients): Promise<TaskRecord[]> {
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
  return newestFirst(tasks);
}
