import { Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/**
 * Every finding of cdk-nag's AwsSolutions pack that is accepted, with the reason why it can't be narrower. Each is
 * acknowledged on its own resource and by its own resource ARN, so that a new finding is never covered by an old reason.
 */
const acknowledge = (construct: IConstruct, rule: string, reason: string): void =>
  Validations.of(construct).acknowledge({ id: `AwsSolutions-${rule}`, reason });

const acknowledgeWildcard = (role: IConstruct, resource: string, reason: string): void =>
  acknowledge(role, `IAM5[Resource::${resource}]`, reason);

const TRACES =
  'xray:PutTraceSegments and xray:PutTelemetryRecords know no resource; the other X-Ray rights of a state machine neither.';

/** @param streams the ARN pattern of the log group's streams */
export function acknowledgeFunctionRole(role: IConstruct, streams: string, inVpc: boolean): void {
  acknowledgeWildcard(
    role,
    streams,
    'Lambda makes up the names of the streams in the function’s own log group.',
  );
  acknowledgeWildcard(
    role,
    '*',
    inVpc
      ? `${TRACES} Lambda checks the rights on network interfaces of a function in a VPC against every resource.`
      : TRACES,
  );
}

/** @param objects ARN patterns of the exports that the role may touch */
export function acknowledgeExportObjects(role: IConstruct, objects: readonly string[]): void {
  for (const pattern of objects) {
    acknowledgeWildcard(
      role,
      pattern,
      'Keys of exports hold company, task and attempt, which are known only when a task runs; nothing else is in the bucket.',
    );
  }
}

/** @param keys ARN patterns of other datacenters' keys */
export function acknowledgeForeignKeys(role: IConstruct, keys: readonly string[]): void {
  for (const pattern of keys) {
    acknowledgeWildcard(
      role,
      pattern,
      'The id of a key in another stack is made up when that stack is deployed: the statement’s conditions narrow it to the one alias, used through S3 of that region.',
    );
  }
}

/** @param secrets ARN patterns of the secrets of a region */
export function acknowledgeSecrets(role: IConstruct, secrets: readonly string[]): void {
  for (const pattern of secrets) {
    acknowledgeWildcard(
      role,
      pattern,
      'The names of providers’ secrets are the topology’s own, up to 200 of them: the statement’s conditions narrow it to secrets with this installation’s tag and of the kinds that the role needs.',
    );
  }
}

/** @param nested ARN patterns of the executions that the machine starts and waits for */
export function acknowledgeMachineRole(role: IConstruct, nested: readonly string[]): void {
  acknowledgeWildcard(
    role,
    '*',
    `${TRACES} The log delivery actions (logs:CreateLogDelivery and others) know no resource either.`,
  );
  for (const pattern of nested) {
    acknowledgeWildcard(
      role,
      pattern,
      'Names of executions hold task ids, which are known only when a task runs; they are all of the one machine.',
    );
  }
}

/** @param executions ARN patterns of the executions that a function looks at */
export function acknowledgeDescribedExecutions(role: IConstruct, executions: readonly string[]): void {
  for (const pattern of executions) {
    acknowledgeWildcard(
      role,
      pattern,
      'Names of executions hold task ids, which are known only when a task runs; they are looked at, never changed.',
    );
  }
}

/** @param resources ARN patterns that a policy for people names */
export function acknowledgePeoplePolicy(policy: IConstruct, resources: readonly string[]): void {
  for (const resource of resources) {
    acknowledgeWildcard(
      policy,
      resource,
      resource === '*'
        ? 'Reading figures and alarms, and listing, knows no resource.'
        : 'Names of executions, log groups, log streams, Fargate tasks, doctors and consumers’ rules are made up when a task runs, a region or a consumer is added; all of them are this installation’s.',
    );
  }
}

/** @param revisions the ARN pattern of the task definition's revisions */
export function acknowledgeTaskRevisions(role: IConstruct, revisions: string): void {
  acknowledgeWildcard(
    role,
    revisions,
    'Each deployment makes a new revision of the one family, and a run takes the newest.',
  );
}

export function acknowledgeExecutionRole(role: IConstruct): void {
  acknowledgeWildcard(role, '*', 'ecr:GetAuthorizationToken knows no resource.');
}

export function acknowledgeTransferCluster(cluster: IConstruct): void {
  acknowledge(
    cluster,
    'ECS4',
    'Tasks live for minutes, and each puts its progress, its end and its failure on the record: metrics by the minute would cost more and say less.',
  );
}

export function acknowledgeTransferDefinition(definition: IConstruct): void {
  acknowledge(
    definition,
    'ECS2',
    'The variables are names: of the bundled topology, the installation and the datacenter. Secrets are read by the task itself.',
  );
}

export function acknowledgeTransferNetwork(vpc: IConstruct): void {
  acknowledge(
    vpc,
    'VPC7',
    'Nothing listens in it: its tasks have no inbound rule, and go out to AWS and to the providers of the topology. Whoever needs flow logs names a network of their own.',
  );
}

export function acknowledgeBearerSecret(secret: IConstruct): void {
  acknowledge(
    secret,
    'SMG4',
    'The token is known at both ends and the other end is not in this account’s hands: it is changed there first, then here.',
  );
}

export function acknowledgeExportsBucket(bucket: IConstruct): void {
  acknowledge(
    bucket,
    'S1',
    'Objects live for days and are touched by the export, import and discard agents only, each of which puts its work on the record. Access logs would be a further bucket that names companies for longer than their data lives. CloudTrail data events give the same evidence where an account wants it.',
  );
}

export function acknowledgeDeadLetterQueue(queue: IConstruct): void {
  acknowledge(queue, 'SQS3', 'It is itself a dead letter queue: of a rule, of a function, or of a mapping.');
}
