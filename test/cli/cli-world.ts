import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import {
  type BackupRecord,
  type DebtRecord,
  executionArn,
  type FallbackRecord,
  keys,
  type LedgerRecord,
  type LogRecord,
  type Machine,
  machineArn,
  OPEN_ATTRIBUTE,
  OPEN_TASKS_INDEX,
  OPEN_VALUE,
  type SubtaskRecord,
  type TaskRecord,
  tableName,
  topologyFingerprint,
} from '@tanker/contract/index.ts';
import type { Input } from '../../cli/context.ts';
import { runCli } from '../../cli/run.ts';
import { createDynamo } from '../../local/dynamodb/index.ts';
import type { WireHandler } from '../../local/wire.ts';
import { testTopology } from '../control/control-world.ts';
import { serve } from '../local/loopback.ts';

const topology = testTopology();
const region = topology.controlRegion;

export interface CannedExecution {
  /** Whose; the migrate machine's unless it is named. */
  readonly machine?: Machine;
  readonly name: string;
  readonly status: string;
  readonly input?: string;
  readonly output?: string;
  readonly error?: string;
  readonly cause?: string;
}

/** A StopExecution that came, and what a test has happen then. */
export interface Stops {
  readonly seen: Record<string, string>[];
  effect?: () => unknown;
}

/** What a doctor function answers, by its name; without one, a well patient. */
export type Doctors = Record<string, (event: Record<string, unknown>) => object>;

/** The wire of an installation: the embedded DynamoDB, and canned executions and doctors. */
export async function cliWorld() {
  const dynamo = createDynamo({ accountId: topology.account });
  const executions: CannedExecution[] = [];
  const doctors: Doctors = {};
  const stops: Stops = { seen: [] };
  const course: (() => Promise<unknown>)[] = [];
  let step: Promise<unknown> | undefined;
  const loopback = await serve(async (wire, response) => {
    const target = String(wire.http.headers['x-amz-target']);
    if (wire.service === 'dynamodb') {
      const looks = target.endsWith('.GetItem');
      if (looks) await step;
      await dynamo.handle(wire, response);
      if (looks) step = course.shift()?.();
      return;
    }
    const body = await textOf(wire);
    const value =
      wire.service === 'states'
        ? await states({ executions, stops }, target, JSON.parse(body))
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
    stops,
    doctors,
    /** What happens after one look at a row and before the next, in order. */
    course,
    putTask: (task: TaskRecord) =>
      put(keys.task(task.task), task.state === 'open' ? { ...task, [OPEN_ATTRIBUTE]: OPEN_VALUE } : task),
    putSubtask: (subtask: SubtaskRecord) => put(keys.subtask(subtask), subtask),
    putBackup: (backup: BackupRecord) => put(keys.backup(backup.company, backup.task), backup),
    putLedger: (ledger: LedgerRecord) => put(keys.ledger(ledger.company, ledger.task), ledger),
    putFallback: (copy: FallbackRecord) => put(keys.fallback(copy.company, copy.location), copy),
    putDebt: (debt: DebtRecord) => put(keys.debt(debt.company, debt.location, debt.provider), debt),
    putLog: (line: LogRecord) => put(keys.log(line.task, line.at, 'a'), line),
    /** Runs a command line in this process, on this world; nobody is there to be asked. */
    tanker: (...argv: string[]) => run(argv),
    /** The same in a terminal, where somebody has typed. */
    typing: (typed: string, ...argv: string[]) =>
      run(argv, Object.assign(Readable.from([typed]), { isTTY: true })),
    async close() {
      table.destroy();
      await loopback.close();
      rmSync(directory, { recursive: true });
    },
  };

  async function run(argv: readonly string[], typed?: Input) {
    const written = { out: '', err: '' };
    const before = process.env['TANKER_DEMO'];
    process.env['TANKER_DEMO'] = kept;
    try {
      const code = await runCli(argv, {
        ...(typed ? { in: typed } : {}),
        out: { write: (text) => (written.out += text) },
        err: { write: (text) => (written.err += text) },
      });
      return { code, ...written };
    } finally {
      if (before === undefined) delete process.env['TANKER_DEMO'];
      else process.env['TANKER_DEMO'] = before;
    }
  }
}
export type CliWorld = Awaited<ReturnType<typeof cliWorld>>;

async function textOf({ http }: Parameters<WireHandler>[0]): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of http) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString() || '{}';
}

type Canned = { readonly executions: CannedExecution[]; readonly stops: Stops };

async function states(
  { executions, stops }: Canned,
  target: string,
  input: Record<string, string>,
): Promise<object> {
  const arnOf = ({ machine = 'migrate', name }: CannedExecution) => executionArn(topology, machine, name);
  const machineOf = ({ machine = 'migrate' }: CannedExecution) => machineArn(topology, machine);
  const found = executions.find((execution) => arnOf(execution) === input['executionArn']);
  const unknown = { __type: 'ExecutionDoesNotExist', message: 'Execution Does Not Exist' };
  switch (target.split('.').at(-1)) {
    case 'ListExecutions':
      return {
        executions: executions
          .filter((execution) => machineOf(execution) === input['stateMachineArn'])
          .map((execution, index) => ({
            name: execution.name,
            status: execution.status,
            executionArn: arnOf(execution),
            startDate: executions.length - index,
          })),
      };
    case 'DescribeExecution':
      return found ?? unknown;
    case 'StopExecution':
      stops.seen.push(input);
      await stops.effect?.();
      return found ? { stopDate: 1 } : unknown;
    case 'StartExecution': {
      const machine = input['stateMachineArn']?.split('-').at(-1) as Machine;
      const started = { machine, name: input['name'] ?? '', status: 'RUNNING', input: input['input'] ?? '' };
      if (executions.some((execution) => arnOf(execution) === arnOf(started)))
        return { __type: 'ExecutionAlreadyExists', message: 'Execution Already Exists' };
      executions.unshift(started);
      return { executionArn: arnOf(started), startDate: 1 };
    }
    case 'DescribeStateMachine':
      return { name: input['stateMachineArn']?.split(':').at(-1), status: 'ACTIVE' };
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
    ...(event['ask'] === 'topology' ? { topology: topologyFingerprint(topology) } : {}),
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
