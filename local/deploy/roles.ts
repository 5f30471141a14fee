import type { Assembly, Resource } from '../assembly/assembly.ts';
import { TemplateUnsupported } from '../assembly/intrinsics.ts';
import type { Iam } from '../iam/iam.ts';
import { policyProblems, type Statement, statementsOf } from '../iam/policy.ts';
import { malformedDocument, type PolicyKind } from '../iam/policy-document.ts';
import { arnOf, checkProperties } from './properties.ts';

const ROLE = {
  used: ['AssumeRolePolicyDocument', 'ManagedPolicyArns', 'Path', 'Policies', 'RoleName'],
  ignored: ['Description', 'MaxSessionDuration', 'Tags'],
};

const POLICY = {
  used: ['ManagedPolicyName', 'Path', 'PolicyDocument', 'PolicyName', 'Roles'],
  ignored: ['Description'],
};

/** AWS's own policies that only speak of services which the embedded cloud doesn't ask for rights: logs and traces. */
const WITHOUT_EFFECT = ['AWSLambdaBasicExecutionRole', 'AWSXRayDaemonWriteAccess', 'AWSXrayWriteOnlyAccess'];

/** AWS::IAM::Role with its trust policy and its inline policies. */
export function addRole(role: Resource, assembly: Assembly, iam: Iam): void {
  checkProperties(role.properties, ROLE);
  iam.addRole(arnOf(role), checked(role.properties['AssumeRolePolicyDocument'], 'trust'));
  const { Policies = [], ManagedPolicyArns = [] } = role.properties as {
    Policies?: { PolicyDocument: unknown }[];
    ManagedPolicyArns?: string[];
  };
  for (const { PolicyDocument } of Policies)
    iam.addStatements(arnOf(role), checked(PolicyDocument, 'identity'));
  for (const arn of ManagedPolicyArns) {
    if (WITHOUT_EFFECT.some((name) => arn.endsWith(`/${name}`))) continue;
    const own = assembly.resources.find(({ type, ref }) => type === 'AWS::IAM::ManagedPolicy' && ref === arn);
    if (!own) throw new TemplateUnsupported(`managed policy ${arn}, whose content the assembly doesn't hold`);
    // Checked where it is deployed itself.
    iam.addStatements(arnOf(role), statementsOf(own.properties['PolicyDocument']));
  }
}

/** AWS::IAM::Policy and AWS::IAM::ManagedPolicy: statements for the roles that they name, if any. */
export function addPolicy(policy: Resource, assembly: Assembly, iam: Iam): void {
  checkProperties(policy.properties, POLICY);
  const { Roles = [], PolicyDocument } = policy.properties as { Roles?: string[]; PolicyDocument?: unknown };
  const statements = checked(PolicyDocument, 'identity');
  for (const name of Roles) {
    const role = assembly.resources.find(({ type, ref }) => type === 'AWS::IAM::Role' && ref === name);
    if (!role) throw new TemplateUnsupported(`role ${name}, which the assembly doesn't hold`);
    iam.addStatements(arnOf(role), statements);
  }
}

/** AWS::KMS::Key: its policy. Source: KMS, "Key policies in AWS KMS". */
export function addKeyPolicy(key: Resource, iam: Iam): void {
  const { KeyPolicy } = key.properties;
  if (KeyPolicy !== undefined) iam.setKeyPolicy(arnOf(key), checked(KeyPolicy, 'resource'));
}

/** AWS::SQS::QueuePolicy; the template names its queues by URL. */
export function addQueuePolicy(policy: Resource, assembly: Assembly, iam: Iam): void {
  const { Queues = [], PolicyDocument } = policy.properties as {
    Queues?: string[];
    PolicyDocument?: unknown;
  };
  const statements = checked(PolicyDocument, 'resource');
  for (const url of Queues) {
    const queue = assembly.resources.find(({ type, ref }) => type === 'AWS::SQS::Queue' && ref === url);
    if (!queue) throw new TemplateUnsupported(`queue ${url}, which the assembly doesn't hold`);
    iam.addResourcePolicy(arnOf(queue), statements);
  }
}

const PERMISSION = {
  used: ['Action', 'FunctionName', 'Principal', 'SourceAccount', 'SourceArn'],
  ignored: [],
};

/** AWS::Lambda::Permission: a statement of the function's policy. Source: Lambda, "Resource-based policies". */
export function addPermission(permission: Resource, iam: Iam): void {
  checkProperties(permission.properties, PERMISSION);
  const { Action, FunctionName, Principal, SourceAccount, SourceArn } = permission.properties as Record<
    string,
    string
  >;
  const { region, account } = permission;
  const Resource = FunctionName?.startsWith('arn:')
    ? FunctionName
    : `arn:aws:lambda:${region}:${account}:function:${FunctionName}`;
  const isService = Principal?.endsWith('.amazonaws.com');
  const statement: Statement = {
    Effect: 'Allow',
    Principal: isService ? { Service: Principal } : { AWS: Principal },
    Action: Action ?? '',
    Resource,
    Condition: {
      ...(SourceArn && { ArnLike: { 'aws:SourceArn': SourceArn } }),
      ...(SourceAccount && { StringEquals: { 'aws:SourceAccount': SourceAccount } }),
    },
  };
  iam.addResourcePolicy(Resource, [statement]);
}

/** AWS::S3::BucketPolicy. */
export function addBucketPolicy(policy: Resource, iam: Iam): void {
  const { Bucket, PolicyDocument } = policy.properties;
  iam.addResourcePolicy(`arn:aws:s3:::${Bucket}`, checked(PolicyDocument, 'resource'));
}

/** The statements of a document that IAM takes and the embedded cloud can evaluate. */
function checked(document: unknown, kind: PolicyKind): readonly Statement[] {
  const statements = statementsOf(document);
  const malformed = malformedDocument(document, kind);
  const problems = malformed.length > 0 ? malformed : policyProblems(statements);
  if (problems.length > 0) throw new TemplateUnsupported(problems.join('; '));
  return statements;
}
