import { createHash } from 'node:crypto';
import { streamArn } from '../dynamodb/stream-arn.ts';

/** What Ref and Fn::GetAtt answer for one resource. */
export interface Identity {
  readonly ref: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** Where a resource lives and how it is called. */
export interface Place {
  readonly stack: string;
  readonly region: string;
  readonly account: string;
  readonly logicalId: string;
}

/** Properties besides the name that an identity depends on. */
export const IDENTIFYING = ['Path', 'EventBusName', 'StreamSpecification'] as const;

interface IdentityRule {
  /** The property that names the resource; without one (or its value) a name is made up, the same in every run. */
  readonly nameProperty?: string;
  /** Longest made-up name. */
  readonly longestName?: number;
  readonly lowerCase?: boolean;
  identify(name: string, place: Place, properties: Readonly<Record<string, unknown>>): Identity;
}

const nameAndArn = (name: string, arn: string, more: Record<string, string> = {}): Identity => ({
  ref: name,
  attributes: { Arn: arn, ...more },
});

const onlyId: IdentityRule = { identify: (name) => ({ ref: name, attributes: {} }) };

/** An id as EC2 gives them: a prefix and 17 hexadecimal digits. */
const networkId = (prefix: string, attribute: string): IdentityRule => ({
  identify: (name, at) => {
    const id = `${prefix}-${digest(`${at.account}/${at.region}/${name}`).slice(0, 17)}`;
    return { ref: id, attributes: { [attribute]: id } };
  },
});

/** A table has the attribute of its stream only if it has one. */
const table: IdentityRule = {
  nameProperty: 'TableName',
  identify: (name, at, { StreamSpecification }) => {
    const arn = `arn:aws:dynamodb:${at.region}:${at.account}:table/${name}`;
    return nameAndArn(name, arn, StreamSpecification ? { StreamArn: streamArn(arn) } : {});
  },
};

/** The resource types that the embedded cloud understands. Source: "Return values" of each type in CloudFormation. */
export const IDENTITIES: Readonly<Record<string, IdentityRule>> = {
  'AWS::Lambda::Function': {
    nameProperty: 'FunctionName',
    longestName: 64,
    identify: (name, at) => nameAndArn(name, `arn:aws:lambda:${at.region}:${at.account}:function:${name}`),
  },
  'AWS::Lambda::EventInvokeConfig': onlyId,
  'AWS::Lambda::EventSourceMapping': onlyId,
  'AWS::Lambda::Permission': onlyId,
  'AWS::StepFunctions::StateMachine': {
    nameProperty: 'StateMachineName',
    longestName: 80,
    identify: (name, at) => {
      const arn = `arn:aws:states:${at.region}:${at.account}:stateMachine:${name}`;
      return { ref: arn, attributes: { Arn: arn, Name: name } };
    },
  },
  'AWS::DynamoDB::Table': table,
  'AWS::DynamoDB::GlobalTable': table,
  'AWS::S3::Bucket': {
    nameProperty: 'BucketName',
    longestName: 63,
    lowerCase: true,
    identify: (name, at) =>
      nameAndArn(name, `arn:aws:s3:::${name}`, {
        DomainName: `${name}.s3.amazonaws.com`,
        RegionalDomainName: `${name}.s3.${at.region}.amazonaws.com`,
      }),
  },
  'AWS::S3::BucketPolicy': onlyId,
  'AWS::KMS::Key': {
    identify: (name, at) => {
      const id = uuidOf(name, at);
      return nameAndArn(id, `arn:aws:kms:${at.region}:${at.account}:key/${id}`, { KeyId: id });
    },
  },
  'AWS::KMS::Alias': { nameProperty: 'AliasName', identify: (name) => ({ ref: name, attributes: {} }) },
  'AWS::SecretsManager::Secret': {
    nameProperty: 'Name',
    identify: (name, at) => {
      const arn = `arn:aws:secretsmanager:${at.region}:${at.account}:secret:${name}-${suffixOf(name, at)}`;
      return { ref: arn, attributes: { Id: arn } };
    },
  },
  'AWS::Events::Rule': {
    nameProperty: 'Name',
    longestName: 64,
    identify: (name, at, { EventBusName = 'default' }) => {
      const bus = String(EventBusName).split('/').at(-1);
      const own = bus === 'default' ? [] : [bus];
      const arn = `arn:aws:events:${at.region}:${at.account}:rule/${[...own, name].join('/')}`;
      return { ref: [...own, name].join('|'), attributes: { Arn: arn } };
    },
  },
  'AWS::Events::EventBus': {
    nameProperty: 'Name',
    identify: (name, at) => {
      const arn = `arn:aws:events:${at.region}:${at.account}:event-bus/${name}`;
      return nameAndArn(name, arn, { Name: name });
    },
  },
  'AWS::IAM::Role': {
    nameProperty: 'RoleName',
    longestName: 64,
    identify: (name, at, { Path = '/' }) => nameAndArn(name, `arn:aws:iam::${at.account}:role${Path}${name}`),
  },
  'AWS::IAM::Policy': onlyId,
  'AWS::IAM::ManagedPolicy': {
    nameProperty: 'ManagedPolicyName',
    identify: (name, at, { Path = '/' }) => ({
      ref: `arn:aws:iam::${at.account}:policy${Path}${name}`,
      attributes: {},
    }),
  },
  'AWS::Logs::LogGroup': {
    nameProperty: 'LogGroupName',
    identify: (name, at) => nameAndArn(name, `arn:aws:logs:${at.region}:${at.account}:log-group:${name}:*`),
  },
  'AWS::ECS::Cluster': {
    nameProperty: 'ClusterName',
    identify: (name, at) => nameAndArn(name, `arn:aws:ecs:${at.region}:${at.account}:cluster/${name}`),
  },
  'AWS::ECS::TaskDefinition': {
    nameProperty: 'Family',
    identify: (name, at) => {
      const arn = `arn:aws:ecs:${at.region}:${at.account}:task-definition/${name}:1`;
      return { ref: arn, attributes: { TaskDefinitionArn: arn } };
    },
  },
  'AWS::EC2::InternetGateway': networkId('igw', 'InternetGatewayId'),
  'AWS::EC2::Route': onlyId,
  'AWS::EC2::RouteTable': networkId('rtb', 'RouteTableId'),
  'AWS::EC2::SecurityGroup': networkId('sg', 'GroupId'),
  'AWS::EC2::SecurityGroupEgress': onlyId,
  'AWS::EC2::Subnet': networkId('subnet', 'SubnetId'),
  'AWS::EC2::SubnetRouteTableAssociation': onlyId,
  'AWS::EC2::VPC': networkId('vpc', 'VpcId'),
  'AWS::EC2::VPCEndpoint': networkId('vpce', 'Id'),
  'AWS::EC2::VPCGatewayAttachment': onlyId,
  'AWS::SQS::QueuePolicy': onlyId,
  'AWS::SQS::Queue': {
    nameProperty: 'QueueName',
    longestName: 80,
    identify: (name, at) => {
      const url = `https://sqs.${at.region}.amazonaws.com/${at.account}/${name}`;
      return {
        ref: url,
        attributes: { Arn: `arn:aws:sqs:${at.region}:${at.account}:${name}`, QueueName: name },
      };
    },
  },
};

/**
 * Types without an effect here: metadata; alarms, dashboards and the topics that alarms tell;
 * schedules of EventBridge Scheduler, because the embedded cloud runs the schedules of rules only.
 */
export const IGNORED_TYPES: ReadonlySet<string> = new Set([
  'AWS::CDK::Metadata',
  'AWS::CloudWatch::Alarm',
  'AWS::CloudWatch::Dashboard',
  'AWS::SNS::Subscription',
  'AWS::SNS::Topic',
  'AWS::SNS::TopicPolicy',
  'AWS::Scheduler::Schedule',
  'AWS::Scheduler::ScheduleGroup',
]);

/** The name that CloudFormation would make up: <stack>-<logical id>-<12 characters>, but equal in every run. */
export function madeUpName(place: Place, rule: { longestName?: number; lowerCase?: boolean }): string {
  const hash = digest(`${place.stack}/${place.logicalId}`).slice(0, 12).toUpperCase();
  const room = (rule.longestName ?? 255) - hash.length - 1;
  const name = `${`${place.stack}-${place.logicalId}`.slice(0, room)}-${hash}`;
  return rule.lowerCase ? name.toLowerCase() : name;
}

/** Six characters at the end of a secret's ARN. */
export function suffixOf(name: string, place: Pick<Place, 'region' | 'account'>): string {
  return digest(`${place.account}/${place.region}/${name}`).slice(0, 6);
}

function uuidOf(name: string, place: Place): string {
  const hex = digest(`${place.account}/${place.region}/${name}`);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    '-',
  );
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
