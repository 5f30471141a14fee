import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { afterAll, describe, expect, test } from '@jest/globals';
import { AssemblyUnsupported, type Cloud, startCloud } from '../../local/cloud.ts';
import { eventually } from './lambda-world.ts';

const FIXTURE = path.join(import.meta.dirname, 'fixtures', 'assembly');
const REGION = 'eu-west-1';
const temporary = () => mkdtempSync(path.join(tmpdir(), 'tanker-stream-deploy-'));

type Resources = Record<string, { Type: string; Properties: Record<string, unknown> }>;

const attribute = (...at: string[]) => ({ 'Fn::GetAtt': at });
const statement = (Action: string[], Resource: unknown) => ({ Effect: 'Allow', Action, Resource });

const STREAM_RIGHTS = ['DescribeStream', 'GetRecords', 'GetShardIterator', 'ListStreams'].map(
  (action) => `dynamodb:${action}`,
);

/** The fixture with a stream, a mapping to its function, a bus and a rule on it. */
function withStream(resources: Resources): void {
  propertiesOf(resources, 'Table')['StreamSpecification'] = { StreamViewType: 'NEW_AND_OLD_IMAGES' };
  const policy = propertiesOf(resources, 'EchoPolicy')['PolicyDocument'] as { Statement: unknown[] };
  policy.Statement.push(
    statement(STREAM_RIGHTS, attribute('Table', 'StreamArn')),
    statement(['sqs:SendMessage'], attribute('Dead', 'Arn')),
    statement(['events:PutEvents'], attribute('Bus', 'Arn')),
  );
  resources['Dead'] = { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'dead' } };
  resources['Mapping'] = {
    Type: 'AWS::Lambda::EventSourceMapping',
    Properties: {
      EventSourceArn: attribute('Table', 'StreamArn'),
      FunctionName: { Ref: 'Echo' },
      StartingPosition: 'LATEST',
      BatchSize: 10,
      BisectBatchOnFunctionError: true,
      MaximumRetryAttempts: 0,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      FilterCriteria: { Filters: [{ Pattern: '{"dynamodb":{"NewImage":{"kind":{"S":["task"]}}}}' }] },
      DestinationConfig: { OnFailure: { Destination: attribute('Dead', 'Arn') } },
    },
  };
  resources['Bus'] = { Type: 'AWS::Events::EventBus', Properties: { Name: 'tanker' } };
  resources['BusRule'] = {
    Type: 'AWS::Events::Rule',
    Properties: {
      Name: 'closings',
      EventBusName: { Ref: 'Bus' },
      EventPattern: { source: ['shop'] },
      Targets: [{ Id: 'T', Arn: attribute('Echo', 'Arn') }],
    },
  };
  resources['Permission'] = {
    Type: 'AWS::Lambda::Permission',
    Properties: {
      Action: 'lambda:InvokeFunction',
      FunctionName: attribute('Echo', 'Arn'),
      Principal: 'events.amazonaws.com',
      SourceArn: attribute('BusRule', 'Arn'),
    },
  };
}

const propertiesOf = (resources: Resources, name: string) =>
  resources[name]?.Properties as Record<string, unknown>;

function start(change: (resources: Resources) => void): Promise<Cloud> {
  const assemblyDirectory = temporary();
  cpSync(FIXTURE, assemblyDirectory, { recursive: true });
  const file = path.join(assemblyDirectory, 'control.template.json');
  const template = JSON.parse(readFileSync(file, 'utf8')) as { Resources: Resources };
  withStream(template.Resources);
  change(template.Resources);
  writeFileSync(file, JSON.stringify(template));
  return startCloud({ assemblyDirectory, dataDirectory: temporary() });
}

async function problemsOf(change: (resources: Resources) => void): Promise<readonly string[]> {
  try {
    await (await start(change)).stop();
    return [];
  } catch (error) {
    if (error instanceof AssemblyUnsupported) return error.problems;
    throw error;
  }
}

describe('a template with a stream, a mapping and a bus', () => {
  let cloud: Cloud | undefined;
  afterAll(() => cloud?.stop());

  test('runs: the function is called with what was written and matches, and by the rule of the bus', async () => {
    cloud = await start(() => {});
    const { endpoint, credentials } = cloud;
    const [echo] = cloud.lambda.functions(REGION);
    const options = { region: REGION, endpoint, credentials };
    const calls = cloud.faults;
    const failing = (payload: object) =>
      calls.set({
        service: 'lambda',
        match: { operation: 'Run', functionName: echo?.name, payload },
        effect: { kind: 'error', errorType: 'Broken' },
      });
    // A function that fails is seen by what becomes of its batch: told to the queue at once, without retries.
    failing({ Records: [{ dynamodb: { Keys: { pk: { S: 'a' } } } }] });
    const table = new DynamoDBClient(options);
    for (const [pk, kind] of [
      ['other', 'log'],
      ['a', 'task'],
    ] as const) {
      const Item = { pk: { S: pk }, kind: { S: kind } };
      await table.send(new PutItemCommand({ TableName: 'tanker', Item }));
    }
    const dead = `arn:aws:sqs:${REGION}:111122223333:dead`;
    const message = await eventually(() => cloud?.queues.messages(dead)[0]);
    expect(JSON.parse(message.body)).toMatchObject({ DDBStreamBatchInfo: { batchSize: 1 } });

    const own = new EventBridgeClient({ ...options, credentials: cloud.credentialsFor(echo?.roleArn ?? '') });
    const entry = { Source: 'shop', DetailType: 'x', Detail: '{"n":1}' };
    const onBus = new PutEventsCommand({ Entries: [{ ...entry, EventBusName: 'tanker' }] });
    const heard = failing({ detail: { n: 1 } });
    await expect(own.send(onBus)).resolves.toMatchObject({ FailedEntryCount: 0 });
    await eventually(() => calls.list().find(({ id, hits }) => id === heard && hits === 1));
    const onDefault = new PutEventsCommand({ Entries: [entry] });
    await expect(own.send(onDefault)).rejects.toMatchObject({ name: 'AccessDeniedException' });
    own.destroy();
    table.destroy();
  });
});

