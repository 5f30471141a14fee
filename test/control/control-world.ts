import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import {
  type AgentEvent,
  type CleanupInput,
  type DiscardDueEvent,
  keys,
  type Location,
  LogRecord,
  OPEN_ATTRIBUTE,
  OPEN_TASKS_INDEX,
  type Operation,
  parseTopology,
  type RecoverInput,
  type SubtaskRecord,
  type SubtaskResult,
  type Topology,
  type TransferWork,
  tableName,
} from '@tanker/contract/index.ts';
import type { Actor, Authority, WindowFunction } from '../../core/ports.ts';
import { AuthorityStore } from '../../examples/gateway/authority-store.ts';
import { DynamoClaims } from '../../lambdas/runtime/dynamo-claims.ts';
import {
  DynamoBackups,
  DynamoFallbacks,
  DynamoLedger,
} from '../../lambdas/runtime/dynamo-company-records.ts';
import { DynamoDebts, DynamoDueDates, DynamoLog } from '../../lambdas/runtime/dynamo-evidence.ts';
import { RecordTable } from '../../lambdas/runtime/dynamo-record.ts';
import { DynamoSubtasks } from '../../lambdas/runtime/dynamo-subtasks.ts';
import { DynamoTasks } from '../../lambdas/runtime/dynamo-tasks.ts';
import { DynamoWorkers } from '../../lambdas/runtime/dynamo-workers.ts';
import { createDynamo } from '../../local/dynamodb/index.ts';
import { serve } from '../local/loopback.ts';

export const SOURCE: Location = { datacenter: 'us', server: 'db1' };
export const TARGET: Location = { datacenter: 'eu', server: 'db1' };

export const testTopology = (changes: object = {}): Topology =>
  parseTopology(
    {
      installation: 'tanker',
      account: '123456789012',
      controlRegion: 'eu-west-1',
      datacenters: [
        { name: 'us', region: 'us-east-1', jurisdiction: 'US', servers: ['db1'] },
        { name: 'eu', region: 'eu-central-1', jurisdiction: 'EU', servers: ['db1'] },
        { name: 'sg', region: 'ap-southeast-1', jurisdiction: 'SG', servers: ['db1', 'db2'] },
      ],
      gateway: { url: 'http://127.0.0.1:1', operatorSecret: 'operator', readerSecret: 'reader' },
      providers: ['contacts', 'deals'].map((name) => ({
        name,
        endpoints: { us: 'http://127.0.0.1:2', eu: 'http://127.0.0.1:3', sg: 'http://127.0.0.1:4' },
        secret: name,
        importAfter: name === 'deals' ? ['contacts'] : [],
      })),
      residency: [
        { from: 'US', to: 'EU' },
        { from: 'EU', to: 'US' },
      ],
      assumedBytesPerSecond: 1_000_000,
      lockBudgetSeconds: 60,
      graceDays: 7,
      retention: { transferDays: 1, recordDays: 90 },
      concurrency: { providers: 10 },
      ...changes,
    },
    'of this test',
  );

/** The gateway's real store, without HTTP between. */
const authorityOn = (store: AuthorityStore): Authority => ({
  read: async (company) => store.read(company),
  claim: async ({ company, ...claimant }) => store.claim(company, claimant),
  lock: async ({ company, ...claimant }, lease) => store.lock(company, claimant, lease),
  unlock: async ({ company, ...claimant }) => store.unlock(company, claimant),
  commit: async ({ company, ...claimant }, change) => store.commit(company, claimant, change),
});

