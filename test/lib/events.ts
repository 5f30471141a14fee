import { beforeAll, describe, expect, test } from '@jest/globals';
import {
  functionNamed,
  ofType,
  only,
  type Right,
  rightsOf,
  synthesizedExample,
  type Template,
} from './synthesized.ts';

let control: Template;
beforeAll(() => {
  control = synthesizedExample().stacks['tanker-control'] as Template;
}, 60_000);

const logicalIdOf = (type: string, name: string): string => {
  const found = Object.entries(control.Resources).find(
    ([, { Type, Properties }]) => Type === type && Object.values(Properties).includes(name),
  );
  return found?.[0] ?? `(no ${type} ${name})`;
};
const tableId = () => logicalIdOf('AWS::DynamoDB::GlobalTable', 'tanker');
const queueId = () => logicalIdOf('AWS::SQS::Queue', 'tanker-unpublished-events');
const attribute = (...at: string[]) => ({ 'Fn::GetAtt': at });

describe('the events of phase changes', () => {
  test('have a bus of the installation, which nobody is let onto by a policy of its own', () => {
    expect(only(control, 'AWS::Events::EventBus').Properties['Name']).toBe('tanker');
    expect(ofType(control, 'AWS::Events::EventBusPolicy')).toEqual([]);
  });

  test('come from the table’s stream with both images', () => {
    const { Properties } = only(control, 'AWS::DynamoDB::GlobalTable');
    expect(Properties['StreamSpecification']).toEqual({ StreamViewType: 'NEW_AND_OLD_IMAGES' });
  });

  test('are made of writes of tasks’ records alone, and what fails is halved, named, tried for 23 hours and told', () => {
    const { Properties } = only(control, 'AWS::Lambda::EventSourceMapping');
    const { Tags: _, FilterCriteria, ...mapping } = Properties;
    expect(mapping).toEqual({
      EventSourceArn: attribute(tableId(), 'StreamArn'),
      FunctionName: { Ref: logicalIdOf('AWS::Lambda::Function', 'tanker-publish-events') },
      StartingPosition: 'TRIM_HORIZON',
      BatchSize: 100,
      BisectBatchOnFunctionError: true,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      MaximumRecordAgeInSeconds: 82_800,
      DestinationConfig: { OnFailure: { Destination: attribute(queueId(), 'Arn') } },
    });
    expect(FilterCriteria.Filters.map(({ Pattern }: { Pattern: string }) => JSON.parse(Pattern))).toEqual([
      { dynamodb: { NewImage: { kind: { S: ['task'] } } } },
    ]);
  });

  test('are put by a function that reads that stream, tells that queue, and can do nothing else', () => {
    const rights = rightsOf(control, functionNamed(control, 'tanker-publish-events'));
    const own = rights.filter(({ action }) => !/^(logs|xray):/.test(action));
    const expected: Right[] = [
      ...['DescribeStream', 'GetRecords', 'GetShardIterator', 'ListStreams'].map((action) => ({
        action: `dynamodb:${action}`,
        resource: attribute(tableId(), 'StreamArn'),
      })),
      { action: 'events:PutEvents', resource: 'arn:aws:events:eu-west-1:111122223333:event-bus/tanker' },
      { action: 'sqs:SendMessage', resource: attribute(queueId(), 'Arn') },
    ];
    const inOrder = (all: Right[]) => all.map((one) => JSON.stringify(one)).sort();
    expect(inOrder(own)).toEqual(inOrder(expected));
  });

  test('are put by no other function', () => {
    const putting = ofType(control, 'AWS::Lambda::Function').filter((fn) =>
      rightsOf(control, fn).some(({ action }) => action === 'events:PutEvents'),
    );
    expect(putting.map(({ Properties }) => Properties['FunctionName'])).toEqual(['tanker-publish-events']);
  });

  test('are mapped only once the function’s role has its rights', () => {
    const functionId = logicalIdOf('AWS::Lambda::Function', 'tanker-publish-events');
    const needed = (control.Resources[functionId] as { DependsOn?: string[] }).DependsOn ?? [];
    const types = needed.map((id) => control.Resources[id]?.Type);
    expect(types).toContain('AWS::IAM::Policy');
  });

  test('keep what was not told for 14 days, encrypted', () => {
    expect(control.Resources[queueId()]?.Properties).toMatchObject({
      MessageRetentionPeriod: 1_209_600,
      SqsManagedSseEnabled: true,
    });
  });

  test('are consumed by whoever has the policy for it: rules on that bus, and no event of their own on it', () => {
    const policy = ofType(control, 'AWS::IAM::ManagedPolicy').find(
      ({ Properties }) => Properties['ManagedPolicyName'] === 'tanker-events-consumer',
    );
    const statements = policy?.Properties['PolicyDocument'].Statement as {
      Effect: string;
      Action: string | string[];
      Resource: string | string[];
    }[];
    const allowed = statements.map(({ Action, Resource }) => [[Action].flat().sort(), Resource]);
    expect(allowed).toEqual([
      [['events:DescribeEventBus'], 'arn:aws:events:eu-west-1:111122223333:event-bus/tanker'],
      [['events:ListRules'], '*'],
      [
        [
          'events:DeleteRule',
          'events:DescribeRule',
          'events:DisableRule',
          'events:EnableRule',
          'events:ListTargetsByRule',
          'events:PutRule',
          'events:PutTargets',
          'events:RemoveTargets',
        ],
        'arn:aws:events:eu-west-1:111122223333:rule/tanker/*',
      ],
    ]);
  });
});
