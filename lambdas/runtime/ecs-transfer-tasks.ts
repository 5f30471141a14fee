import { type ECSClient, RunTaskCommand } from '@aws-sdk/client-ecs';
import {
  clusterName,
  formatLocation,
  type LaunchEnvironment,
  TankerError,
  type Topology,
  TRANSFER_CONTAINER,
  TRANSFER_WORK_VARIABLE,
  type TransferWork,
  transferFamily,
} from '@tanker/contract/index.ts';

/**
 * Starts the transfer task of this datacenter for one piece of work and answers its ARN. The same work twice starts one
 * task: its worker is the clientToken. The token of the state machine is not among what the task is started with, since
 * overrides can be read by DescribeTasks and stand in events.
 *
 * @throws WorkerNotStarted also when ECS answers 200 with failures, as it does for want of capacity
 */
export async function runTransferTask(
  client: Pick<ECSClient, 'send'>,
  topology: Topology,
  environment: LaunchEnvironment,
  work: TransferWork,
): Promise<string> {
  const { DATACENTER, SUBNET_IDS, SECURITY_GROUP_IDS, ASSIGN_PUBLIC_IP } = environment;
  const answer = await client.send(
    new RunTaskCommand({
      cluster: clusterName(topology, DATACENTER),
      taskDefinition: transferFamily(topology, DATACENTER),
      launchType: 'FARGATE',
      count: 1,
      clientToken: work.worker,
      startedBy: work.task,
      networkConfiguration: {
        awsvpcConfiguration: {
          subnets: SUBNET_IDS.split(','),
          securityGroups: SECURITY_GROUP_IDS.split(','),
          assignPublicIp: ASSIGN_PUBLIC_IP,
        },
      },
      overrides: {
        containerOverrides: [
          {
            name: TRANSFER_CONTAINER,
            environment: [{ name: TRANSFER_WORK_VARIABLE, value: JSON.stringify(work) }],
          },
        ],
      },
    }),
  );
  const arn = answer.tasks?.[0]?.taskArn;
  const [failure] = answer.failures ?? [];
  if (arn && !failure) return arn;
  throw new TankerError('WorkerNotStarted', {
    what: `ECS started no task for the ${work.action} of ${work.provider} at ${formatLocation(work.location)}: ${failure?.reason ?? 'no reason'}${failure?.detail ? ` (${failure.detail})` : ''}.`,
    now: 'Nobody works on the subtask.',
    next: "Look at the region's Fargate quotas and capacity.",
  });
}
