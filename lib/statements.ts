import { MACHINES } from '@tanker/contract/operations.ts';
import {
  type AgentFunction,
  agentFunctionName,
  clusterArn,
  controlFunctionName,
  eventBusArn,
  executionArn,
  exportsBucketName,
  exportsKeyAlias,
  functionArn,
  machineArn,
  OPEN_TASKS_INDEX,
  tableArn,
  transferFamily,
} from '@tanker/contract/resource-names.ts';
import type { Datacenter, Topology } from '@tanker/contract/topology.ts';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { AgentGrant, ControlGrant, RowsOf, TableAction, TokenAction } from './grants.ts';
import { INSTALLATION_TAG, SECRET_TAG, type SecretKind } from './tags.ts';

/** Where the objects of exports stand in their bucket; nothing else is in it. */
const EXPORTS_PREFIX = 'exports/';

/** Operator → key → values. */
type Conditions = Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;

const allow = (
  actions: readonly string[],
  resources: readonly string[],
  conditions?: Conditions,
): PolicyStatement =>
  new PolicyStatement({
    actions: [...actions],
    resources: [...resources],
    ...(conditions && { conditions }),
  });

const mayUseTable = (
  topology: Topology,
  actions: readonly TableAction[],
  conditions?: Conditions,
): PolicyStatement =>
  allow(
    actions.map((action) => `dynamodb:${action}`),
    [tableArn(topology)],
    conditions,
  );

/**
 * Rows whose partition key begins so. `dynamodb:LeadingKeys` may have several values (ArrayOfString), also where a call
 * names one item, so DynamoDB asks for `ForAllValues` with it. That alone also holds for a request without the key:
 * `Null` refuses such a one, as IAM advises beside an Allow. GetItem, PutItem and UpdateItem all fill it.
 * Sources: DynamoDB, "Using IAM policy conditions for fine-grained access control"; IAM, "Single-valued vs. multivalued
 * context keys"; Service Authorization Reference, "Amazon DynamoDB".
 */
const ofRows = (beginnings: readonly RowsOf[]): Conditions => ({
  'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': beginnings.map((beginning) => `${beginning}*`) },
  Null: { 'dynamodb:LeadingKeys': 'false' },
});

/**
 * What Lambda asks of a function's role that reads a stream. All four on the stream itself, as AWS's own example has them.
 * Source: DynamoDB, "IAM policy to allow an AWS Lambda function to access DynamoDB stream records".
 */
export const mayReadStream = (streamArn: string): PolicyStatement =>
  allow(
    ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator', 'dynamodb:ListStreams'],
    [streamArn],
  );

export const maySend = (queueArn: string): PolicyStatement => allow(['sqs:SendMessage'], [queueArn]);

export const mayInvoke = (functionArns: readonly string[]): PolicyStatement =>
  allow(['lambda:InvokeFunction'], functionArns);

const secretArn = ({ account }: Topology, region: string, name: string): string =>
  `arn:aws:secretsmanager:${region}:${account}:secret:${name}`;

/** Secrets Manager ends each ARN with six characters of its own. */
const mayReadOperatorSecret = (topology: Topology): PolicyStatement =>
  allow(
    ['secretsmanager:GetSecretValue'],
    [secretArn(topology, topology.controlRegion, `${topology.gateway.operatorSecret}-??????`)],
  );

/**
 * By their tags, since their names are the topology's own and may be 201. Secrets without these tags, and those of other
 * installations, can't be read. Source: Service Authorization Reference, "AWS Secrets Manager".
 */
const mayReadSecrets = (topology: Topology, region: string, kinds: readonly SecretKind[]): PolicyStatement =>
  allow(['secretsmanager:GetSecretValue'], [secretArn(topology, region, '*')], {
    StringEquals: {
      [`aws:ResourceTag/${INSTALLATION_TAG}`]: topology.installation,
      [`aws:ResourceTag/${SECRET_TAG}`]: kinds,
    },
  });

