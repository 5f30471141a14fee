import type { ChildProcess } from 'node:child_process';
import type { ClusterDefinition, ContainerOverride, TaskDefinition } from './definition.ts';

/** One run of a task definition. Times are milliseconds since 1970. */
export interface Task {
  readonly id: string;
  readonly arn: string;
  readonly region: string;
  readonly cluster: ClusterDefinition;
  readonly definition: TaskDefinition;
  readonly overrides: readonly ContainerOverride[];
  readonly startedBy: string | undefined;
  readonly group: string;
  readonly createdAt: number;
  startedAt?: number;
  stoppedAt?: number;
  lastStatus: 'PROVISIONING' | 'RUNNING' | 'STOPPED';
  desiredStatus: 'RUNNING' | 'STOPPED';
  stopCode?: 'TaskFailedToStart' | 'EssentialContainerExited' | 'UserInitiated';
  stoppedReason?: string;
  exitCode?: number;
  /** Counts the changes. */
  version: number;
  process?: ChildProcess;
  /** Resolves when it is STOPPED. */
  readonly stopped: PromiseWithResolvers<void>;
}

type Time = (milliseconds: number) => unknown;

/** ECS's Task object: times are seconds in the API and ISO strings in events. */
function shape(task: Task, time: Time): Record<string, unknown> {
  const { definition, cluster } = task;
  const { container } = definition;
  const at = (milliseconds: number | undefined) =>
    milliseconds === undefined ? undefined : time(milliseconds);
  return {
    taskArn: task.arn,
    clusterArn: cluster.arn,
    taskDefinitionArn: definition.arn,
    group: task.group,
    startedBy: task.startedBy,
    launchType: 'FARGATE',
    platformVersion: '1.4.0',
    cpu: definition.cpu,
    memory: String(definition.memoryMiB),
    lastStatus: task.lastStatus,
    desiredStatus: task.desiredStatus,
    createdAt: at(task.createdAt),
    startedAt: at(task.startedAt),
    stoppedAt: at(task.stoppedAt),
    stopCode: task.stopCode,
    stoppedReason: task.stoppedReason,
    version: task.version,
    overrides: { containerOverrides: task.overrides },
    containers: [
      {
        containerArn: task.arn.replace(':task/', ':container/'),
        taskArn: task.arn,
        name: container.name,
        image: container.image,
        lastStatus: task.lastStatus === 'PROVISIONING' ? 'PENDING' : task.lastStatus,
        exitCode: task.exitCode,
      },
    ],
  };
}

/** As DescribeTasks answers it. */
export const describeTask = (task: Task): Record<string, unknown> =>
  shape(task, (milliseconds) => milliseconds / 1000);

/**
 * The detail of "ECS Task State Change": the Task object, the overrides of its run included.
 * Source: ECS Developer Guide, "Amazon ECS task state change events".
 */
export const eventDetail = (task: Task): Record<string, unknown> =>
  JSON.parse(
    JSON.stringify({
      ...shape(task, (milliseconds) => new Date(milliseconds).toISOString()),
      updatedAt: new Date(task.stoppedAt ?? task.startedAt ?? task.createdAt).toISOString(),
    }),
  );
