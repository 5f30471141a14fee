import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import {
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { DescribeExecutionCommand, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { afterEach, describe, expect, test } from '@jest/globals';
import { type Cloud, startCloud } from '../../local/cloud.ts';
import { CloudBusy } from '../../local/time-jumps.ts';
import { eventually } from './lambda-world.ts';

const FIXTURE = path.join(import.meta.dirname, 'fixtures', 'assembly');
const REGION = 'eu-west-1';
const FUNCTION = `tanker-echo-${REGION}`;
const MACHINE = `arn:aws:states:${REGION}:111122223333:stateMachine:tanker-ask`;
const DAY_MS = 24 * 60 * 60 * 1000;
const temporary = () => mkdtempSync(path.join(tmpdir(), 'tanker-clock-'));

/** Answers its dates, one of them taken when the module was loaded; waits as long as it is asked to; uses the SDK. */
const HANDLER = `
import { createRequire } from 'node:module';
const LoadedDate = Date;
const loadedAt = Date.now();
export async function handler({ waitMs = 0, table }) {
  const began = performance.now();
  await new Promise((resolve) => setTimeout(resolve, waitMs));
  let read;
  if (table) {
    const { DynamoDBClient, GetItemCommand } = createRequire(table.from)('@aws-sdk/client-dynamodb');
    const client = new DynamoDBClient({ maxAttempts: 1 });
    for (let i = 0; i < 2; i += 1) {
      const answer = await client.send(new GetItemCommand({ TableName: table.name, Key: { pk: { S: 'x' } } }));
      read = answer.$metadata.httpStatusCode;
    }
    read = { status: read, skewMs: client.config.systemClockOffset };
  }
  return {
    now: Date.now(), text: Date(), made: new LoadedDate().toISOString(), loadedAt, pid: process.pid, read,
    tookMs: performance.now() - began, isDate: new Date(0) instanceof Date, own: new Date(2020, 0).getFullYear(),
  };
}
`;

interface Answer {
  readonly now: number;
  readonly text: string;
  readonly made: string;
  readonly loadedAt: number;
  readonly pid: number;
  readonly tookMs: number;
  readonly isDate: boolean;
  readonly own: number;
  readonly read?: { readonly status: number; readonly skewMs: number };
}

let cloud: Cloud;
afterEach(() => cloud?.stop());

async function start(options: { schedules?: boolean; onClockJump?(offsetMs: number): Promise<void> } = {}) {
  const assemblyDirectory = temporary();
  cpSync(FIXTURE, assemblyDirectory, { recursive: true });
  writeFileSync(path.join(assemblyDirectory, 'asset.echo', 'index.mjs'), HANDLER);
  change(assemblyDirectory, 'control', (resources) => {
    const table = resources['Table']?.Properties ?? {};
    table['TimeToLiveSpecification'] = { AttributeName: 'ttl', Enabled: true };
    resources['Rule'] = {
      Type: 'AWS::Events::Rule',
      Properties: { Name: 'daily', ScheduleExpression: 'rate(1 day)', Targets: [] },
    };
    resources['Yearly'] = {
      Type: 'AWS::Events::Rule',
      Properties: { Name: 'rare', ScheduleExpression: 'rate(365 days)', Targets: [] },
    };
  });
  change(assemblyDirectory, 'us', (resources) => {
    const bucket = resources['Exports']?.Properties ?? {};
    delete bucket['BucketEncryption'];
    bucket['LifecycleConfiguration'] = {
      Rules: [
        { Id: 'old', Status: 'Enabled', ExpirationInDays: 3 },
        { Id: 'open', Status: 'Enabled', AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 } },
      ],
    };
  });
  cloud = await startCloud({ assemblyDirectory, dataDirectory: temporary(), ...options });
}

type Resources = Record<string, { Type: string; Properties: Record<string, unknown> }>;
function change(directory: string, stack: string, edit: (resources: Resources) => void): void {
  const file = path.join(directory, `${stack}.template.json`);
  const template = JSON.parse(readFileSync(file, 'utf8')) as { Resources: Resources };
  edit(template.Resources);
  writeFileSync(file, JSON.stringify(template));
}

const settings = (region = REGION) => {
  const { endpoint, credentials } = cloud;
  return { region, endpoint, credentials, maxAttempts: 1 };
};
async function ask(event: object = {}): Promise<Answer> {
  const invoke = new InvokeCommand({ FunctionName: FUNCTION, Payload: JSON.stringify(event) });
  const { Payload } = await new LambdaClient(settings()).send(invoke);
  return JSON.parse(Payload?.transformToString() ?? '');
}
const quiet = () => eventually(() => (cloud.clock.underWay().length === 0 ? true : undefined));
const aheadMs = (time: number | string) => new Date(time).getTime() - Date.now();
const near = (milliseconds: number) => ({
  asymmetricMatch: (other: number) => Math.abs(other - milliseconds) < 30_000,
});

describe('a jump of the clock', () => {
  test('shifts the dates of functions, also of those that were warm, and no timer', async () => {
    await start();
    const before = await ask();
    expect(aheadMs(before.now)).toEqual(near(0));
    await cloud.clock.jump(30 * DAY_MS);
    const after = await ask({ waitMs: 50 });
    for (const date of [after.now, after.made, after.text, after.loadedAt]) {
      expect(aheadMs(date)).toEqual(near(30 * DAY_MS));
    }
    expect(after.pid).not.toBe(before.pid);
    expect(after.tookMs).toBeLessThan(10_000);
    expect(after).toMatchObject({ isDate: true, own: 2020 });
    await cloud.clock.jump(DAY_MS);
    expect(aheadMs((await ask()).now)).toEqual(near(31 * DAY_MS));
  });

  test('shifts the dates of the services: objects, executions, answers', async () => {
    await start();
    await cloud.clock.jump(30 * DAY_MS);
    const s3 = new S3Client(settings('us-east-1'));
    const [bucket] = cloud.s3.buckets();
    const at = { Bucket: bucket?.name ?? '', Key: 'x' };
    await s3.send(new PutObjectCommand({ ...at, Body: 'x' }));
    const { LastModified } = await s3.send(new HeadObjectCommand(at));
    expect(aheadMs(Number(LastModified))).toEqual(near(30 * DAY_MS));
    const states = new SFNClient(settings());
    const { executionArn } = await states.send(new StartExecutionCommand({ stateMachineArn: MACHINE }));
    const { startDate } = await states.send(new DescribeExecutionCommand({ executionArn }));
    expect(aheadMs(Number(startDate))).toEqual(near(30 * DAY_MS));
    const { headers } = await fetch(`${cloud.endpoint}/_local/health`);
    expect(aheadMs(headers.get('date') ?? '')).toEqual(near(30 * DAY_MS));
    await quiet();
  });

  // Source: AWS SDKs, "Clock skew correction": a client signs by the date of the service's answers.
  test('leaves the SDK at work: inside a function nothing is skewed, outside the client corrects itself', async () => {
    await start();
    const outside = new DynamoDBClient(settings());
    const get = new GetItemCommand({ TableName: 'tanker', Key: { pk: { S: 'x' } } });
    await outside.send(get);
    await cloud.clock.jump(30 * DAY_MS);
    const table = { name: 'tanker', from: import.meta.filename };
    const { read } = await ask({ table });
    expect(read?.status).toBe(200);
    expect(Math.abs(read?.skewMs ?? 0)).toBeLessThan(30_000);
    await outside.send(get);
    const corrected = outside.config as unknown as { systemClockOffset: number };
    expect(corrected.systemClockOffset).toEqual(near(30 * DAY_MS));
    await expect(outside.send(get)).resolves.toBeDefined();
  });

  // Sources: S3 User Guide, "Lifecycle configuration elements"; DynamoDB Developer Guide, "Time to Live".
  test('does what has become due: lifecycles by whole days up to midnight UTC, time to live by the second', async () => {
    await start();
    const s3 = new S3Client(settings('us-east-1'));
    const table = new DynamoDBClient(settings());
    const name = cloud.s3.buckets()[0]?.name ?? '';
    await s3.send(new PutObjectCommand({ Bucket: name, Key: 'kept', Body: 'x' }));
    await s3.send(new CreateMultipartUploadCommand({ Bucket: name, Key: 'begun' }));
    const ttl = String(Math.floor(cloud.clock.now() / 1000) + 3600);
    await table.send(new PutItemCommand({ TableName: 'tanker', Item: { pk: { S: 'x' }, ttl: { N: ttl } } }));
    const midnight = Math.ceil((cloud.s3.objects(name)[0]?.lastModified ?? 0) / DAY_MS) * DAY_MS;
    const untilMidnight = async (days: number, over: number) =>
      cloud.clock.jump(midnight + days * DAY_MS - cloud.clock.now() + over);
    // A day and up to the next midnight for the upload; an hour for the item.
    expect(await untilMidnight(1, -60_000)).toMatchObject({ abortedUploads: 0, expiredItems: 1 });
    expect(await untilMidnight(1, 60_000)).toMatchObject({ abortedUploads: 1, expiredObjects: 0 });
    expect(await untilMidnight(3, -60_000)).toMatchObject({ expiredObjects: 0 });
    expect(cloud.s3.objects(name)).toHaveLength(1);
    expect(await untilMidnight(3, 60_000)).toMatchObject({ expiredObjects: 1 });
    expect([cloud.s3.objects(name), cloud.s3.uploads(name)]).toEqual([[], []]);
  });

  test('fires schedules that run and have become due, once', async () => {
    await start({ schedules: true });
    expect((await cloud.clock.jump(DAY_MS / 2)).firedRules).toEqual([]);
    expect((await cloud.clock.jump(DAY_MS / 2)).firedRules).toEqual(['daily']);
    await quiet();
    expect((await cloud.clock.jump(10 * DAY_MS)).firedRules).toEqual(['daily']);
  });

  test('fires no schedule of a cloud that runs none', async () => {
    await start();
    expect((await cloud.clock.jump(400 * DAY_MS)).firedRules).toEqual([]);
  });

  test('is told to what runs beside the cloud, by how much in all', async () => {
    const told: number[] = [];
    await start({ onClockJump: async (offsetMs) => void told.push(offsetMs) });
    await cloud.clock.jump(DAY_MS);
    await cloud.clock.jump(DAY_MS);
    expect(told).toEqual([near(DAY_MS), near(2 * DAY_MS)]);
  });
});

describe('a jump is refused and changes nothing', () => {
  test('while an execution and its function run', async () => {
    await start();
    const states = new SFNClient(settings());
    const input = JSON.stringify({ waitMs: 1000 });
    await states.send(new StartExecutionCommand({ stateMachineArn: MACHINE, input }));
    const before = cloud.clock.now();
    await expect(cloud.clock.jump(DAY_MS)).rejects.toThrow(
      /can't jump while work is under way, and nothing was changed: 1 executions of state machines/,
    );
    expect(cloud.clock.now() - before).toBeLessThan(DAY_MS);
    await quiet();
    await expect(cloud.clock.jump(DAY_MS)).resolves.toBeDefined();
  });

  test('while a function runs, or waits to be tried again', async () => {
    await start();
    const running = ask({ waitMs: 500 });
    await eventually(() => (cloud.lambda.underWay() > 0 ? true : undefined));
    await expect(cloud.clock.jump(DAY_MS)).rejects.toThrow(CloudBusy);
    await running;
    const effect = { kind: 'error', errorType: 'Broken' } as const;
    cloud.faults.set({ service: 'lambda', match: { operation: 'Run' }, effect });
    await cloud.lambda.invoke({
      region: REGION,
      functionName: FUNCTION,
      payload: '{}',
      invocationType: 'Event',
    });
    await eventually(() => (cloud.lambda.underWay() === 0 ? true : undefined));
    await expect(cloud.clock.jump(DAY_MS)).rejects.toThrow('1 asynchronous events that wait for a function');
  });

  test.each([0, -1, 1.5, Number.NaN, 1e15])('when it is by no time that can pass: %p ms', async (by) => {
    await start();
    await expect(cloud.clock.jump(by)).rejects.toMatchObject({ name: 'JumpInvalid' });
    expect(aheadMs(cloud.clock.now())).toEqual(near(0));
  });
});

test('the clock is read and made to jump over HTTP, and a refusal says why', async () => {
  await start();
  const local = async (method: string, body?: unknown) => {
    const init = { method, ...(body !== undefined && { body: JSON.stringify(body) }) };
    const response = await fetch(`${cloud.endpoint}/_local/clock`, init);
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  expect(await local('GET')).toMatchObject({ status: 200, body: { underWay: [] } });
  const jumped = await local('POST', { jumpMilliseconds: DAY_MS });
  expect(jumped.status).toBe(200);
  expect(aheadMs(String(jumped.body['now']))).toEqual(near(DAY_MS));
  expect(aheadMs(String((await local('GET')).body['now']))).toEqual(near(DAY_MS));
  expect(await local('POST', {})).toMatchObject({ status: 400, body: { error: 'JumpInvalid' } });
  const running = ask({ waitMs: 500 });
  await eventually(() => (cloud.lambda.underWay() > 0 ? true : undefined));
  expect(await local('POST', { jumpMilliseconds: DAY_MS })).toMatchObject({
    status: 409,
    body: { error: 'CloudBusy', message: expect.stringContaining('invocations of functions') },
  });
  await running;
});
