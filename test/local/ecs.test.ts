import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DescribeTasksCommand,
  ECSClient,
  RunTaskCommand,
  type RunTaskCommandInput,
  StopTaskCommand,
} from '@aws-sdk/client-ecs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createJumpingClock, type JumpingClock, systemClock } from '../../local/clock.ts';
import { createEcs, type Ecs } from '../../local/ecs/ecs.ts';
import type { EventInput } from '../../local/events/events.ts';
import { createFaults, type Faults } from '../../local/faults.ts';
import { AccessDenied, type ServiceCall } from '../../local/hooks.ts';
import { serve } from './loopback.ts';

const REGION = 'us-east-1';
const CLUSTER = { name: 'main', arn: `arn:aws:ecs:${REGION}:123456789012:cluster/main` };
const ROLE = 'arn:aws:iam::123456789012:role/worker';
/** Ends with the status that WORK names, or with the days that its dates are ahead, or waits to be stopped. */
const SCRIPT = `
const aheadMs = Date.now() - performance.timeOrigin - performance.now();
if (process.env.WORK === 'days') process.exitCode = Math.round(aheadMs / 86_400_000);
else if (process.env.WORK === 'wait') setInterval(() => {}, 1000);
else process.exitCode = process.env.AWS_ACCESS_KEY_ID === 'ASIAWORKER' ? Number(process.env.WORK) : 99;
`;

let clock: JumpingClock;
let directory: string;
let ecs: Ecs;
let faults: Faults;
let client: ECSClient;
let loopback: Awaited<ReturnType<typeof serve>>;
let events: EventInput[];
let asked: Omit<ServiceCall, 'accessKeyId'>[];
let denied: string | undefined;
/** Tasks that a call may still ask for. */
let launchesLeft: number;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tanker-ecs-'));
  writeFileSync(join(directory, 'index.mjs'), SCRIPT);
  faults = createFaults();
  events = [];
  asked = [];
  denied = undefined;
  clock = createJumpingClock(systemClock);
  launchesLeft = Number.POSITIVE_INFINITY;
  ecs = createEcs({
    clock,
    accountId: '123456789012',
    endpoint: () => 'http://127.0.0.1:9',
    credentialsFor: () => ({ accessKeyId: 'ASIAWORKER', secretAccessKey: 'x', sessionToken: 'x' }),
    authorize: ({ accessKeyId: _, ...call }) => {
      asked.push(call);
      if (call.action === denied) throw new AccessDenied(`not authorized to perform: ${call.action}`);
    },
    fault: faults.consult,
    throttled: (_, tasks) => tasks > launchesLeft,
    logDirectory: join(directory, 'logs'),
    putEvent: (_, event) => void events.push(event),
  });
  ecs.addCluster(REGION, CLUSTER);
  ecs.addTaskDefinition(REGION, {
    family: 'move',
    arn: `arn:aws:ecs:${REGION}:123456789012:task-definition/move:1`,
    taskRoleArn: ROLE,
    executionRoleArn: undefined,
    cpu: '256',
    memoryMiB: 512,
    container: {
      name: 'main',
      image: 'image',
      directory,
      entry: ['index.mjs'],
      environment: { WORK: '0' },
      stopTimeoutSeconds: 30,
    },
  });
  loopback = await serve(ecs.handle);
  client = new ECSClient({
    region: REGION,
    endpoint: loopback.endpoint,
    credentials: { accessKeyId: 'AKIATEST', secretAccessKey: 'secret' },
    maxAttempts: 1,
  });
});
afterEach(async () => {
  client.destroy();
  await ecs.stop();
  await loopback.close();
  rmSync(directory, { recursive: true, force: true });
});

const order = (work: string, changes: Partial<RunTaskCommandInput> = {}): RunTaskCommandInput => ({
  cluster: 'main',
  taskDefinition: 'move',
  launchType: 'FARGATE',
  networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-1'] } },
  overrides: { containerOverrides: [{ name: 'main', environment: [{ name: 'WORK', value: work }] }] },
  ...changes,
});
const run = async (work: string, changes: Partial<RunTaskCommandInput> = {}) =>
  client.send(new RunTaskCommand(order(work, changes)));
const stopped = (arn: string | undefined) => ecs.tasks().find((task) => task.arn === arn)?.stopped.promise;
const details = () => events.map(({ detail }) => detail as Record<string, unknown>);

