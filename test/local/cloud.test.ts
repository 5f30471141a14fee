import { fork } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DescribeTableCommand, DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { ListBucketsCommand, S3Client } from '@aws-sdk/client-s3';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { DescribeExecutionCommand, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Cloud, startCloud } from '../../local/cloud.ts';
import { eventually } from './lambda-world.ts';

const FIXTURE = path.join(import.meta.dirname, 'fixtures', 'assembly');
const ACCOUNT = '111122223333';
const MACHINE = `arn:aws:states:eu-west-1:${ACCOUNT}:stateMachine:tanker-ask`;
const temporary = () => mkdtempSync(path.join(tmpdir(), 'tanker-cloud-'));

let cloud: Cloud;

beforeAll(async () => {
  cloud = await startCloud({
    assemblyDirectory: FIXTURE,
    dataDirectory: temporary(),
    secrets: { 'us-east-1': { 'tanker/provider': 'bearer' } },
  });
});
afterAll(() => cloud.stop());

function settings(region = 'eu-west-1', credentials: { accessKeyId: string } = cloud.credentials) {
  const secretAccessKey = 'any';
  return {
    region,
    endpoint: cloud.endpoint,
    maxAttempts: 1,
    credentials: { secretAccessKey, ...credentials },
  };
}

async function runMachine(input: unknown) {
  const states = new SFNClient(settings());
  const start = new StartExecutionCommand({ stateMachineArn: MACHINE, input: JSON.stringify(input) });
  const { executionArn } = await states.send(start);
  return eventually(async () => {
    const execution = await states.send(new DescribeExecutionCommand({ executionArn }));
    return execution.status === 'RUNNING' ? undefined : execution;
  });
}

describe('the embedded cloud', () => {
  test('runs the state machine, the function and the table of the assembly behind one address', async () => {
    const execution = await runMachine({ company: 'acme' });
    expect(execution.status).toBe('SUCCEEDED');
    expect(JSON.parse(execution.output ?? '')).toEqual({
      event: { company: 'acme' },
      region: 'eu-west-1',
      table: 'tanker',
    });
    const { Table } = await new DynamoDBClient(settings()).send(
      new DescribeTableCommand({ TableName: 'tanker' }),
    );
    expect(Table?.TableStatus).toBe('ACTIVE');
  });

  test('keeps regions apart', async () => {
    const { Buckets } = await new S3Client(settings('us-east-1')).send(new ListBucketsCommand({}));
    expect(Buckets?.map(({ Name }) => Name)).toEqual([expect.stringMatching(/^tanker-us-exports-/)]);
    const elsewhere = new LambdaClient(settings('us-east-1')).send(
      new InvokeCommand({ FunctionName: 'tanker-echo-eu-west-1' }),
    );
    await expect(elsewhere).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    const read = new GetSecretValueCommand({ SecretId: 'tanker/provider' });
    await expect(new SecretsManagerClient(settings('us-east-1')).send(read)).resolves.toMatchObject({
      SecretString: 'bearer',
    });
    await expect(new SecretsManagerClient(settings()).send(read)).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
  });

  // Source: IAM, "Policy evaluation logic".
  test("allows a function's role what its policies say, and nothing else", async () => {
    const role = (name: string) => cloud.credentialsFor(`arn:aws:iam::${ACCOUNT}:role/${name}`);
    const [echo] = cloud.lambda.functions('eu-west-1');
    const credentials = cloud.credentialsFor(echo?.roleArn ?? '');
    const get = new GetItemCommand({ TableName: 'tanker', Key: { pk: { S: 'x' } } });
    await expect(new DynamoDBClient(settings('eu-west-1', credentials)).send(get)).resolves.toBeDefined();
    const invoke = new InvokeCommand({ FunctionName: 'tanker-echo-eu-west-1' });
    await expect(new LambdaClient(settings('eu-west-1', credentials)).send(invoke)).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: expect.stringContaining(
        'is not authorized to perform: lambda:InvokeFunction on resource: arn:aws:',
      ),
    });
    const start = new StartExecutionCommand({ stateMachineArn: MACHINE });
    await expect(new SFNClient(settings('eu-west-1', credentials)).send(start)).rejects.toMatchObject({
      name: 'AccessDeniedException',
    });
    const stranger = new DynamoDBClient(settings('eu-west-1', role('stranger'))).send(get);
    await expect(stranger).rejects.toMatchObject({ name: 'UnrecognizedClientException' });
  });

  test('takes faults over HTTP and lets the machine see them', async () => {
    const set = await local('POST', 'faults', {
      service: 'lambda',
      match: { operation: 'Invoke', payload: { company: 'beta' } },
      effect: { kind: 'error', errorType: 'TooManyRequestsException', statusCode: 429 },
    });
    expect(set.status).toBe(200);
    expect(await runMachine({ company: 'beta' })).toMatchObject({
      status: 'FAILED',
      error: 'Lambda.TooManyRequestsException',
    });
    expect((await local('GET', 'faults')).body).toMatchObject([{ hits: 1 }]);
    expect((await local('DELETE', 'faults')).body).toEqual({ removed: 1 });
    expect(await local('POST', 'faults', { service: 'lambda', effect: { kind: 'nonsense' } })).toMatchObject({
      status: 400,
      body: { error: 'ZodError' },
    });
  });

  test('loses the answer of a service although it did its work', async () => {
    const effect = { kind: 'answer-lost' } as const;
    cloud.faults.set({ service: 'states', match: { operation: 'StartExecution' }, effect });
    const client = new SFNClient(settings());
    const start = new StartExecutionCommand({ stateMachineArn: MACHINE, name: 'lost', input: '{}' });
    await expect(client.send(start)).rejects.toThrow();
    const executionArn = `${MACHINE.replace('stateMachine', 'execution')}:lost`;
    await expect(client.send(new DescribeExecutionCommand({ executionArn }))).resolves.toMatchObject({
      name: 'lost',
    });
  });

  test('tells over HTTP that it is well, and kills environments', async () => {
    expect((await local('GET', 'health')).body).toMatchObject({
      status: 'ok',
      regions: ['eu-west-1', 'us-east-1'],
    });
    await cloud.prewarm('eu-west-1');
    const killed = await local('POST', 'lambda/kill', {
      functionName: 'tanker-echo-eu-west-1',
      region: 'eu-west-1',
    });
    expect(killed.body).toEqual({ killed: 1 });
    expect((await local('POST', 'lambda/kill', { functionName: 'nobody', region: 'eu-west-1' })).status).toBe(
      400,
    );
  });

  test('names a service that it does not have', async () => {
    const scope = `${cloud.credentials.accessKeyId}/20260101/eu-west-1/sns/aws4_request`;
    const response = await fetch(`${cloud.endpoint}/`, {
      method: 'POST',
      headers: { authorization: `AWS4-HMAC-SHA256 Credential=${scope}` },
    });
    expect(response.status).toBe(501);
    expect(await response.text()).toContain("no service 'sns'");
  });
});

