import { describe, expect, test } from '@jest/globals';
import { problemsOf, propertiesOf, type Template } from './changed-fixture.ts';

const trusting = (service: string) => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: service } }],
});

const echoArn = { 'Fn::GetAtt': ['Echo', 'Arn'] };
const rule = (more: object = {}) => ({
  Type: 'AWS::Events::Rule',
  Properties: { EventPattern: { source: ['aws.states'] }, Targets: [{ Id: 'T', Arn: echoArn, ...more }] },
});
const permission = (more: object = {}) => ({
  Type: 'AWS::Lambda::Permission',
  Properties: {
    Action: 'lambda:InvokeFunction',
    FunctionName: echoArn,
    Principal: 'events.amazonaws.com',
    SourceArn: { 'Fn::GetAtt': ['Rule', 'Arn'] },
    ...more,
  },
});

describe('a deployment is refused', () => {
  test("when Lambda can't assume a function's role (Lambda, 'Execution role')", async () => {
    const problems = await problemsOf((resources) => {
      propertiesOf(resources, 'EchoRole')['AssumeRolePolicyDocument'] = trusting('ec2.amazonaws.com');
    });
    expect(problems).toContainEqual(
      expect.stringMatching(/Echo \(AWS::Lambda::Function\): .*can't be assumed by lambda\.amazonaws\.com/),
    );
  });

  test("when Step Functions can't assume a machine's role (Step Functions, 'IAM policies')", async () => {
    const problems = await problemsOf((resources) => {
      propertiesOf(resources, 'MachineRole')['AssumeRolePolicyDocument'] = trusting('lambda.amazonaws.com');
    });
    expect(problems).toEqual([
      expect.stringContaining(
        'Neither the global service principal states.amazonaws.com, nor the regional one',
      ),
    ]);
  });

  test.each(['AWS::IAM::ManagedPolicy', 'AWS::IAM::Policy'])(
    'when a document is malformed, of an %s that nobody has too (IAM, "Grammar of the IAM JSON policy language")',
    async (Type) => {
      const problems = await problemsOf((resources) => {
        const Statement = [{ Effect: 'Allow', Action: 's3:GetObject', Resource: 'exports' }];
        resources['People'] = { Type, Properties: { PolicyDocument: { Statement } } };
      });
      expect(problems).toEqual([
        expect.stringContaining('MalformedPolicyDocument: Resource exports must be in ARN format or "*".'),
      ]);
    },
  );

  test("when a policy has a condition key that nothing fills (IAM, 'Condition keys')", async () => {
    const problems = await problemsOf((resources) => {
      const document = propertiesOf(resources, 'EchoPolicy')['PolicyDocument'] as { Statement: object[] };
      Object.assign(document.Statement[0] ?? {}, {
        Condition: { StringEquals: { 'aws:PrincipalTag/team': 'x' } },
      });
    });
    expect(problems).toEqual([expect.stringContaining('has the condition key aws:PrincipalTag/team')]);
  });

  test.each([
    ['no permission at all', undefined],
    [
      'a permission for another rule',
      permission({ SourceArn: 'arn:aws:events:eu-west-1:111122223333:rule/other' }),
    ],
    ['a permission for another service', permission({ Principal: 's3.amazonaws.com' })],
    ['a permission for another action', permission({ Action: 'lambda:GetFunction' })],
  ])(
    'when a rule may not call its function: %s (EventBridge, "Resource-based policies")',
    async (_, found) => {
      const problems = await problemsOf((resources) => {
        resources['Rule'] = rule();
        if (found) resources['Permission'] = found;
      });
      expect(problems).toEqual([
        expect.stringContaining('events.amazonaws.com is not authorized to perform: lambda:InvokeFunction'),
      ]);
    },
  );

  test('when a rule may not write to its dead letter queue (EventBridge, "Using dead-letter queues")', async () => {
    const queueArn = { 'Fn::GetAtt': ['Elsewhere1', 'Arn'] };
    const problems = await problemsOf((resources) => {
      resources['Permission'] = permission();
      resources['Rule'] = rule({ DeadLetterConfig: { Arn: queueArn } });
      resources['Elsewhere1'] = { Type: 'AWS::SQS::Queue', Properties: {} };
    });
    expect(problems).toEqual([
      expect.stringContaining('events.amazonaws.com is not authorized to perform: sqs:SendMessage'),
    ]);
  });

  test.each([
    [
      'variables of more than 4 KB (Lambda quotas)',
      { Environment: { Variables: { A: 'x'.repeat(4096) } } },
      '4KB',
    ],
    ['a reserved variable (Lambda)', { Environment: { Variables: { AWS_REGION: 'x' } } }, 'reserved keys'],
    ['more than 15 minutes (Lambda quotas)', { Timeout: 901 }, 'Timeout 901'],
    ['less than 128 MB (Lambda quotas)', { MemorySize: 64 }, 'MemorySize 64'],
  ])('for a function with %s', async (_, properties, words) => {
    const problems = await problemsOf((resources) => {
      Object.assign(propertiesOf(resources, 'Echo'), properties);
    });
    expect(problems).toContainEqual(expect.stringContaining(words));
  });

  describe('when what Lambda gives up could not be told (Lambda API, PutFunctionEventInvokeConfig):', () => {
    const queueArn = { 'Fn::GetAtt': ['Dead', 'Arn'] };
    const tellerArn = { 'Fn::GetAtt': ['Teller', 'Arn'] };
    const withDestination =
      (Destination: unknown, allowed?: object) => (resources: Template['Resources']) => {
        resources['Dead'] = { Type: 'AWS::SQS::Queue', Properties: {} };
        const teller = { ...propertiesOf(resources, 'Echo'), FunctionName: 'teller' };
        resources['Teller'] = { Type: 'AWS::Lambda::Function', Properties: teller };
        resources['Config'] = {
          Type: 'AWS::Lambda::EventInvokeConfig',
          Properties: {
            FunctionName: { Ref: 'Echo' },
            Qualifier: '$LATEST',
            DestinationConfig: { OnFailure: { Destination } },
          },
        };
        const document = propertiesOf(resources, 'EchoPolicy')['PolicyDocument'] as { Statement: object[] };
        if (allowed) document.Statement.push({ Effect: 'Allow', ...allowed });
      };

    test.each([
      ['a queue without sqs:SendMessage', queueArn, undefined, 'sqs:SendMessage'],
      ['a function without lambda:InvokeFunction', tellerArn, undefined, 'lambda:InvokeFunction'],
      [
        'a queue of which another right is held',
        queueArn,
        { Action: 'sqs:ReceiveMessage', Resource: queueArn },
        'sqs:SendMessage',
      ],
      [
        'a queue that is not there',
        'arn:aws:sqs:eu-west-1:111122223333:nobody',
        { Action: 'sqs:SendMessage', Resource: '*' },
        "the assembly doesn't hold it",
      ],
      [
        'the function itself',
        echoArn,
        { Action: 'lambda:InvokeFunction', Resource: '*' },
        "You can't specify the function as a destination for itself",
      ],
    ])('%s', async (_, destination, allowed, words) => {
      const problems = await problemsOf(withDestination(destination, allowed));
      expect(problems).toHaveLength(1);
      expect(problems[0]).toContain('InvalidParameterValueException');
      expect(problems[0]).toContain(words);
    });

    test.each([
      ['a queue', queueArn, { Action: 'sqs:SendMessage', Resource: queueArn }],
      ['a function', tellerArn, { Action: 'lambda:InvokeFunction', Resource: '*' }],
    ])('and %s that the role may send to is accepted', async (_, destination, allowed) => {
      expect(await problemsOf(withDestination(destination, allowed))).toEqual([]);
    });
  });
});