/** A task token is authorized against the state machine that gave it out; Tasks of every machine wait for one. */
const maySettle = (topology: Topology, actions: readonly TokenAction[]): PolicyStatement =>
  allow(
    actions.map((action) => `states:${action}`),
    MACHINES.map((machine) => machineArn(topology, machine)),
  );

const bucketArn = (topology: Topology, datacenter: string): string =>
  `arn:aws:s3:::${exportsBucketName(topology, datacenter)}`;
const exportsArn = (topology: Topology, datacenter: string): string =>
  `${bucketArn(topology, datacenter)}/${EXPORTS_PREFIX}*`;

/** For what S3 asks on the caller's behalf, and nothing else. */
const throughS3 = (region: string) => ({ StringEquals: { 'kms:ViaService': `s3.${region}.amazonaws.com` } });

const anyKeyArn = (topology: Topology, region: string): string =>
  `arn:aws:kms:${region}:${topology.account}:key/*`;

/** The key of another datacenter's exports, by its alias: a key's id is made up when its own stack is deployed. */
const mayDecryptElsewhere = (topology: Topology, { name, region }: Datacenter): PolicyStatement =>
  allow(['kms:Decrypt'], [anyKeyArn(topology, region)], {
    'ForAnyValue:StringEquals': { 'kms:ResourceAliases': exportsKeyAlias(topology, name) },
    ...throughS3(region),
  });

const othersThan = (topology: Topology, datacenter: Datacenter): Datacenter[] =>
  topology.datacenters.filter(({ name }) => name !== datacenter.name);

/** A datacenter as its own agents know it. */
export interface OwnDatacenter {
  readonly datacenter: Datacenter;
  readonly exportsKeyArn: string;
}

/** Checking the object after its upload needs GetObject; an upload in parts needs kms:Decrypt, as S3 documents. */
const mayWriteExports = (
  topology: Topology,
  { datacenter, exportsKeyArn }: OwnDatacenter,
): PolicyStatement[] => [
  allow(
    ['s3:PutObject', 's3:PutObjectTagging', 's3:AbortMultipartUpload', 's3:GetObject'],
    [exportsArn(topology, datacenter.name)],
  ),
  allow(['kms:GenerateDataKey', 'kms:Decrypt'], [exportsKeyArn], throughS3(datacenter.region)),
];

const mayReadExports = (
  topology: Topology,
  { datacenter, exportsKeyArn }: OwnDatacenter,
): PolicyStatement[] => [
  allow(
    ['s3:GetObject'],
    topology.datacenters.map(({ name }) => exportsArn(topology, name)),
  ),
  allow(['kms:Decrypt'], [exportsKeyArn], throughS3(datacenter.region)),
  ...othersThan(topology, datacenter).map((other) => mayDecryptElsewhere(topology, other)),
];

/** S3 knows no prefix condition for the list of unfinished uploads. */
const mayDiscardExports = (topology: Topology, { datacenter }: OwnDatacenter): PolicyStatement[] => [
  allow(['s3:ListBucket'], [bucketArn(topology, datacenter.name)], {
    StringLike: { 's3:prefix': `${EXPORTS_PREFIX}*` },
  }),
  allow(['s3:ListBucketMultipartUploads'], [bucketArn(topology, datacenter.name)]),
  allow(['s3:DeleteObject', 's3:AbortMultipartUpload'], [exportsArn(topology, datacenter.name)]),
];

/**
 * A statement for each datacenter: at most 11 ARNs of 106 characters. The CDK joins them, and where they are too many for
 * the role itself it makes managed policies of whole statements (lib/template-limits.ts has the quotas).
 */
const mayInvokeAgents = (topology: Topology, actions: readonly AgentFunction[]): PolicyStatement[] =>
  actions.length === 0
    ? []
    : topology.datacenters.map(({ name, region }) =>
        mayInvoke(
          actions.map((action) => functionArn(topology, region, agentFunctionName(topology, name, action))),
        ),
      );