test('an assembly that cannot be run is refused with everything that stands in the way', async () => {
  const assemblyDirectory = temporary();
  cpSync(FIXTURE, assemblyDirectory, { recursive: true });
  const file = path.join(assemblyDirectory, 'control.template.json');
  const template = JSON.parse(readFileSync(file, 'utf8'));
  template.Resources.Topic = { Type: 'AWS::Kinesis::Stream' };
  template.Resources.Echo.Properties.Layers = ['arn:aws:lambda:eu-west-1:1:layer:x:1'];
  template.Resources.Rule = {
    Type: 'AWS::Events::Rule',
    Properties: { EventPattern: { source: [{ cidr: 'x' }] }, Targets: [] },
  };
  writeFileSync(file, JSON.stringify(template));
  const refused = startCloud({ assemblyDirectory, dataDirectory: temporary() });
  await expect(refused).rejects.toMatchObject({
    name: 'AssemblyUnsupported',
    problems: [
      'tanker-control/Topic (AWS::Kinesis::Stream): resource type not implemented',
      'tanker-control/Echo (AWS::Lambda::Function): property not implemented: Layers',
      expect.stringMatching(/^tanker-control\/Rule \(AWS::Events::Rule\): source uses the operator/),
    ],
  });
});

test('a cloud whose process is killed leaves no process behind', async () => {
  const program = path.join(import.meta.dirname, 'fixtures', 'cloud-process.ts');
  const child = fork(program, [FIXTURE, temporary()], { execArgv: [] });
  const [pid] = await new Promise<number[]>((resolve) =>
    child.once('message', (pids) => resolve(pids as number[])),
  );
  expect(pid).toBeGreaterThan(0);
  child.kill('SIGKILL');
  await eventually(() => {
    try {
      process.kill(pid ?? 0, 0);
      return undefined;
    } catch {
      return true;
    }
  });
});

async function local(
  method: string,
  route: string,
  body?: unknown,
): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${cloud.endpoint}/_local/${route}`, {
    method,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: await response.json() };
}
