import { beforeAll, describe, expect, test } from '@jest/globals';
import { WarmEvent } from '@tanker/contract/agent-functions.ts';
import { AgentEnvironment, ControlEnvironment } from '@tanker/contract/environment.ts';
import { BACKUP_WINDOWS } from '@tanker/contract/manifest.ts';
import { ACTIONS, MACHINES, OPERATIONS } from '@tanker/contract/operations.ts';
import { CONTROL_FUNCTIONS } from '@tanker/contract/resource-names.ts';
import { parseTopology } from '@tanker/contract/topology.ts';
import example from '../../topology.example.ts';
import {
  functionNamed,
  NETWORK,
  ofType,
  only,
  type Synthesized,
  synthesizedExample,
  synthesizedRegion,
  type Template,
} from './synthesized.ts';

const topology = parseTopology(example, 'topology.example.ts');

/** Outlives its stack, but not a first deployment that is rolled back, whose repetition would find its name taken. */
const KEPT_ONCE_USED = { DeletionPolicy: 'RetainExceptOnCreate', UpdateReplacePolicy: 'Retain' };

describe('the stacks of the example, with cdk-nag on', () => {
  let synthesized: Synthesized;
  let control: Template;
  let datacenters: Template[];

  beforeAll(() => {
    synthesized = synthesizedExample();
    control = synthesized.stacks['tanker-control'] as Template;
    datacenters = ['tanker-us', 'tanker-eu'].map((name) => synthesized.stacks[name] as Template);
  }, 120_000);

  test('are one for the control region and one for each datacenter', () => {
    expect(Object.keys(synthesized.stacks).sort()).toEqual(['tanker-control', 'tanker-eu', 'tanker-us']);
  });

  test('deploy in any order: none imports, exports or waits for another', () => {
    for (const { text } of Object.values(synthesized.stacks)) {
      expect(text).not.toMatch(/Fn::ImportValue|Fn::GetStackOutput|"Export"|"Outputs"|Custom::/);
    }
    for (const [name, { type, dependencies }] of Object.entries(synthesized.manifest.artifacts)) {
      if (type === 'aws:cloudformation:stack') expect(dependencies).toEqual([`${name}.assets`]);
    }
  });

  test('keep the table: encrypted, recoverable, protected, with a time to live', () => {
    const { Properties, DeletionPolicy } = only(control, 'AWS::DynamoDB::GlobalTable');
    expect(DeletionPolicy).toBe('Retain');
    expect(Properties).toMatchObject({
      TableName: 'tanker',
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      GlobalSecondaryIndexes: [
        {
          IndexName: 'open-tasks',
          KeySchema: [
            { AttributeName: 'open', KeyType: 'HASH' },
            { AttributeName: 'createdAt', KeyType: 'RANGE' },
          ],
          Projection: { ProjectionType: 'KEYS_ONLY' },
        },
      ],
      TimeToLiveSpecification: { AttributeName: 'ttl', Enabled: true },
      SSESpecification: { SSEEnabled: true, SSEType: 'KMS' },
      Replicas: [
        {
          Region: 'eu-west-1',
          DeletionProtectionEnabled: true,
          PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        },
      ],
    });
  });

  test('keep exports encrypted, private, unversioned and for the days of the topology only', () => {
    datacenters.forEach((template, index) => {
      const name = topology.datacenters[index]?.name;
      const bucket = only(template, 'AWS::S3::Bucket');
      const { Properties } = bucket;
      expect(bucket).toMatchObject(KEPT_ONCE_USED);
      expect(Properties['VersioningConfiguration']).toBeUndefined();
      expect(Properties).toMatchObject({
        BucketName: `tanker-exports-111122223333-${name}`,
        BucketEncryption: {
          ServerSideEncryptionConfiguration: [
            { BucketKeyEnabled: true, ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms' } },
          ],
        },
        OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          BlockPublicPolicy: true,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        },
      });
      expect(Properties['LifecycleConfiguration'].Rules).toEqual([
        {
          Id: 'expire-transfer',
          Status: 'Enabled',
          ExpirationInDays: topology.retention.transferDays,
          TagFilters: [{ Key: 'tanker-retention', Value: 'transfer' }],
        },
        ...Object.entries(BACKUP_WINDOWS).map(([name, days]) => ({
          Id: `expire-${name}`,
          Status: 'Enabled',
          ExpirationInDays: days + 2,
          TagFilters: [{ Key: 'tanker-retention', Value: name }],
        })),
        {
          Id: 'abort-unfinished-uploads',
          Status: 'Enabled',
          AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
        },
      ]);
      const denials = only(template, 'AWS::S3::BucketPolicy').Properties['PolicyDocument'].Statement;
      expect(denials).toContainEqual(
        expect.objectContaining({
          Effect: 'Deny',
          Action: 's3:*',
          Condition: { Bool: { 'aws:SecureTransport': 'false' } },
        }),
      );
      for (const key of ofType(template, 'AWS::KMS::Key')) {
        expect(key.Properties['EnableKeyRotation']).toBe(true);
      }
      const keys = ofType(template, 'AWS::KMS::Alias')
        .filter((alias) => alias.Properties['AliasName'] === `alias/tanker-${name}-exports`)
        .map((alias) => template.Resources[alias.Properties['TargetKeyId']['Fn::GetAtt'][0]]);
      expect(keys).toMatchObject([KEPT_ONCE_USED]);
    });
  });

  test('give every log group a fixed name and the retention of the topology', () => {
    for (const template of Object.values(synthesized.stacks)) {
      for (const { Properties } of ofType(template, 'AWS::Logs::LogGroup')) {
        expect(Properties['LogGroupName']).toMatch(/^\/aws\/(lambda|ecs|vendedlogs\/states)\/tanker-/);
        expect(Properties['RetentionInDays']).toBe(topology.retention.recordDays);
      }
    }
    expect(ofType(control, 'AWS::Logs::LogGroup')).toHaveLength(CONTROL_FUNCTIONS.length + MACHINES.length);
  });

  test('have each control function under its fixed name, with the environment of its schema', () => {
    for (const name of CONTROL_FUNCTIONS) {
      const { Properties } = functionNamed(control, `tanker-${name}`);
      expect(Properties).toMatchObject({ Runtime: 'nodejs24.x', Architectures: ['arm64'] });
      expect(Properties['Timeout']).toBe(name === 'sweep' ? 240 : 27);
      expect(Properties['TracingConfig']).toEqual({ Mode: 'Active' });
      expect(ControlEnvironment.strict().parse(Properties['Environment'].Variables)).toBeDefined();
    }
    expect(ofType(control, 'AWS::Lambda::Function')).toHaveLength(CONTROL_FUNCTIONS.length);
  });

  test('have each agent under its fixed name in every datacenter, and nobody runs one twice', () => {
    datacenters.forEach((template, index) => {
      const name = topology.datacenters[index]?.name as string;
      for (const action of ACTIONS) {
        const { Properties } = functionNamed(template, `tanker-${name}-${action}`);
        const environment = AgentEnvironment.strict().parse(Properties['Environment'].Variables);
        expect(environment.DATACENTER).toBe(name);
        expect(Properties['Timeout']).toBe(['export', 'import'].includes(action) ? 900 : 840);
        expect(Properties['VpcConfig']).toBeUndefined();
      }
      const configurations = ofType(template, 'AWS::Lambda::EventInvokeConfig').filter(
        ({ Properties }) => !JSON.stringify(Properties['FunctionName']).includes('OpenExpired'),
      );
      // every action, and launch
      expect(configurations).toHaveLength(ACTIONS.length + 1);
      for (const { Properties } of configurations) {
        expect(Properties['MaximumRetryAttempts']).toBe(0);
        expect(Properties['MaximumEventAgeInSeconds']).toBe(60);
        const [reporter] = Properties['DestinationConfig'].OnFailure.Destination['Fn::GetAtt'];
        expect(template.Resources[reporter]?.Properties['FunctionName']).toBe(
          `tanker-${name}-report-failure`,
        );
      }
    });
  });

  test('make what is told of failures before whoever tells it: a reference, or an order where it is named', () => {
    for (const template of Object.values(synthesized.stacks)) {
      const byArn = new Map(
        Object.entries(template.Resources).flatMap(([id, { Type, Properties }]) =>
          Type === 'AWS::Lambda::Function' ? [[`:function:${Properties['FunctionName']}`, id]] : [],
        ),
      );
      for (const config of ofType(template, 'AWS::Lambda::EventInvokeConfig')) {
        const { OnFailure, OnSuccess } = config.Properties['DestinationConfig'] ?? {};
        for (const { Destination } of [OnFailure, OnSuccess].filter(Boolean)) {
          if (typeof Destination !== 'string') continue;
          const [, id] = [...byArn].find(([end]) => Destination.endsWith(end)) ?? [];
          if (id) expect(config.DependsOn).toContain(id);
        }
      }
    }
  });

  test('start a recovery when an execution of an operation ends without a state that could catch it', () => {
    const { Properties } = ruleNamed(control, 'tanker-recovery');
    expect(Properties['EventPattern']).toEqual({
      source: ['aws.states'],
      'detail-type': ['Step Functions Execution Status Change'],
      detail: {
        status: ['FAILED', 'TIMED_OUT', 'ABORTED'],
        stateMachineArn: OPERATIONS.map(
          (operation) => `arn:aws:states:eu-west-1:111122223333:stateMachine:tanker-${operation}`,
        ),
      },
    });
    const [target] = Properties['Targets'];
    const [logicalId] = target.Arn['Fn::GetAtt'];
    expect(control.Resources[logicalId]?.Properties['FunctionName']).toBe('tanker-start-recovery');
    expect(target.RetryPolicy).toEqual({ MaximumRetryAttempts: 185, MaximumEventAgeInSeconds: 86_400 });
    expect(target.DeadLetterConfig).toBeDefined();
    const queue = control.Resources[target.DeadLetterConfig.Arn['Fn::GetAtt'][0]];
    expect(queue?.Properties).toMatchObject({
      QueueName: 'tanker-unhandled-recoveries',
      SqsManagedSseEnabled: true,
    });
  });

  test.each([
    ['control', 'sweep', 'rate(5 minutes)', 'tanker-sweep', 'tanker-sweep'],
    ['us', 'open-expired', 'rate(1 minute)', 'tanker-us-open-expired', 'tanker-us-open-expired'],
    ['eu', 'open-expired', 'rate(1 minute)', 'tanker-eu-open-expired', 'tanker-eu-open-expired'],
  ])('have in %s a rule that calls %s at %s, each time once', (stack, _about, rate, rule, functionName) => {
    const template = synthesized.stacks[`tanker-${stack}`] as Template;
    const { Properties } = ruleNamed(template, rule);
    expect(Properties['ScheduleExpression']).toBe(rate);
    const [target] = Properties['Targets'];
    const [logicalId] = target.Arn['Fn::GetAtt'];
    expect(template.Resources[logicalId]?.Properties['FunctionName']).toBe(functionName);
    expect(target.RetryPolicy).toEqual({ MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60 });
    const asynchronous = ofType(template, 'AWS::Lambda::EventInvokeConfig').find(
      (config) => config.Properties['FunctionName'].Ref === logicalId,
    );
    expect(asynchronous?.Properties['MaximumRetryAttempts']).toBe(0);
  });

  test('run the machines as standard workflows with traces and a log that holds no execution data', () => {
    const machines = ofType(control, 'AWS::StepFunctions::StateMachine');
    expect(machines.map(({ Properties }) => Properties['StateMachineName'])).toEqual(
      MACHINES.map((machine) => `tanker-${machine}`),
    );
    for (const { Properties } of machines) {
      expect(Properties['StateMachineType']).toBe('STANDARD');
      expect(Properties['TracingConfiguration']).toEqual({ Enabled: true });
      expect(Properties['LoggingConfiguration']).toMatchObject({ Level: 'ALL', IncludeExecutionData: false });
    }
  });

  test('keep the secrets: the operator’s in the control region only, the others in each datacenter’s', () => {
    const kinds = (template: Template) =>
      ofType(template, 'AWS::SecretsManager::Secret').map(({ Properties: { Name, Tags } }) => {
        expect(Tags).toContainEqual({ Key: 'tanker:installation', Value: 'tanker' });
        const tag = Tags.find(({ Key }: { Key: string }) => Key === 'tanker:secret');
        return `${Name}: ${tag?.Value}`;
      });
    expect(kinds(control)).toEqual(['tanker/gateway-operator: operator']);
    for (const template of datacenters) {
      expect(kinds(template)).toEqual([
        'tanker/provider/contacts: provider',
        'tanker/provider/deals: provider',
        'tanker/provider/mail: provider',
        'tanker/gateway-reader: reader',
      ]);
      for (const secret of ofType(template, 'AWS::SecretsManager::Secret')) {
        expect(secret).toMatchObject(KEPT_ONCE_USED);
        expect(secret.Properties['SecretString']).toBeUndefined();
      }
    }
  });
});

