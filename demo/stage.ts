import { spawn } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SFNClient } from '@aws-sdk/client-sfn';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { dynamoTaskRows } from '@tanker/cli/aws/task-rows.ts';
import { parseTopology, type Topology } from '@tanker/contract/index.ts';
import type { TaskRows } from '@tanker/sdk/task-records.ts';
import { type Cloud, startCloud } from '../local/cloud.ts';
import type { TopologyOptions } from './world/topology.ts';
import { reserveWorld, type World, type WorldCompany } from './world/world.ts';

/** The demo world and the embedded cloud that runs the very stacks which would deploy to AWS. */
export interface Stage {
  readonly directory: string;
  readonly topology: Topology;
  readonly world: World;
  readonly cloud: Cloud;
  /** Clients of the control region, as an operator of Tanker has them. */
  readonly states: SFNClient;
  readonly table: DynamoDBDocumentClient;
  readonly rows: TaskRows;
  stop(): Promise<void>;
}

export interface StageOptions extends TopologyOptions {
  readonly directory: string;
  readonly companies: readonly WorldCompany[];
  /** Hears of each step as it begins. */
  readonly onStep?: (what: string) => void;
}

const PROGRAM = fileURLToPath(new URL('../bin/tanker.ts', import.meta.url));
const WARNINGS_OFF = '--disable-warning=ExperimentalWarning';

/** Synthesizes the stacks as `npm run synth` does, without cdk-nag, which changes nothing in them. */
async function synthesize(topologyFile: string, output: string): Promise<void> {
  const args = [WARNINGS_OFF, PROGRAM, '--topology', topologyFile, '--output', output, '--no-nag'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text) => {
      said += String(text);
    });
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(`The stacks could not be synthesized (exit status ${code}):\n${said}`);
}

const everywhere = (topology: Topology, secrets: Readonly<Record<string, string>>) =>
  Object.fromEntries(
    [topology.controlRegion, ...topology.datacenters.map(({ region }) => region)].map((region) => [
      region,
      secrets,
    ]),
  );

function clientsOf(cloud: Cloud, region: string) {
  const options = { region, endpoint: cloud.endpoint, credentials: cloud.credentials };
  return {
    states: new SFNClient(options),
    table: DynamoDBDocumentClient.from(new DynamoDBClient(options)),
  };
}

/** Starts world and cloud, the synth beside the seeding. When it fails, what had been started is stopped. */
export async function startStage(options: StageOptions): Promise<Stage> {
  const { directory, companies, onStep = () => {} } = options;
  await mkdir(directory, { recursive: true });
  const reserved = await reserveWorld(options);
  const topologyFile = join(directory, 'topology.json');
  await writeFile(topologyFile, JSON.stringify(reserved.topology, null, 2));
  const assemblyDirectory = join(directory, 'cdk.out');
  const dataDirectory = join(directory, 'cloud');
  await Promise.all(
    [assemblyDirectory, dataDirectory].map((path) => rm(path, { recursive: true, force: true })),
  );

  onStep(
    'Synthesizing the stacks; starting three PostgreSQL servers, seven providers in each datacenter, and the gateway',
  );
  const [synthesized, started] = await Promise.allSettled([
    synthesize(topologyFile, assemblyDirectory),
    reserved.start({ companies }),
  ]);
  const world = started.status === 'fulfilled' ? started.value : undefined;
  try {
    if (synthesized.status === 'rejected') throw synthesized.reason;
    if (started.status === 'rejected') throw started.reason;
    onStep('Starting the embedded cloud on the synthesized stacks');
    const topology = parseTopology(reserved.topology, topologyFile);
    const cloud = await startCloud({
      assemblyDirectory,
      dataDirectory,
      secrets: everywhere(topology, reserved.secrets),
      onClockJump: started.value.followClock,
    });
    const clients = clientsOf(cloud, topology.controlRegion);
    return {
      directory,
      topology,
      world: started.value,
      cloud,
      ...clients,
      rows: dynamoTaskRows(clients.table, topology),
      async stop() {
        clients.states.destroy();
        clients.table.destroy();
        await cloud.stop();
        await started.value.stop();
      },
    };
  } catch (error) {
    await world?.stop();
    throw error;
  }
}