describe('RunTask', () => {
  test('runs the entry in the task’s role and tells each change of its state, the run’s overrides included', async () => {
    const { tasks, failures } = await run('7', { startedBy: 'move-1' });
    expect(failures).toEqual([]);
    await stopped(tasks?.[0]?.taskArn);
    expect(details().map(({ lastStatus }) => lastStatus)).toEqual(['RUNNING', 'STOPPED']);
    expect(events[1]).toMatchObject({
      source: 'aws.ecs',
      'detail-type': 'ECS Task State Change',
      detail: {
        clusterArn: CLUSTER.arn,
        startedBy: 'move-1',
        stopCode: 'EssentialContainerExited',
        containers: [{ name: 'main', exitCode: 7 }],
        overrides: { containerOverrides: [{ name: 'main', environment: [{ name: 'WORK', value: '7' }] }] },
      },
    });
    const described = await client.send(
      new DescribeTasksCommand({ cluster: 'main', tasks: [tasks?.[0]?.taskArn ?? '', 'none'] }),
    );
    expect(described.tasks).toMatchObject([{ lastStatus: 'STOPPED' }]);
    expect(described.failures).toEqual([{ arn: 'none', reason: 'MISSING' }]);
  });

  test('runs it with dates that are as far ahead as the cloud’s clock', async () => {
    clock.advance(30 * 86_400_000);
    const { tasks } = await run('days');
    expect(Number(tasks?.[0]?.createdAt) - Date.now()).toBeGreaterThan(29 * 86_400_000);
    await stopped(tasks?.[0]?.taskArn);
    expect(details().at(-1)).toMatchObject({ containers: [{ exitCode: 30 }] });
  });

  test('asks for the run on the cluster, on a revision, and for each role that it hands over', async () => {
    await run('0');
    expect(asked).toMatchObject([
      {
        action: 'ecs:RunTask',
        resource: `arn:aws:ecs:${REGION}:123456789012:task-definition/move:1`,
        context: { 'ecs:cluster': CLUSTER.arn },
      },
      {
        action: 'iam:PassRole',
        resource: ROLE,
        context: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' },
      },
    ]);
    denied = 'iam:PassRole';
    await expect(run('0')).rejects.toMatchObject({ name: 'AccessDeniedException' });
    expect(ecs.tasks()).toHaveLength(1);
  });

  test('starts one task for one clientToken, and refuses the token with other parameters', async () => {
    const first = await run('0', { clientToken: 'one' });
    const again = await run('0', { clientToken: 'one' });
    expect(again.tasks?.[0]?.taskArn).toBe(first.tasks?.[0]?.taskArn);
    await expect(run('1', { clientToken: 'one' })).rejects.toMatchObject({ name: 'ConflictException' });
    expect(ecs.tasks()).toHaveLength(1);
  });

  // Source: ECS API Reference, "RunTask", overrides: 8,192 characters, those of the JSON structure included.
  test('takes overrides of 8,192 characters as JSON, and refuses one more', async () => {
    const structure = JSON.stringify(order('').overrides).length;
    expect((await run('0'.repeat(8192 - structure))).tasks).toHaveLength(1);
    await expect(run('0'.repeat(8193 - structure))).rejects.toMatchObject({
      name: 'InvalidParameterException',
      message: 'Container Overrides length must be at most 8192',
    });
    expect(ecs.tasks()).toHaveLength(1);
  });

  // Source: ECS Developer Guide, "AWS Fargate throttling quotas".
  test('refuses a call above its rate, for all of its tasks, and starts them when it is asked again', async () => {
    launchesLeft = 2;
    await expect(run('0', { count: 3, clientToken: 'three' })).rejects.toMatchObject({
      name: 'ThrottlingException',
      message: 'Rate exceeded',
    });
    expect(ecs.tasks()).toEqual([]);
    launchesLeft = 3;
    expect((await run('0', { count: 3, clientToken: 'three' })).tasks).toHaveLength(3);
  });

  // Source: ECS API Reference, "RunTask", count. A count that is taken comes to the rate, which has no room here.
  test.each([
    [0, 'InvalidParameterException'],
    [1, 'ThrottlingException'],
    [10, 'ThrottlingException'],
    [11, 'InvalidParameterException'],
  ])('of %i tasks in one call ends with %s', async (count, name) => {
    launchesLeft = 0;
    await expect(run('0', { count })).rejects.toMatchObject({ name });
    expect(ecs.tasks()).toEqual([]);
  });

  test.each([
    ['a cluster', { cluster: 'other' }, 'ClusterNotFoundException'],
    ['a task definition', { taskDefinition: 'other' }, 'ClientException'],
    ['a network', { networkConfiguration: undefined }, 'InvalidParameterException'],
    ['a clientToken of 64 characters', { clientToken: 'x'.repeat(65) }, 'InvalidParameterException'],
  ])('wants %s that it knows', async (_, changes, name) => {
    await expect(run('0', changes)).rejects.toMatchObject({ name });
  });

  // Source: ECS API Reference, "RunTask", failures; re:Post, "ECS Fargate RunTask capacity", for the reason.
  test('answers 200 with failures for want of capacity, and an error where the API itself fails', async () => {
    const errorType = 'Capacity is unavailable at this time';
    const match = { operation: 'RunTask' };
    faults.set({ service: 'ecs', match, effect: { kind: 'error', errorType } });
    const { tasks, failures } = await run('0', { clientToken: 'one' });
    expect(tasks).toEqual([]);
    expect(failures).toMatchObject([{ reason: errorType }]);
    const effect = { kind: 'error', errorType: 'ServerException', statusCode: 500 } as const;
    faults.set({ service: 'ecs', match, effect });
    await expect(run('0')).rejects.toMatchObject({ name: 'ServerException' });
    expect((await run('0', { clientToken: 'one' })).tasks).toHaveLength(1);
  });

  test('accepts a task whose image can’t be pulled, which then stops without having run', async () => {
    const effect = { kind: 'error', errorType: 'CannotPullContainerError', errorMessage: 'gone' } as const;
    faults.set({ service: 'ecs', match: { operation: 'Run' }, effect });
    const { tasks } = await run('0');
    await stopped(tasks?.[0]?.taskArn);
    expect(details()).toMatchObject([
      {
        lastStatus: 'STOPPED',
        stopCode: 'TaskFailedToStart',
        stoppedReason: 'CannotPullContainerError: gone',
      },
    ]);
  });
});

describe('StopTask', () => {
  test('ends the process and says who did it', async () => {
    const { tasks } = await run('wait');
    const task = tasks?.[0]?.taskArn;
    while (ecs.tasks()[0]?.lastStatus !== 'RUNNING') await new Promise((resolve) => setTimeout(resolve, 10));
    await client.send(new StopTaskCommand({ cluster: 'main', task, reason: 'enough' }));
    await stopped(task);
    expect(details().at(-1)).toMatchObject({
      stopCode: 'UserInitiated',
      stoppedReason: 'enough',
      containers: [{ exitCode: 143 }],
    });
  });
});
