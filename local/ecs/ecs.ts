import { randomUUID } from 'node:crypto';
import type { EventInput } from '../events/events.ts';
import { type Authorize, isAccessDenied } from '../hooks.ts';
import { createJsonHandler, type JsonCall, type JsonObject, JsonServiceError } from '../json-protocol.ts';
import type { WireHandler } from '../wire.ts';
import { Catalog } from './catalog.ts';
import type { ClusterDefinition, TaskDefinition } from './definition.ts';
import { createRunTask, type Permit } from './run-task.ts';
import { describeTask, eventDetail, type Task } from './task.ts';
import { Tasks, type TasksOptions } from './tasks.ts';

export interface EcsOptions extends Omit<TasksOptions, 'changed'> {
  readonly accountId: string;
  readonly authorize?: Authorize;
  /** Whether a call for so many tasks in the region has to be refused for now; never when absent. */
  throttled?(region: string, tasks: number): boolean;
  putEvent(region: string, event: EventInput): void;
}

export interface Ecs {
  readonly handle: WireHandler;
  addCluster(region: string, cluster: ClusterDefinition): void;
  addTaskDefinition(region: string, definition: TaskDefinition): void;
  taskDefinitions(): readonly TaskDefinition[];
  /** Every task since the start, the stopped ones too. */
  tasks(): readonly Task[];
  /** Ends every process. */
  stop(): Promise<void>;
}

type Operation = (call: JsonCall, requestId: string) => Promise<JsonObject>;

/** Requests are small; overrides alone are limited to 8 KiB. */
const LARGEST_REQUEST_BYTES = 256 * 1024;

/** ECS of all regions, as far as a task on Fargate needs it: RunTask, StopTask, DescribeTasks. */
export function createEcs(options: EcsOptions): Ecs {
  const catalog = new Catalog();
  const tasks = new Tasks({
    ...options,
    changed: (task) =>
      options.putEvent(task.region, {
        source: 'aws.ecs',
        'detail-type': 'ECS Task State Change',
        resources: [task.arn],
        detail: eventDetail(task),
      }),
  });
  const permit = permitBy(options.authorize);
  const { accountId, fault, throttled } = options;
  const operations: Readonly<Record<string, Operation>> = {
    RunTask: createRunTask({ accountId, catalog, tasks, permit, fault, throttled }),
    ...operationsOnTasks(catalog, tasks, permit),
  };
  return {
    handle: createJsonHandler({
      target: 'AmazonEC2ContainerServiceV20141113',
      contentType: 'application/x-amz-json-1.1',
      errorPrefix: '',
      largestRequestBytes: LARGEST_REQUEST_BYTES,
      newRequestId: randomUUID,
      async run(call, requestId) {
        const operation = operations[call.operation];
        if (operation) return operation(call, requestId);
        const message = `The embedded ECS implements ${Object.keys(operations).join(', ')}, not ${call.operation}.`;
        throw new JsonServiceError('UnknownOperationException', message, requestId, { status: 501 });
      },
    }),
    addCluster: (region, cluster) => catalog.addCluster(region, cluster),
    addTaskDefinition: (region, definition) => catalog.addTaskDefinition(region, definition),
    taskDefinitions: () => catalog.taskDefinitions(),
    tasks: () => tasks.list(),
    stop: () => tasks.close(),
  };
}

const permitBy =
  (authorize: Authorize | undefined): Permit =>
  async ({ region, accessKeyId, operation }, right, requestId) => {
    try {
      await authorize?.({ ...right, region, accessKeyId, operation });
    } catch (error) {
      if (!isAccessDenied(error)) throw error;
      throw new JsonServiceError('AccessDeniedException', error.message, requestId);
    }
  };

function operationsOnTasks(
  catalog: Catalog,
  tasks: Tasks,
  permit: Permit,
): Readonly<Record<'StopTask' | 'DescribeTasks', Operation>> {
  /** By its ARN or its id, in the call's cluster, if the caller may. */
  async function find(
    call: JsonCall,
    reference: string,
    action: string,
    requestId: string,
  ): Promise<Task | undefined> {
    const cluster = catalog.clusterOf(call, requestId);
    const prefix = `${cluster.arn.replace(':cluster/', ':task/')}/`;
    const arn = reference.startsWith('arn:') ? reference : `${prefix}${reference}`;
    await permit(call, { action, resource: arn, context: { 'ecs:cluster': cluster.arn } }, requestId);
    return arn.startsWith(prefix) ? tasks.get(arn) : undefined;
  }
  return {
    async StopTask(call, requestId) {
      const { task: reference, reason = 'Task stopped by user' } = call.input;
      const task = await find(call, String(reference), 'ecs:StopTask', requestId);
      if (!task) {
        const message = 'The referenced task was not found.';
        throw new JsonServiceError('InvalidParameterException', message, requestId);
      }
      tasks.stop(task, String(reason));
      return { task: describeTask(task) };
    },
    async DescribeTasks(call, requestId) {
      const found: JsonObject[] = [];
      const failures: JsonObject[] = [];
      for (const reference of (call.input['tasks'] ?? []) as string[]) {
        const task = await find(call, reference, 'ecs:DescribeTasks', requestId);
        if (task) found.push(describeTask(task));
        else failures.push({ arn: reference, reason: 'MISSING' });
      }
      return { tasks: found, failures };
    },
  };
}
