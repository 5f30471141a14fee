// Moves octets of a provider without a store through the synthesized stacks, once by functions and once by Fargate
// tasks, one after the other: what the transfer itself moves in a second, and the most memory that its process needs.
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DescribeExecutionCommand, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { DynamoDBDocumentClient, QueryCommand } from '@aws-sdk/lib-dynamodb';
import {
  agentFunctionName,
  executionArn,
  keys,
  machineArn,
  parseTopology,
  SubtaskRecord,
  type Topology,
  tableName,
} from '@tanker/contract/index.ts';
import { Command } from 'commander';
import { type Child, startChild } from '../demo/world/child.ts';
import { type Cloud, startCloud } from '../local/cloud.ts';
import { watchMemory } from './transfer/peak-memory.ts';
import type { StreamingConfig } from './transfer/streaming-provider.ts';

/** What a transfer's process may need at most. */
const LIMIT_MIB = 200;
const COMPANY = 'big';
const TASK = 'move-big';
const WAYS = ['lambda', 'fargate'] as const;
const SITES = { us: 'us-east-1', eu: 'eu-central-1' } as const;

const token = (): string => randomBytes(24).toString('base64url');

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function topologyOf(gateway: number, ports: Readonly<Record<string, number>>): Promise<Topology> {
  return parseTopology(
    {
      installation: 'bench',
      account: '123456789012',
      controlRegion: 'eu-west-1',
      datacenters: Object.entries(SITES).map(([name, region]) => ({
        name,
        region,
        jurisdiction: 'EU',
        servers: ['db1'],
      })),
      gateway: { url: `http://127.0.0.1:${gateway}`, operatorSecret: 'operator', readerSecret: 'reader' },
      providers: WAYS.map((way) => ({
        name: way,
        endpoints: Object.fromEntries(
          Object.keys(SITES).map((site) => [site, `http://127.0.0.1:${ports[way]}`]),
        ),
        secret: way,
        transfer: way,
      })),
      assumedBytesPerSecond: 100_000_000,
      lockBudgetSeconds: 3600,
      graceDays: 7,
      retention: { transferDays: 1, recordDays: 30 },
      // One at a time: neither takes the other's processor.
      concurrency: { providers: 1 },
    },
    'of the benchmark',
  );
}

function synthesize(topology: Topology, directory: string): string {
  const file = join(directory, 'topology.json');
  const output = join(directory, 'cdk.out');
  writeFileSync(file, JSON.stringify(topology));
  const program = fileURLToPath(new URL('../bin/tanker.ts', import.meta.url));
  const args = ['--disable-warning=ExperimentalWarning', program, '--topology', file, '--output', output];
  const { status, stderr } = spawnSync(process.execPath, [...args, '--no-nag'], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`The stacks could not be synthesized:\n${stderr}`);
  return output;
}

/** The processes of exports and imports that live now. */
function* transferProcesses(cloud: Cloud, topology: Topology): Generator<readonly [string, number]> {
  const names = new Map(
    Object.keys(SITES).flatMap((site) =>
      (['export', 'import'] as const).map((action) => [agentFunctionName(topology, site, action), action]),
    ),
  );
  for (const { functionName, pid } of cloud.lambda.environments()) {
    const action = names.get(functionName);
    if (action !== undefined) yield [`${action} lambda`, pid];
  }
  for (const { process: child, lastStatus, region } of cloud.ecs.tasks()) {
    const action = region === SITES.us ? 'export' : 'import';
    if (child?.pid !== undefined && lastStatus === 'RUNNING') yield [`${action} fargate`, child.pid];
  }
}

async function move(cloud: Cloud, topology: Topology): Promise<SubtaskRecord[]> {
  const options = {
    region: topology.controlRegion,
    endpoint: cloud.endpoint,
    credentials: cloud.credentials,
  };
  const states = new SFNClient(options);
  const input = {
    task: TASK,
    company: COMPANY,
    to: { datacenter: 'eu' },
    requestedBy: 'bench',
    reason: 'bench',
  };
  const stateMachineArn = machineArn(topology, 'migrate');
  await states.send(new StartExecutionCommand({ stateMachineArn, name: TASK, input: JSON.stringify(input) }));
  for (;;) {
    const execution = executionArn(topology, 'migrate', TASK);
    const { status, error, cause } = await states.send(
      new DescribeExecutionCommand({ executionArn: execution }),
    );
    if (status === 'SUCCEEDED') break;
    if (status !== 'RUNNING') throw new Error(`The migration ended ${status}: ${error}: ${cause}`);
    await sleep(500);
  }
  const { pk, prefix } = keys.subtasks(TASK);
  const { Items = [] } = await DynamoDBDocumentClient.from(new DynamoDBClient(options)).send(
    new QueryCommand({
      TableName: tableName(topology),
      KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
      ExpressionAttributeValues: { ':pk': pk, ':prefix': prefix },
    }),
  );
  return Items.map((item) => SubtaskRecord.parse(item));
}

