import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { type Assembly, type Resource, readAssembly } from '../../local/assembly/assembly.ts';
import { definitionText } from '../../local/assembly/state-machine-definition.ts';

const FIXTURE = path.join(import.meta.dirname, 'fixtures', 'assembly');
const assembly = readAssembly(FIXTURE);

function resource(logicalId: string, from: Assembly = assembly): Resource {
  const found = from.resources.find((one) => one.logicalId === logicalId);
  if (!found) throw new Error(`${logicalId} is not in the assembly`);
  return found;
}

/** The fixture with resources added to its control stack. */
function withResources(resources: Record<string, unknown>): Assembly {
  const directory = mkdtempSync(path.join(tmpdir(), 'tanker-assembly-'));
  cpSync(FIXTURE, directory, { recursive: true });
  const file = path.join(directory, 'control.template.json');
  const template = JSON.parse(readFileSync(file, 'utf8'));
  Object.assign(template.Resources, resources);
  writeFileSync(file, JSON.stringify(template));
  return readAssembly(directory);
}

describe('an assembly', () => {
  test('has the resources of all its stacks with their regions', () => {
    expect(assembly.problems).toEqual([]);
    expect(assembly.regions).toEqual(['eu-west-1', 'us-east-1']);
    expect(assembly.account).toBe('111122223333');
    expect(resource('Exports')).toMatchObject({
      stack: 'tanker-us',
      region: 'us-east-1',
      type: 'AWS::S3::Bucket',
    });
  });

  // Source: CloudFormation's intrinsic function reference.
  test('has every intrinsic resolved', () => {
    const arn = 'arn:aws:lambda:eu-west-1:111122223333:function:tanker-echo-eu-west-1';
    expect(resource('Echo')).toMatchObject({ ref: 'tanker-echo-eu-west-1', attributes: { Arn: arn } });
    expect(resource('Echo').properties['Environment']).toEqual({
      Variables: {
        TABLE_NAME: 'tanker',
        PLACE: 'Ireland',
        TABLE_OF_ARN: 'tanker',
        LITERAL: `\${Keep} given ${arn}`,
      },
    });
    expect(resource('EchoRole').properties['ManagedPolicyArns']).toEqual([
      'arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole',
    ]);
  });

  test('makes up the names that the template leaves open, the same in every run', () => {
    const { ref } = resource('Exports');
    expect(ref).toMatch(/^tanker-us-exports-[0-9a-f]{12}$/);
    expect(resource('Exports', readAssembly(FIXTURE)).ref).toBe(ref);
    expect(resource('Key').attributes['Arn']).toMatch(
      /^arn:aws:kms:us-east-1:111122223333:key\/[0-9a-f-]{36}$/,
    );
  });

  test('leaves out resources whose condition is false, and metadata', () => {
    const ids = assembly.resources.map((one) => one.logicalId);
    expect(ids).not.toContain('Elsewhere1');
    expect(ids).not.toContain('Metadata');
  });

  test('finds assets by their object key', () => {
    expect(assembly.asset('echo.zip')).toBe(path.join(FIXTURE, 'asset.echo'));
  });

  // Source: CloudFormation, AWS::StepFunctions::StateMachine, DefinitionSubstitutions.
  test('puts the substitutions into the text of a definition', () => {
    const definition = JSON.parse(definitionText(resource('Machine'), assembly));
    expect(definition.States.Ask.Arguments.FunctionName).toBe(resource('Echo').attributes['Arn']);
  });

  test('lists everything that it cannot run, naming stack and logical id', () => {
    const { problems } = withResources({
      Topic: { Type: 'AWS::Kinesis::Stream' },
      Imported: { Type: 'AWS::SQS::Queue', Properties: { QueueName: { 'Fn::ImportValue': 'x' } } },
      Odd: {
        Type: 'AWS::SQS::Queue',
        Properties: { Tags: [{ Value: { 'Fn::GetAtt': ['Table', 'StreamArn'] } }] },
      },
      Secretive: { Type: 'AWS::SQS::Queue', Properties: { Tags: '{{resolve:ssm:/x}}' } },
      Lost: { Type: 'AWS::SQS::Queue', Properties: { Tags: { Ref: 'Nowhere' } } },
    });
    expect(problems).toEqual([
      'tanker-control/Topic (AWS::Kinesis::Stream): resource type not implemented',
      'tanker-control/Imported (AWS::SQS::Queue): intrinsic Fn::ImportValue',
      'tanker-control/Odd (AWS::SQS::Queue): Fn::GetAtt of Table.StreamArn (AWS::DynamoDB::Table)',
      'tanker-control/Secretive (AWS::SQS::Queue): dynamic reference {{resolve:ssm',
      "tanker-control/Lost (AWS::SQS::Queue): Ref to 'Nowhere', which the template doesn't define",
    ]);
  });

  test('tells where none is', () => {
    expect(() => readAssembly('/nowhere')).toThrow(/Synthesize first/);
  });
});
