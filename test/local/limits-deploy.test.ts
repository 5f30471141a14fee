import { describe, expect, test } from '@jest/globals';
import { checkFargateSize } from '../../local/deploy/limits.ts';
import { problemsOf, propertiesOf, type Template } from './changed-fixture.ts';

type Change = (resources: Template['Resources']) => void;

const echoArn = { 'Fn::GetAtt': ['Echo', 'Arn'] };

const functionOf =
  (properties: object): Change =>
  (resources) =>
    Object.assign(propertiesOf(resources, 'Echo'), properties);

const bucketOf =
  (BucketName: string): Change =>
  (resources) => {
    resources['Bucket'] = { Type: 'AWS::S3::Bucket', Properties: { BucketName } };
  };

const busOf =
  (Name: string): Change =>
  (resources) => {
    resources['Bus'] = { Type: 'AWS::Events::EventBus', Properties: { Name } };
  };

/** A rule whose targets are one function, which lets it call. */
const ruleOf =
  (rule: object, target: object = {}, targets = 1): Change =>
  (resources) => {
    const all = Array.from({ length: targets }, (_, index) => ({ Id: `T${index}`, Arn: echoArn, ...target }));
    resources['Rule'] = {
      Type: 'AWS::Events::Rule',
      Properties: { EventPattern: { source: ['shop'] }, Targets: all, ...rule },
    };
    resources['Permission'] = {
      Type: 'AWS::Lambda::Permission',
      Properties: {
        Action: 'lambda:InvokeFunction',
        FunctionName: echoArn,
        Principal: 'events.amazonaws.com',
      },
    };
  };

const invokeConfigOf =
  (more: object): Change =>
  (resources) => {
    resources['Config'] = {
      Type: 'AWS::Lambda::EventInvokeConfig',
      Properties: { FunctionName: { Ref: 'Echo' }, Qualifier: '$LATEST', ...more },
    };
  };

const taskOf =
  (Cpu: string, Memory: string): Change =>
  (resources) => {
    resources['Task'] = {
      Type: 'AWS::ECS::TaskDefinition',
      Properties: { Family: 'move', NetworkMode: 'awsvpc', Cpu, Memory, ContainerDefinitions: [] },
    };
  };

const letters = (count: number) => 'x'.repeat(count);

// Sources: local/deploy/limits.ts.
describe('at the edge of what AWS takes', () => {
  test.each<[string, Change]>([
    ['a function name of 64 characters', functionOf({ FunctionName: letters(64) })],
    ['15 minutes', functionOf({ Timeout: 900 })],
    ['a number as text', functionOf({ MemorySize: '10240' })],
    ['a rule name of 64 characters', ruleOf({ Name: letters(64) })],
    ['five targets', ruleOf({}, {}, 5)],
    ['185 retries of a target', ruleOf({}, { RetryPolicy: { MaximumRetryAttempts: 185 } })],
    ['a day of a target', ruleOf({}, { RetryPolicy: { MaximumEventAgeInSeconds: 86_400 } })],
    ['a minute of a target', ruleOf({}, { RetryPolicy: { MaximumEventAgeInSeconds: 60 } })],
    ['no retry', invokeConfigOf({ MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60 })],
    ['two retries', invokeConfigOf({ MaximumRetryAttempts: 2, MaximumEventAgeInSeconds: 21_600 })],
    ['a bucket name of 63 characters', bucketOf(letters(63))],
    ['a bucket name with dots and digits', bucketOf('1.exports-2.example')],
    ['a bus name of 256 characters', busOf(letters(256))],
  ])('%s is deployed', async (_, change) => {
    expect(await problemsOf(change)).toEqual([]);
  });

  test.each<[string, Change, string]>([
    ['a function name of 65 characters', functionOf({ FunctionName: letters(65) }), "at 'functionName'"],
    ['a function name with a dot', functionOf({ FunctionName: 'a.b' }), "at 'functionName'"],
    ['a rule name of 65 characters', ruleOf({ Name: letters(65) }), "at 'name'"],
    ['a rule name with a space', ruleOf({ Name: 'a b' }), "at 'name'"],
    ['a bus name of 257 characters', busOf(letters(257)), "at 'name'"],
    ['six targets', ruleOf({}, {}, 6), '6 targets of a rule, over 5'],
    [
      '186 retries of a target',
      ruleOf({}, { RetryPolicy: { MaximumRetryAttempts: 186 } }),
      'RetryPolicy.MaximumRetryAttempts 186',
    ],
    [
      'less than a minute of a target',
      ruleOf({}, { RetryPolicy: { MaximumEventAgeInSeconds: 59 } }),
      'RetryPolicy.MaximumEventAgeInSeconds 59',
    ],
    [
      'more than a day of a target',
      ruleOf({}, { RetryPolicy: { MaximumEventAgeInSeconds: 86_401 } }),
      'RetryPolicy.MaximumEventAgeInSeconds 86401',
    ],
    [
      'three retries',
      invokeConfigOf({ MaximumRetryAttempts: 3 }),
      'EventInvokeConfig.MaximumRetryAttempts 3, which is not between 0 and 2',
    ],
    ['an age of 59 s', invokeConfigOf({ MaximumEventAgeInSeconds: 59 }), 'MaximumEventAgeInSeconds 59'],
    ['over 6 hours', invokeConfigOf({ MaximumEventAgeInSeconds: 21_601 }), 'MaximumEventAgeInSeconds 21601'],
    ['a size that Fargate lacks', taskOf('1024', '1024'), 'No Fargate configuration exists'],
    ['half a second', functionOf({ Timeout: 0.5 }), 'Timeout 0.5'],
    ['a bucket name of 64 characters', bucketOf(letters(64)), 'InvalidBucketName'],
    ['a bucket name of 2 characters', bucketOf('ab'), 'InvalidBucketName'],
    ['a bucket name with upper case', bucketOf('Exports'), 'InvalidBucketName'],
    ['a bucket name with an underscore', bucketOf('my_exports'), 'InvalidBucketName'],
    ['a bucket name with two dots', bucketOf('my..exports'), 'InvalidBucketName'],
    ['a bucket name that is an address', bucketOf('192.168.5.4'), 'InvalidBucketName'],
    ['a bucket name that ends in a hyphen', bucketOf('exports-'), 'InvalidBucketName'],
    ['a bucket name of an alias', bucketOf('exports-s3alias'), 'InvalidBucketName'],
  ])('%s is refused', async (_, change, words) => {
    expect(await problemsOf(change)).toContainEqual(expect.stringContaining(words));
  });

  test.each([
    ['256', '512'],
    ['256', '2048'],
    ['1024', '2048'],
    ['1024', '8192'],
    ['4096', '30720'],
    ['8192', '20480'],
    ['16384', '122880'],
  ])('Fargate has %s CPU units with %s MiB', (cpu, memory) => {
    expect(() => checkFargateSize(cpu, memory)).not.toThrow();
  });

  test.each([
    ['256', '1536'],
    ['512', '512'],
    ['1024', '1024'],
    ['1024', '2500'],
    ['4096', '31744'],
    ['8192', '17408'],
    ['300', '1024'],
  ])('and hasn’t %s CPU units with %s MiB', (cpu, memory) => {
    expect(() => checkFargateSize(cpu, memory)).toThrow(
      `No Fargate configuration exists for given values: ${cpu} CPU, ${memory} memory.`,
    );
  });

  test('a size in words is not implemented', () => {
    expect(() => checkFargateSize('1 vCPU', '2 GB')).toThrow('only CPU units and MiB are implemented');
  });
});