/** MB/s of the stream, by what the worker has put on record. */
function speedOf(subtasks: readonly SubtaskRecord[], action: string, provider: string): number {
  const found = subtasks.find((one) => one.action === action && one.provider === provider);
  if (found?.state !== 'succeeded') throw new Error(`The ${action} of ${provider} left no result.`);
  const [work] = found.work;
  const seconds = work ? (Date.parse(work.to) - Date.parse(work.from)) / 1000 : 0;
  const bytes =
    found.result.action === 'export' ? found.result.bytesStored : (found.result as { bytes: number }).bytes;
  return bytes / 1e6 / seconds;
}

async function main(gib: number): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'tanker-bench-'));
  const children: Child<object>[] = [];
  let cloud: Cloud | undefined;
  try {
    const secrets = Object.fromEntries([...WAYS, 'operator', 'reader'].map((name) => [name, token()]));
    const gateway = await freePort();
    const ports = Object.fromEntries(await Promise.all(WAYS.map(async (way) => [way, await freePort()])));
    const topology = await topologyOf(gateway, ports);
    mkdirSync(join(directory, 'world'));
    const start = async (name: string, script: string, config: object) => {
      const at = {
        name,
        script: new URL(script, import.meta.url),
        directory: join(directory, 'world'),
        config,
      };
      children.push(await startChild<object>(at));
    };
    await start('gateway', '../examples/gateway/main.ts', {
      port: gateway,
      database: join(directory, 'authority.db'),
      operatorToken: secrets['operator'],
      readerToken: secrets['reader'],
      routes: Object.fromEntries(Object.keys(SITES).map((site) => [`${site}/db1`, 'http://127.0.0.1:9'])),
    });
    for (const way of WAYS) {
      const config: StreamingConfig = {
        name: way,
        port: ports[way] as number,
        token: secrets[way] as string,
        bytes: Math.round(gib * 2 ** 30),
        source: 'us',
      };
      await start(way, './transfer/streaming-provider.ts', config);
    }
    const signup = await fetch(`http://127.0.0.1:${gateway}/signup/${COMPANY}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${secrets['operator']}`, 'content-type': 'application/json' },
      body: JSON.stringify({ location: { datacenter: 'us', server: 'db1' } }),
    });
    if (!signup.ok) throw new Error(`The gateway did not sign the company up: ${await signup.text()}`);
    cloud = await startCloud({
      assemblyDirectory: synthesize(topology, directory),
      dataDirectory: join(directory, 'cloud'),
      secrets: Object.fromEntries(
        [topology.controlRegion, ...Object.values(SITES)].map((region) => [region, secrets]),
      ),
    });
    const running = cloud;
    const watch = watchMemory(() => transferProcesses(running, topology));
    const subtasks = await move(cloud, topology);
    const peaks = watch.stop();
    console.log(`${gib} GiB for each provider, one at a time, in parts of at most 1 GiB, two at once`);
    for (const action of ['export', 'import'] as const) {
      for (const way of WAYS) {
        const peak = peaks.get(`${action} ${way}`) ?? Number.NaN;
        const speed = speedOf(subtasks, action, way);
        console.log(
          `${action} ${way.padEnd(8)} ${speed.toFixed(0).padStart(5)} MB/s   peak RSS ${peak.toFixed(0).padStart(4)} MiB`,
        );
        if (!(peak < LIMIT_MIB)) process.exitCode = 1;
      }
    }
  } finally {
    await cloud?.stop();
    for (const child of children) await child.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

const command = new Command('npm run bench:transfer --')
  .description(
    'Moves an export out and in by a function and by a Fargate worker; prints speeds and peak memory.',
  )
  .option('--gib <number>', 'size of the export', '2')
  .parse();
await main(Number(command.opts<{ gib: string }>().gib));
