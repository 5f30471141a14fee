import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import {
  executionArn,
  keys,
  type LogRecord,
  OPEN_ATTRIBUTE,
  OPEN_TASKS_INDEX,
  OPEN_VALUE,
  type SubtaskRecord,
  type TaskRecord,
  tableName,
} from '@tanker/contract/index.ts';
import { runCli } from '../../cli/run.ts';
import { createDynamo } from '../../local/dynamodb/index.ts';
import type { WireHandler } from '../../local/wire.ts';
import { testTopology } from '../control/control-world.ts';
import { serve } from '../local/loopback.ts';

const topology = testTopology();
const region = topology.controlRegion;

export interface CannedExecution {
  readonly name: string;
  readonly status: string;
  readonly input?: string;
  readonly output?: string;
  readonly error?: string;
  readonly cause?: string;
}

/** What a doctor function answers, by its name; without one, a well patient. */
export type Doctors = Record<string, (event: Record<string, unknown>) => object>;

/** The wire of an installation: the embedded DynamoDB, and canned executions and doctors. */
export async function cliWorld() {
  const dynamo = createDynamo({ accountId: topology.account });
  const executions: CannedExecution[] = [];
  const doctors: Doctors = {};
  const loopback = await serve(async (wire, response) => {
    if (wire.service === 'dynamodb') return dynamo.handle(wire, response);
    const body = await textOf(wire);
    const value =
      wire.service === 'states'
        ? states(executions, String(wire.http.headers['x-amz-target']), JSON.parse(body))
        : doctor(doctors, wire.path, JSON.parse(body));
    response.writeHead('__type' in value ? 400 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(value));
  });
  await dynamo.createTable({
    region,
    name: tableName(topology),
    keySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ],
    attributeDefinitions: ['pk', 'sk', OPEN_ATTRIBUTE, 'createdAt'].map((AttributeName) => ({
      AttributeName,
      AttributeType: 'S',
    })),
    gsis: [
      {
        IndexName: OPEN_TASKS_INDEX,
        KeySchema: [
          { AttributeName: OPEN_ATTRIBUTE, KeyType: 'HASH' },
          { AttributeName: 'createdAt', KeyType: 'RANGE' },
        ],
        Projection: { ProjectionType: 'KEYS_ONLY' },
      },
    ],
    ttlAttribute: 'ttl',
  });
  const directory = mkdtempSync(join(tmpdir(), 'tanker-cli-'));
  const kept = join(directory, 'kept.json');
  const topologyFile = join(directory, 'topology.json');
  writeFileSync(topologyFile, JSON.stringify(topology));
  const credentials = { accessKeyId: 'AKIATEST', secretAccessKey: 'secret', sessionToken: 'token' };
  const { account } = topology;
  writeFileSync(
    kept,
    JSON.stringify({ endpoint: loopback.endpoint, account, region, topology: topologyFile, credentials }),
  );
  const table = DynamoDBDocumentClient.from(
    new DynamoDBClient({ region, endpoint: loopback.endpoint, credentials }),
    { marshallOptions: { removeUndefinedValues: true } },
  );
  const put = (key: { pk: string; sk: string }, record: object) =>
    table.send(new PutCommand({ TableName: tableName(topology), Item: { ...key, ...record } }));
  return {
    topology,
    kept,
    directory,
    executions,
    doctors,
    putTask: (task: TaskRecord) =>
      put(keys.task(task.task), task.state === 'open' ? { ...task, [OPEN_ATTRIBUTE]: OPEN_VALUE } : task),
    putSubtask: (subtask: SubtaskRecord) => put(keys.subtask(subtask), subtask),
    putLog: (line: LogRecord) => put(keys.log(line.task, line.at, 'a'), line),
    /** Runs a command line in this process, on this world unless it names another. */
    async tanker(...argv: string[]) {
      const written = { out: '', err: '' };
      const before = process.env['TANKER_DEMO'];
      process.env['TANKER_DEMO'] = kept;
      try {
        const code = await runCli(argv, {
          out: { write: (text) => (written.out += text) },
          err: { write: (text) => (written.err += text) },
        });
        return { code, ...written };
      } finally {
        if (before === undefined) delete process.env['TANKER_DEMO'];
        else process.env['TANKER_DEMO'] = before;
      }
    },
    async close() {
      table.destroy();
      await loopback.close();
      rmSync(directory, { recursive: true });
    },
  };
}
export type CliWorld = Awaited<ReturnType<typeof cliWorld>>;

async function textOf({ http }: Parameters<WireHandler>[0]): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of http) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString() || '{}';
}

function states(executions: CannedExecution[], target: string, input: Record<string, string>): object {
  const nameOf = (arn = '') => arn.split(':').at(-1);
  switch (target.split('.').at(-1)) {
    case 'ListExecutions':
      return {
        executions: executions.map(({ name, status }) => ({
          name,
          status,
          executionArn: executionArn(topology, 'migrate', name),
        })),
      };
    case 'DescribeExecution': {
      const found = executions.find(({ name }) => name === nameOf(input['executionArn']));
      return found ?? { __type: 'ExecutionDoesNotExist', message: 'Execution Does Not Exist' };
    }
    case 'StartExecution':
      executions.unshift({ name: input['name'] ?? '', status: 'RUNNING', input: input['input'] ?? '' });
      return { executionArn: executionArn(topology, 'migrate', input['name'] ?? ''), startDate: 1 };
    case 'DescribeStateMachine':
      return { name: nameOf(input['stateMachineArn']), status: 'ACTIVE' };
    default:
      return { __type: 'UnknownOperationException', message: target };
  }
}

function doctor(doctors: Doctors, path: string, event: Record<string, unknown>): object {
  const name = path.split('/').at(-2) ?? '';
  const well = {
    refusal: null,
    roundTripMilliseconds: 3,
    now: new Date().toISOString(),
    ...(event['ask'] === 'provider'
      ? {
          describe: {
            name: event['provider'],
            contractVersion: 1,
            incarnation: 'first',
            writes: { name: 'copy', version: 1 },
            reads: [],
            abilities: [],
            hooks: [],
            importAfter: [],
            collections: [],
            now: new Date().toISOString(),
          },
        }
      : {}),
  };
  return { ...well, ...doctors[name]?.(event) };
}