const mapping = (more: object) => (resources: Resources) =>
  void Object.assign(propertiesOf(resources, 'Mapping'), more);

describe('a template is refused', () => {
  // Source: Lambda's own words, seen on AWS; DynamoDB, "IAM policy to allow an AWS Lambda function to access DynamoDB stream records".
  test.each(STREAM_RIGHTS)('when the role of the function that reads has no %s', async (action) => {
    const problems = await problemsOf((resources) => {
      const policy = propertiesOf(resources, 'EchoPolicy')['PolicyDocument'] as { Statement: unknown[] };
      policy.Statement[1] = statement(
        STREAM_RIGHTS.filter((one) => one !== action),
        attribute('Table', 'StreamArn'),
      );
    });
    expect(problems).toEqual([
      expect.stringMatching(/Please ensure the role can perform the GetRecords, GetShardIterator/),
    ]);
  });

  test('when the right is on the table and not on its stream', async () => {
    const problems = await problemsOf((resources) => {
      const policy = propertiesOf(resources, 'EchoPolicy')['PolicyDocument'] as { Statement: unknown[] };
      policy.Statement[1] = statement(STREAM_RIGHTS, attribute('Table', 'Arn'));
    });
    expect(problems).toEqual([expect.stringContaining('Cannot access stream')]);
  });

  test('when the role may not tell the destination', async () => {
    const problems = await problemsOf((resources) => {
      const policy = propertiesOf(resources, 'EchoPolicy')['PolicyDocument'] as { Statement: unknown[] };
      policy.Statement.splice(2, 1);
    });
    expect(problems).toEqual([expect.stringContaining('not authorized to perform: sqs:SendMessage')]);
  });

  test('when its table has no stream', async () => {
    const problems = await problemsOf((resources) => {
      delete propertiesOf(resources, 'Table')['StreamSpecification'];
    });
    expect(problems).toContainEqual(expect.stringContaining('Fn::GetAtt of Table.StreamArn'));
  });

  // Source: Lambda, "Lambda parameters for Amazon DynamoDB event source mappings"; recorded words for the filter.
  test.each<[object, RegExp]>([
    [{ BatchSize: 10_001 }, /BatchSize 10001, which is not between 1 and 10000/],
    [{ MaximumRetryAttempts: -2 }, /MaximumRetryAttempts -2/],
    [{ MaximumRecordAgeInSeconds: 59 }, /MaximumRecordAgeInSeconds 59, which is below 60/],
    [{ MaximumRecordAgeInSeconds: 604_801 }, /MaximumRecordAgeInSeconds 604801/],
    [{ StartingPosition: 'AT_TIMESTAMP' }, /StartingPosition AT_TIMESTAMP/],
    [{ FunctionResponseTypes: ['All'] }, /FunctionResponseTypes All/],
    [{ FilterCriteria: { Filters: [{ Pattern: 'text' }] } }, /Invalid filter pattern definition\./],
    [{ FilterCriteria: { Filters: Array(6).fill({ Pattern: '{}' }) } }, /6 filters, over 5/],
    [{ FilterCriteria: { Filters: [{ Pattern: '{"eventSource":["x"]}' }] } }, /a filter on eventSource/],
    [{ FilterCriteria: { Filters: [{ Pattern: '{"dynamodb":{"Keys":[{"cidr":"x"}]}}' }] } }, /cidr/],
    [{ ParallelizationFactor: 2 }, /property not implemented: ParallelizationFactor/],
    [{ TumblingWindowInSeconds: 10 }, /property not implemented: TumblingWindowInSeconds/],
    [{ MaximumBatchingWindowInSeconds: 1 }, /property not implemented: MaximumBatchingWindow/],
    [{ EventSourceArn: 'arn:aws:sqs:eu-west-1:1:q' }, /only streams of tables are implemented/],
    [{ FunctionName: 'nobody' }, /function nobody, which the assembly doesn't hold/],
    [{ DestinationConfig: { OnFailure: { Destination: 'arn:aws:sns:x' } } }, /only queues of the assembly/],
  ])('with a mapping of %j', async (properties, message) => {
    expect(await problemsOf(mapping(properties))).toEqual([expect.stringMatching(message)]);
  });

  test.each<[string, object, RegExp]>([
    ['Bus', { KmsKeyIdentifier: 'x' }, /property not implemented: KmsKeyIdentifier/],
    ['Bus', { Policy: {} }, /property not implemented: Policy/],
    ['BusRule', { EventBusName: 'nowhere' }, /Event bus nowhere does not exist/],
    ['Table', { StreamSpecification: { StreamViewType: 'ALL' } }, /StreamViewType ALL/],
    ['Table', { StreamSpecification: { ResourcePolicy: {} } }, /StreamSpecification\.ResourcePolicy/],
  ])('with a %s of %j', async (name, properties, message) => {
    const problems = await problemsOf((resources) =>
      Object.assign(propertiesOf(resources, name), properties),
    );
    expect(problems).toContainEqual(expect.stringMatching(message));
  });
});
