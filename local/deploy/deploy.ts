import { randomBytes } from 'node:crypto';
import type { Assembly, Resource } from '../assembly/assembly.ts';
import { TemplateUnsupported } from '../assembly/intrinsics.ts';
import { definitionText } from '../assembly/state-machine-definition.ts';
import type { EmbeddedDynamo } from '../dynamodb/index.ts';
import type { Ecs } from '../ecs/ecs.ts';
import type { Events } from '../events/events.ts';
import type { Iam } from '../iam/iam.ts';
import type { Lambda } from '../lambda/lambda.ts';
import type { Queues } from '../queues.ts';
import type { EmbeddedS3 } from '../s3/index.ts';
import type { EmbeddedSecrets } from '../secrets/index.ts';
import type { States } from '../states/states.ts';
import type { Mappings } from '../streams/mappings.ts';
import { readBucket } from './buckets.ts';
import { readCluster, readTaskDefinition } from './containers.ts';
import { readFunction } from './functions.ts';
import { arnOf, checkProperties, placeOf, tagsOf, textOf } from './properties.ts';
import { addBucketPolicy, addKeyPolicy, addPermission, addPolicy, addQueuePolicy, addRole } from './roles.ts';
import { readBus, readRule } from './rules.ts';
import { readStreamMapping } from './stream-mappings.ts';
import { readTable } from './tables.ts';

/** The services that a deployment fills. */
export interface Services {
  readonly iam: Iam;
  readonly lambda: Lambda;
  readonly ecs: Ecs;
  readonly events: Events;
  readonly states: States;
  readonly s3: EmbeddedS3;
  readonly dynamo: EmbeddedDynamo;
  readonly secrets: EmbeddedSecrets;
  readonly queues: Queues;
  readonly mappings: Mappings;
}

/** Values of secrets: region → name → value. */
export type SecretValues = Readonly<Record<string, Readonly<Record<string, string>>>>;

type Deployer = (
  resource: Resource,
  assembly: Assembly,
  services: Services,
  secrets: SecretValues,
) => unknown;

const STATE_MACHINE = {
  used: [
    'Definition',
    'DefinitionS3Location',
    'DefinitionString',
    'DefinitionSubstitutions',
    'RoleArn',
    'StateMachineName',
    'StateMachineType',
  ],
  ignored: ['EncryptionConfiguration', 'LoggingConfiguration', 'Tags', 'TracingConfiguration'],
};

const SECRET = {
  used: ['GenerateSecretString', 'Name', 'SecretString', 'Tags'],
  ignored: ['Description', 'KmsKeyId'],
};

/**
 * How each type is deployed, in this order, so that what is referred to is there. Types of the assembly that are not
 * here have no life of their own: invoke configurations belong to functions, log groups are names.
 */
const DEPLOYERS: Readonly<Record<string, Deployer>> = {
  'AWS::IAM::Role': (role, assembly, { iam }) => addRole(role, assembly, iam),
  'AWS::IAM::Policy': (policy, assembly, { iam }) => addPolicy(policy, assembly, iam),
  'AWS::IAM::ManagedPolicy': (policy, assembly, { iam }) => addPolicy(policy, assembly, iam),
  'AWS::S3::BucketPolicy': (policy, _, { iam }) => addBucketPolicy(policy, iam),
  'AWS::SQS::QueuePolicy': (policy, assembly, { iam }) => addQueuePolicy(policy, assembly, iam),
  'AWS::Lambda::Permission': (permission, _, { iam }) => addPermission(permission, iam),
  'AWS::KMS::Key': (key, _, { iam }) => addKeyPolicy(key, iam),
  'AWS::KMS::Alias': ({ properties }, _, { iam }) =>
    iam.addKeyAlias(String(properties['TargetKeyId']), String(properties['AliasName'])),
  'AWS::SQS::Queue': (queue, _, { queues }) => queues.create(arnOf(queue)),
  'AWS::S3::Bucket': (bucket, _, { s3 }) => s3.createBucket(readBucket(bucket)),
  'AWS::DynamoDB::Table': (table, _, { dynamo }) => dynamo.createTable(readTable(table)),
  'AWS::DynamoDB::GlobalTable': (table, _, { dynamo }) => dynamo.createTable(readTable(table)),
  'AWS::SecretsManager::Secret': deploySecret,
  'AWS::Lambda::Function': deployFunction,
  'AWS::ECS::Cluster': (cluster, _, { ecs }) => ecs.addCluster(cluster.region, readCluster(cluster)),
  'AWS::ECS::TaskDefinition': deployTaskDefinition,
  'AWS::StepFunctions::StateMachine': deployStateMachine,
  'AWS::Lambda::EventSourceMapping': deployStreamMapping,
  'AWS::Events::EventBus': (bus, _, { events }) => events.addBus(bus.region, readBus(bus)),
  'AWS::Events::Rule': (rule, assembly, { events, iam }) =>
    events.addRule(rule.region, readRule(rule, assembly, iam)),
};

