import { beforeAll, describe, expect, test } from '@jest/globals';
import { LaunchEnvironment, TransferTaskEnvironment } from '@tanker/contract/environment.ts';
import { parseTopology } from '@tanker/contract/topology.ts';
import example from '../../topology.example.ts';
import {
  functionNamed,
  type Image,
  ofType,
  only,
  rightsOf,
  type Synthesized,
  synthesize,
  type Template,
} from './synthesized.ts';

let synthesized: Synthesized;
let us: Template;
let eu: Template;
const VPC = {
  vpcId: 'vpc-0a1b2c3d4e5f60718',
  subnetIds: ['subnet-0a1b2c3d4e5f60718', 'subnet-0a1b2c3d4e5f60719'],
  securityGroupIds: ['sg-0a1b2c3d4e5f60718'],
};

beforeAll(() => {
  const [first, second] = example.datacenters;
  const topology = parseTopology(
    { ...example, datacenters: [first, { ...second, vpc: VPC }], fargate: { architecture: 'x86-64' } },
    'of this test',
  );
  synthesized = synthesize({ nag: false, topology });
  us = synthesized.stacks['tanker-us'] as Template;
  eu = synthesized.stacks['tanker-eu'] as Template;
}, 120_000);

describe('the transfer task', () => {
  test('has a fixed family, the topology’s processor, and one container without a shell or a writable disk', () => {
    const { Properties } = only(us, 'AWS::ECS::TaskDefinition');
    expect(Properties).toMatchObject({
      Family: 'tanker-us-transfer',
      NetworkMode: 'awsvpc',
      RequiresCompatibilities: ['FARGATE'],
      RuntimePlatform: { CpuArchitecture: 'X86_64', OperatingSystemFamily: 'LINUX' },
    });
    const [container, ...others] = Properties['ContainerDefinitions'];
    expect(others).toEqual([]);
    expect(container).toMatchObject({
      Name: 'transfer',
      ReadonlyRootFilesystem: true,
      LinuxParameters: { InitProcessEnabled: true },
      LogConfiguration: { LogDriver: 'awslogs' },
    });
    const variables = Object.fromEntries(
      container.Environment.map(({ Name, Value }: { Name: string; Value: string }) => [Name, Value]),
    );
    expect(TransferTaskEnvironment.strict().parse(variables)).toBeDefined();
  });

  test('is built from the bundle and a Dockerfile that starts Node as another user than root', () => {
    const { platform, dockerfile: text, files } = synthesized.images['tanker-us'] as Image;
    expect(platform).toBe('linux/amd64');
    expect([...files].sort()).toEqual(['Dockerfile', 'index.mjs', 'topology.json']);
    expect(text).toMatch(/^FROM public\.ecr\.aws\/docker\/library\/node:24-slim$/m);
    expect(text).toMatch(/^USER 1000$/m);
    expect(text).toMatch(/^ENTRYPOINT \["node",.*"index\.mjs"\]$/m);
    expect(text).not.toMatch(/^(RUN|CMD)/m);
  });

  test('may do what export and import may, and read; whoever starts it may pull and write its log', () => {
    const { TaskRoleArn, ExecutionRoleArn } = only(us, 'AWS::ECS::TaskDefinition').Properties;
    const actionsOf = (arn: { 'Fn::GetAtt': [string] }) =>
      [...new Set(rightsOf(us, { Type: '', Properties: { Role: arn } }).map(({ action }) => action))].sort();
    const of = (name: string) =>
      rightsOf(us, functionNamed(us, `tanker-us-${name}`)).map(({ action }) => action);
    const both = [...of('export'), ...of('import')].filter((action) => !/^(logs|xray|lambda):/.test(action));
    expect(actionsOf(TaskRoleArn)).toEqual(
      [...new Set([...both, 'dynamodb:GetItem', 'dynamodb:PutItem'])].sort(),
    );
    expect(actionsOf(ExecutionRoleArn)).toEqual([
      'ecr:BatchCheckLayerAvailability',
      'ecr:BatchGetImage',
      'ecr:GetAuthorizationToken',
      'ecr:GetDownloadUrlForLayer',
      'logs:CreateLogStream',
      'logs:PutLogEvents',
    ]);
  });
});

describe('launch', () => {
  test('runs every revision of its own family in its own cluster, and hands its two roles to ECS alone', () => {
    const rights = rightsOf(us, functionNamed(us, 'tanker-us-launch'));
    expect(rights.filter(({ action }) => action.startsWith('ecs:'))).toEqual([
      {
        action: 'ecs:RunTask',
        resource: 'arn:aws:ecs:us-east-1:111122223333:task-definition/tanker-us-transfer:*',
        condition: { ArnEquals: { 'ecs:cluster': 'arn:aws:ecs:us-east-1:111122223333:cluster/tanker-us' } },
      },
    ]);
    const passed = rights.filter(({ action }) => action === 'iam:PassRole');
    expect(passed).toHaveLength(2);
    for (const { condition } of passed) {
      expect(condition).toEqual({ StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } });
    }
  });

  test('knows the network: public subnets of the stack’s own, or the named ones without a public address', () => {
    const variables = (template: Template, name: string) =>
      functionNamed(template, name).Properties['Environment'].Variables;
    expect(variables(us, 'tanker-us-launch')).toMatchObject({ ASSIGN_PUBLIC_IP: 'ENABLED' });
    expect(LaunchEnvironment.strict().parse(variables(eu, 'tanker-eu-launch'))).toMatchObject({
      SUBNET_IDS: VPC.subnetIds.join(','),
      SECURITY_GROUP_IDS: VPC.securityGroupIds.join(','),
      ASSIGN_PUBLIC_IP: 'DISABLED',
    });
  });
});

describe('the network', () => {
  test('of its own has public subnets, a gateway endpoint for S3, nothing inbound and no NAT gateway', () => {
    expect(ofType(us, 'AWS::EC2::Subnet')).toHaveLength(2);
    expect(only(us, 'AWS::EC2::VPCEndpoint').Properties).toMatchObject({ VpcEndpointType: 'Gateway' });
    expect(only(us, 'AWS::EC2::SecurityGroup').Properties['SecurityGroupIngress']).toBeUndefined();
    expect(ofType(us, 'AWS::EC2::NatGateway')).toEqual([]);
    // two zones of whatever the region has, so that synth asks no account
    expect(JSON.stringify(us)).toContain('Fn::GetAZs');
  });

  test('is not made where the topology names one', () => {
    expect(Object.keys(eu.Resources).some((id) => eu.Resources[id]?.Type.startsWith('AWS::EC2::'))).toBe(
      false,
    );
  });
});

test('a rule tells report-stopped-task of every stopped task of the cluster', () => {
  const rule = ofType(us, 'AWS::Events::Rule').find(
    ({ Properties }) => Properties['Name'] === 'tanker-us-stopped-tasks',
  );
  expect(rule?.Properties['EventPattern']).toEqual({
    source: ['aws.ecs'],
    'detail-type': ['ECS Task State Change'],
    detail: { clusterArn: ['arn:aws:ecs:us-east-1:111122223333:cluster/tanker-us'], lastStatus: ['STOPPED'] },
  });
});