/** Every execution of the machines that a function looks at: their names hold task ids. */
export const described = (topology: Topology, { describes = [] }: ControlGrant): string[] =>
  describes.map((operation) => executionArn(topology, operation, '*'));

export function controlStatements(topology: Topology, grant: ControlGrant): PolicyStatement[] {
  const { controlRegion } = topology;
  const invoked = (grant.invokesControl ?? []).map((name) =>
    functionArn(topology, controlRegion, controlFunctionName(topology, name)),
  );
  return [
    ...(grant.table.length > 0 ? [mayUseTable(topology, grant.table)] : []),
    ...(grant.operatorSecret ? [mayReadOperatorSecret(topology)] : []),
    ...(invoked.length > 0 ? [mayInvoke(invoked)] : []),
    ...mayInvokeAgents(topology, grant.invokesAgents ?? []),
    ...(grant.openTasks
      ? [allow(['dynamodb:Query'], [`${tableArn(topology)}/index/${OPEN_TASKS_INDEX}`])]
      : []),
    ...(grant.starts
      ? [
          allow(
            ['states:StartExecution'],
            grant.starts.map((operation) => machineArn(topology, operation)),
          ),
        ]
      : []),
    ...(grant.describes ? [allow(['states:DescribeExecution'], described(topology, grant))] : []),
    ...(grant.publishes ? [allow(['events:PutEvents'], [eventBusArn(topology)])] : []),
  ];
}

const secretKinds = (grant: AgentGrant): SecretKind[] => [
  ...(grant.providerSecrets ? (['provider'] as const) : []),
  ...(grant.readerSecret ? (['reader'] as const) : []),
];

export function agentStatements(
  topology: Topology,
  home: OwnDatacenter,
  grant: AgentGrant,
): PolicyStatement[] {
  const secrets = secretKinds(grant);
  const exports = {
    writes: () => mayWriteExports(topology, home),
    reads: () => mayReadExports(topology, home),
    discards: () => mayDiscardExports(topology, home),
  };
  return [
    ...(grant.table.length > 0 ? [mayUseTable(topology, grant.table, ofRows(grant.rows))] : []),
    ...(grant.settles.length > 0 ? [maySettle(topology, grant.settles)] : []),
    ...(secrets.length > 0 ? [mayReadSecrets(topology, home.datacenter.region, secrets)] : []),
    ...(grant.exports ? exports[grant.exports]() : []),
  ];
}

/** Every revision of the datacenter's transfer task: a run names the family and gets the newest. */
export const transferRevisionsArn = (topology: Topology, { name, region }: Datacenter): string =>
  `arn:aws:ecs:${region}:${topology.account}:task-definition/${transferFamily(topology, name)}:*`;

/** Starts the transfer task in its own cluster and hands over its two roles to ECS alone. */
export const mayRunTransferTask = (
  topology: Topology,
  datacenter: Datacenter,
  roleArns: readonly string[],
): PolicyStatement[] => [
  allow(['ecs:RunTask'], [transferRevisionsArn(topology, datacenter)], {
    ArnEquals: { 'ecs:cluster': clusterArn(topology, datacenter.region, datacenter.name) },
  }),
  allow(['iam:PassRole'], roleArns, {
    StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' },
  }),
];

/** The resources in agentStatements that end in "*": they have to be acknowledged one by one. */
export function wildcards(
  topology: Topology,
  { datacenter }: OwnDatacenter,
  grant: AgentGrant,
): { objects: string[]; foreignKeys: string[]; secrets: string[] } {
  const reads = grant.exports === 'reads';
  const buckets = reads ? topology.datacenters : grant.exports ? [datacenter] : [];
  const others = reads ? othersThan(topology, datacenter) : [];
  return {
    objects: buckets.map(({ name }) => exportsArn(topology, name)),
    foreignKeys: [...new Set(others.map(({ region }) => anyKeyArn(topology, region)))],
    secrets: secretKinds(grant).length > 0 ? [secretArn(topology, datacenter.region, '*')] : [],
  };
}
