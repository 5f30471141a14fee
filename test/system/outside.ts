import { execFile, execFileSync } from 'node:child_process';
import { promisify } from 'node:util';
import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import {
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  ListExecutionsCommand,
  SFNClient,
} from '@aws-sdk/client-sfn';
import { expect, test } from '@jest/globals';
import { runCli } from '@tanker/cli/run.ts';
import { executionArn, exportsBucketName, machineArn, tableName } from '@tanker/contract/index.ts';
import { awsCommands, keepWorld, shellEnvironment } from '../../demo/keep.ts';
import { expectMigrated } from './expectations.ts';
import { moveInput, newMover, startMove } from './moves.ts';
import { theStage } from './stage.ts';

test.concurrent('a kept world answers the printed commands from outside, and the CLI works on it', async () => {
  const stage = await theStage();
  const mover = await newMover(stage, 'looked-at');
  await startMove(stage, moveInput(mover.company));
  const { task } = await expectMigrated(mover);
  const { topology } = stage;
  const world = await keepWorld(stage, { task: task.task, datacenter: 'us' });
  for (const command of awsCommands(stage, { task: task.task, datacenter: 'us' }))
    expect(world.text).toContain(command);

  const { endpoint, credentials } = stage.cloud;
  const options = (region: string) => ({ endpoint, credentials, region });
  const states = new SFNClient(options(topology.controlRegion));
  const arn = executionArn(topology, 'migrate', task.task);
  const listed = await states.send(
    new ListExecutionsCommand({ stateMachineArn: machineArn(topology, 'migrate') }),
  );
  expect(listed.executions?.map(({ name }) => name)).toContain(task.task);
  const described = await states.send(new DescribeExecutionCommand({ executionArn: arn }));
  expect(described.status).toBe('SUCCEEDED');
  const { events } = await states.send(new GetExecutionHistoryCommand({ executionArn: arn }));
  const entered = events?.map((event) => event.stateEnteredEventDetails?.name).filter(Boolean);
  expect(entered?.[0]).toBe('Plan task');
  // As the AWS CLI addresses a bucket on an IP address: in the path, without being told to.
  const s3 = new S3Client(options('us-east-1'));
  const objects = await s3.send(
    new ListObjectsV2Command({ Bucket: exportsBucketName(topology, 'us'), Prefix: 'exports/' }),
  );
  expect(objects.KeyCount).toBeGreaterThan(0);
  const table = new DynamoDBClient(options(topology.controlRegion));
  const { Items } = await table.send(new ScanCommand({ TableName: tableName(topology) }));
  expect(Items?.length).toBeGreaterThan(0);
  for (const client of [states, s3, table]) client.destroy();

  process.env['TANKER_DEMO'] = world.file;
  let out = '';
  const output = { write: (text: string) => (out += text) };
  expect(await runCli(['show', task.task], { out: output, err: output })).toBe(0);
  expect(out).toContain('closed as migrated');
  delete process.env['TANKER_DEMO'];
  await world.forget();
});

const run = promisify(execFile);

function hasAwsCli(): boolean {
  try {
    execFileSync('aws', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** What each printed command has to find of a task that is done, in the order in which they are printed. */
const foundBy = (task: string): readonly string[] => [
  task,
  '"status": "SUCCEEDED"',
  '"Plan task"',
  `/${task}/`,
  '"Key": "exports/',
  '"Items": [',
];

// The commands are for people, so they are run as printed, by the AWS CLI of this machine: apt-get install awscli.
const withAwsCli = hasAwsCli() ? test.concurrent : test.concurrent.skip;
withAwsCli('the printed commands run as they are in the AWS CLI', async () => {
  const stage = await theStage();
  const mover = await newMover(stage, 'looked-at-by-aws');
  await startMove(stage, moveInput(mover.company));
  const { task } = await expectMigrated(mover);
  const commands = awsCommands(stage, { task: task.task, datacenter: 'us' });
  const environment = shellEnvironment(stage, 'kept.json');
  const outputs: string[] = [];
  for (const command of commands) {
    const { stdout } = await run('sh', ['-ec', [...environment, command].join('\n')]);
    outputs.push(stdout);
  }
  expect(outputs).toEqual(foundBy(task.task).map((text) => expect.stringContaining(text)));
});