const ruleNamed = (template: Template, name: string) => {
  const found = ofType(template, 'AWS::Events::Rule').find(({ Properties }) => Properties['Name'] === name);
  if (!found) throw new Error(`The template has no rule ${name}.`);
  return found;
};

describe('two datacenters of one region, one of them in a network of its own, with cdk-nag on', () => {
  let stacks: Synthesized['stacks'];

  beforeAll(() => {
    stacks = synthesizedRegion().stacks;
  }, 120_000);

  test('make each secret once', () => {
    const names = Object.values(stacks).flatMap((template) =>
      ofType(template, 'AWS::SecretsManager::Secret').map(({ Properties }) => Properties['Name']),
    );
    expect(new Set(names).size).toBe(names.length);
    expect(names).toHaveLength(5);
  });

  test('put the agents into that network, by the ids of the topology, but not those that tell of its failures', () => {
    for (const { Properties } of ofType(stacks['acme-us'] as Template, 'AWS::Lambda::Function')) {
      const tells = /^acme-us-report-/.test(Properties['FunctionName']);
      expect(Properties['VpcConfig']).toEqual(
        tells ? undefined : { SubnetIds: NETWORK.subnetIds, SecurityGroupIds: NETWORK.securityGroupIds },
      );
    }
    for (const { Properties } of ofType(stacks['acme-eu'] as Template, 'AWS::Lambda::Function')) {
      expect(Properties['VpcConfig']).toBeUndefined();
    }
  });

  test('call each agent of that network once a day, so that Lambda keeps its interfaces, and no other', () => {
    const called = (template: Template) =>
      ofType(template, 'AWS::Events::Rule')
        .filter(({ Properties }) => Properties['ScheduleExpression'] === 'rate(1 day)')
        .flatMap(({ Properties }) => {
          expect(Properties['Targets'].length).toBeLessThanOrEqual(5);
          return Properties['Targets'].map(
            ({
              Arn,
              Input,
              RetryPolicy,
            }: {
              Arn: { 'Fn::GetAtt': [string] };
              Input: string;
              RetryPolicy: object;
            }) => {
              expect(WarmEvent.parse(JSON.parse(Input))).toEqual({ warm: true, holdMilliseconds: 0 });
              expect(RetryPolicy).toEqual({ MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60 });
              return template.Resources[Arn['Fn::GetAtt'][0]]?.Properties['FunctionName'];
            },
          );
        });
    const us = stacks['acme-us'] as Template;
    const inNetwork = ofType(us, 'AWS::Lambda::Function')
      .filter(({ Properties }) => Properties['VpcConfig'] !== undefined)
      .map(({ Properties }) => Properties['FunctionName']);
    expect(called(us).sort()).toEqual(inNetwork.filter((name) => name !== 'acme-us-open-expired').sort());
    expect(called(stacks['acme-eu'] as Template)).toEqual([]);
  });
});