/** The control side on its real adapters: the embedded DynamoDB over HTTP and the example gateway's store. */
export async function controlWorld(topology = testTopology()) {
  const dynamo = createDynamo({ accountId: topology.account });
  const loopback = await serve(dynamo.handle);
  const region = topology.controlRegion;
  await dynamo.createTable({
    region,
    name: tableName(topology),
    keySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ],
    attributeDefinitions: [
      { AttributeName: 'pk', AttributeType: 'S' },
      { AttributeName: 'sk', AttributeType: 'S' },
      { AttributeName: OPEN_ATTRIBUTE, AttributeType: 'S' },
      { AttributeName: 'createdAt', AttributeType: 'S' },
    ],
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
  const client = DynamoDBDocumentClient.from(
    new DynamoDBClient({
      region,
      endpoint: loopback.endpoint,
      credentials: { accessKeyId: 'AKIATEST', secretAccessKey: 'secret' },
    }),
    { marshallOptions: { removeUndefinedValues: true } },
  );
  const table = new RecordTable(client, tableName(topology));
  const clock = { time: Date.parse('2026-03-01T10:00:00.000Z') };
  const now = () => {
    clock.time += 1;
    return new Date(clock.time);
  };
  const store = new AuthorityStore(':memory:');
  const subtasks = new DynamoSubtasks(table, now, 90);
  const invoked: AgentEvent[] = [];
  const startedWorkers: TransferWork[] = [];
  const launchedWorkers: { work: TransferWork; token: string }[] = [];
  const discards: DiscardDueEvent[] = [];
  const running = new Set<string>();
  const ends = new Map<string, { error?: string; cause?: string }>();
  const recoveries: { name: string; input: RecoverInput }[] = [];
  const cleanups: { name: string; input: CleanupInput }[] = [];
  return {
    topology,
    client,
    now,
    clock,
    table,
    store,
    authority: authorityOn(store),
    claims: new DynamoClaims(table, now),
    tasks: new DynamoTasks(table, now, 90),
    subtasks,
    dispatches: subtasks,
    debts: new DynamoDebts(table),
    dueDates: new DynamoDueDates(table),
    fallbacks: new DynamoFallbacks(table, now),
    backups: new DynamoBackups(table),
    ledger: new DynamoLedger(table),
    log: new DynamoLog(table, now, 90),
    invoked,
    startedWorkers,
    launchedWorkers,
    workers: new DynamoWorkers(table, now, 90),
    discards,
    /** Names of the executions that run. */
    running,
    /** What ended executions left as error and cause, by name. */
    ends,
    executions: {
      running: async (_operation: Operation, name: string) => running.has(name),
      endOf: async (_operation: Operation, name: string) => ends.get(name) ?? {},
    },
    started: recoveries,
    functions: {
      invokeAgent: async (event: AgentEvent) => {
        invoked.push(event);
      },
      invokeDiscard: async (event: DiscardDueEvent) => {
        discards.push(event);
      },
      startWorkers: async (works: readonly TransferWork[]) => {
        startedWorkers.push(...works);
      },
      launchWorker: async (work: TransferWork, token: string) => {
        launchedWorkers.push({ work, token });
      },
      warm: async (functions: readonly WindowFunction[]) =>
        functions.map((one) => ({ ...one, warm: one.environments, refusals: [] })),
    },
    recoveries: {
      start: async (name: string, input: RecoverInput) => {
        recoveries.push({ name, input });
      },
    },
    startedCleanups: cleanups,
    cleanups: {
      start: async (name: string, input: CleanupInput) => {
        cleanups.push({ name, input });
      },
    },
    /** What the task's log says, in the order of time. */
    logLines: async (task: string) => (await table.list(keys.logs(task), LogRecord)).map(({ what }) => what),
    async close() {
      client.destroy();
      store.close();
      await loopback.close();
    },
  };
}
export type ControlWorld = Awaited<ReturnType<typeof controlWorld>>;

/** Leaves the row that a worker would have left. */
export async function settle(
  world: ControlWorld,
  actor: Pick<Actor, 'task' | 'company' | 'epoch'>,
  at: { phase: SubtaskRecord['phase']; provider: string; location: Location },
  result: SubtaskResult,
): Promise<void> {
  const record = {
    kind: 'subtask',
    state: 'succeeded',
    ...actor,
    ...at,
    action: result.action,
    attempt: 1,
    dispatchedAt: '2026-03-01T10:00:00.000Z',
    worker: 'w',
    startedAt: '2026-03-01T10:00:00.000Z',
    endedAt: '2026-03-01T10:00:01.000Z',
    result,
    work: [],
    ttl: 1,
  } as const;
  await world.table.put(keys.subtask({ ...record }), record);
}

const DIGEST = { rows: 3, sum: 'a'.repeat(32) };

export const describeResult = (
  provider: string,
  changes: { describe?: object; summary?: object } = {},
): SubtaskResult =>
  ({
    action: 'describe',
    describe: {
      name: provider,
      contractVersion: 1,
      incarnation: `${provider}-1`,
      writes: { name: 'copy', version: 1 },
      reads: [{ name: 'copy', version: 1 }],
      abilities: ['export', 'import', 'drain', 'hooks'],
      hooks: ['after-migrate', 'after-undo'],
      importAfter: [],
      collections: ['rows'],
      now: '2026-03-01T10:00:00.000Z',
      ...changes.describe,
    },
    summary: {
      incarnation: `${provider}-1`,
      epoch: 0,
      holder: null,
      closed: null,
      collections: [],
      stagingRows: 0,
      unclaimed: [],
      watermark: '0',
      work: [],
      ...changes.summary,
    },
  }) as SubtaskResult;

export const exportResult = (changes: object = {}): SubtaskResult =>
  ({
    action: 'export',
    manifest: { bucket: 'b', region: 'us-east-1', key: 'k', etag: 'e', sha256: '0'.repeat(64) },
    format: { name: 'copy', version: 1 },
    parts: 1,
    rows: 3,
    bytesProvider: 300,
    bytesStreamed: 300,
    bytesStored: 300,
    collections: [{ name: 'rows', digest: DIGEST }],
    watermark: '7',
    ...changes,
  }) as SubtaskResult;

export const importResult = (changes: object = {}): SubtaskResult =>
  ({
    action: 'import',
    rows: 3,
    bytes: 300,
    manifestSha256: '0'.repeat(64),
    hooks: [],
    ...changes,
  }) as SubtaskResult;

export const sealResult = (changes: object = {}): SubtaskResult =>
  ({
    action: 'seal',
    collections: [{ name: 'rows', digest: DIGEST }],
    watermark: '1',
    ...changes,
  }) as SubtaskResult;