/** Fills the services with the resources of the assembly; answers everything that could not be deployed. */
export async function deploy(
  assembly: Assembly,
  services: Services,
  secrets: SecretValues,
): Promise<string[]> {
  const problems: string[] = [];
  for (const [type, deployOne] of Object.entries(DEPLOYERS)) {
    for (const resource of assembly.resources.filter((one) => one.type === type)) {
      try {
        await deployOne(resource, assembly, services, secrets);
      } catch (error) {
        problems.push(`${placeOf(resource)}: ${(error as Error).message}`);
      }
    }
  }
  for (const [region, values] of Object.entries(secrets)) {
    for (const [name, value] of Object.entries(values)) services.secrets.putSecret({ region, name, value });
  }
  return problems;
}

/** Source: ECS, "Amazon ECS task IAM role". */
function deployTaskDefinition(resource: Resource, assembly: Assembly, { iam, ecs }: Services): void {
  const definition = readTaskDefinition(resource, assembly);
  for (const role of [definition.taskRoleArn, definition.executionRoleArn]) {
    if (role !== undefined) iam.assertTrusts(role, 'ecs-tasks.amazonaws.com');
  }
  ecs.addTaskDefinition(resource.region, definition);
}

/** Source: Lambda, "Defining Lambda function permissions with an execution role". */
function deployFunction(resource: Resource, assembly: Assembly, { iam, lambda }: Services): void {
  const definition = readFunction(resource, assembly, iam);
  iam.assertTrusts(definition.roleArn, 'lambda.amazonaws.com');
  lambda.register(resource.region, definition);
}

/** Source: Lambda, "Process DynamoDB records with Lambda". */
function deployStreamMapping(
  resource: Resource,
  assembly: Assembly,
  { iam, dynamo, mappings }: Services,
): void {
  const mapping = readStreamMapping(resource, assembly, iam);
  if (mapping === undefined) return;
  const stream = dynamo.stream(mapping.streamArn);
  if (!stream) throw new TemplateUnsupported(`Stream not found: ${mapping.streamArn}`);
  mappings.add(mapping, stream);
}

function deployStateMachine(resource: Resource, assembly: Assembly, { states }: Services): void {
  checkProperties(resource.properties, STATE_MACHINE);
  const { properties, region } = resource;
  states.putStateMachine({
    region,
    name: resource.attributes['Name'] ?? '',
    roleArn: textOf(properties, 'RoleArn'),
    definition: definitionText(resource, assembly),
    type: properties['StateMachineType'] as string | undefined,
  });
}

/** A value given at the start wins; then the template's own; then a made-up one. */
function deploySecret(resource: Resource, _: Assembly, services: Services, secrets: SecretValues): void {
  checkProperties(resource.properties, SECRET);
  const { GenerateSecretString: generate, SecretString, Tags } = resource.properties;
  const arn = resource.ref;
  const name = arn.slice(arn.indexOf(':secret:') + ':secret:'.length, -7);
  const { SecretStringTemplate } = (generate ?? {}) as Record<string, unknown>;
  if (SecretStringTemplate !== undefined)
    throw new TemplateUnsupported('GenerateSecretString.SecretStringTemplate');
  const made = generate === undefined ? undefined : randomBytes(24).toString('base64url');
  const value = secrets[resource.region]?.[name] ?? (SecretString as string | undefined) ?? made;
  if (value === undefined)
    throw new TemplateUnsupported(`secret ${name} has no value; give one when the cloud starts`);
  const tags = tagsOf(Tags as Parameters<typeof tagsOf>[0]);
  services.secrets.putSecret({ region: resource.region, name, value, arn, tags });
}
