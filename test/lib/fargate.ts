import { beforeAll, describe, expect, test } from '@jest/globals';
import { LaunchEnvironment, TransferTaskEnvironment } from '@tanker/contract/environment.ts';
import {
  functionNamed,
  type Image,
  NETWORK,
  ofType,
  only,
  rightsOf,
  type Synthesized,
  synthesizedRegion,
  type Template,
} from './synthesized.ts';

let synthesized: Synthesized;
let own: Template;
let named: Template;

beforeAll(() => {
  synthesized = synthesizedRegion();
  own = synthesized.stacks['acme-eu'] as Template;
  named = synthesized.stacks['acme-us'] as Template;
}, 120_000);

describe('the transfer task', () => {
  test('has a fixed family, the topology’s processor, and one container without a shell or a writable disk', () => {
    const { Properties } = only(own, 'AWS::ECS::TaskDefinition');
    expect(Properties).toMatchObject({
      Family: 'acme-eu-transfer',
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
    const { platform, dockerfile: text, files } = synthesized.images['acme-eu'] as Image;
    expect(platform).toBe('linux/amd64');
    expect([...files].sort()).toEqual(['Dockerfile', 'index.mjs', 'topology.json']);
    expect(text).toMatch(/^FROM public\.ecr\.aws\/docker\/library\/node:24-slim$/m);
    expect(text).toMatch(/^USER 1000$/m);
    expect(text).toMatch(/^ENTRYPOINT \["node",.*"index\.mjs"\]$/m);
    expect(text).not.toMatch(/^(RUN|CMD)/m);
  });

  test('may do what export and import may, and read; whoever starts it may pull and write its log', () => {
    const { TaskRoleArn, ExecutionRoleArn } = only(own, 'AWS::ECS::TaskDefinition').Properties;
    const actionsOf = (arn: { 'Fn::GetAtt': [string] }) =>
      [...new Set(rightsOf(own, { Type: '', Properties: { Role: arn } }).map(({ action }) => action))].sort();
    const of = (name: string) =>
      rightsOf(own, functionNamed(own, `acme-eu-${name}`)).map(({ action }) => action);
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
    const rights = rightsOf(own, functionNamed(own, 'acme-eu-launch'));
    expect(rights.filter(({ action }) => action.startsWith('ecs:'))).toEqual([
      {
        action: 'ecs:RunTask',
        resource: 'arn:aws:ecs:eu-west-1:111122223333:task-definition/acme-eu-transfer:*',
        condition: { ArnEquals: { 'ecs:cluster': 'arn:aws:ecs:eu-west-1:111122223333:cluster/acme-eu' } },
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
    expect(variables(own, 'acme-eu-launch')).toMatchObject({ ASSIGN_PUBLIC_IP: 'ENABLED' });
    expect(LaunchEnvironment.strict().parse(variables(named, 'acme-us-launch'))).toMatchObject({
      SUBNET_IDS: NETWORK.subnetIds.join(','),
      SECURITY_GROUP_IDS: NETWORK.securityGroupIds.join(','),
      ASSIGN_PUBLIC_IP: 'DISABLED',
    });
  });
});

describe('the network', () => {
  test('of its own has public subnets, a gateway endpoint for S3, nothing inbound and no NAT gateway', () => {
    expect(ofType(own, 'AWS::EC2::Subnet')).toHaveLength(2);
    expect(only(own, 'AWS::EC2::VPCEndpoint').Properties).toMatchObject({ VpcEndpointType: 'Gateway' });
    expect(only(own, 'AWS::EC2::SecurityGroup').Properties['SecurityGroupIngress']).toBeUndefined();
    expect(ofType(own, 'AWS::EC2::NatGateway')).toEqual([]);
    // two zones of whatever the region has, so that synth asks no account
    expect(JSON.stringify(own)).toContain('Fn::GetAZs');
  });

  test('is not made where the topology names one', () => {
    expect(
      Object.keys(named.Resources).some((id) => named.Resources[id]?.Type.startsWith('AWS::EC2::')),
    ).toBe(false);
  });
});

test('a rule tells report-stopped-task of every stopped task of the cluster', () => {
  const rule = ofType(own, 'AWS::Events::Rule').find(
    ({ Properties }) => Properties['Name'] === 'acme-eu-stopped-tasks',
  );
  expect(rule?.Properties['EventPattern']).toEqual({
    source: ['aws.ecs'],
    'detail-type': ['ECS Task State Change'],
    detail: { clusterArn: ['arn:aws:ecs:eu-west-1:111122223333:cluster/acme-eu'], lastStatus: ['STOPPED'] },
  });
});
