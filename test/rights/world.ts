import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { type Action, keys, TASK_OPERATIONS, type TaskOperation, tableName } from '@tanker/contract/index.ts';
import { FileStore } from '@tanker/providers/files/index.ts';
import { LAMBDA_TRANSFER_SECONDS } from '../../core/control/choose-transfer.ts';
import { type Stage, startStage } from '../../demo/stage.ts';
import type { DatacenterKey } from '../../demo/world/topology.ts';
import { recordOf, stopExecutions, taskOf } from './move.ts';
import { DOCUMENTS, PROVIDER, type Story, type Telling } from './stories/story.ts';

/** What a function transfers at most here; what is larger goes to Fargate. */
const LARGEST_BY_FUNCTION_BYTES = 16_000_000;
const ASSUMED_BYTES_PER_SECOND = Math.round(LARGEST_BY_FUNCTION_BYTES / LAMBDA_TRANSFER_SECONDS);

/** Time enough for the largest company at that rate: 24 MB out and in are about 1,300 s. */
const LOCK_BUDGET_SECONDS = 3600;

/** A world without companies, since each story brings its own, and with as few services as the stories need. */
export async function startBench(): Promise<{ stage: Stage; stop(): Promise<void> }> {
  const directory = mkdtempSync(join(tmpdir(), 'tanker-iam-'));
  const stage = await startStage({
    directory,
    companies: [],
    providers: [PROVIDER, DOCUMENTS],
    assumedBytesPerSecond: ASSUMED_BYTES_PER_SECOND,
    lockBudgetSeconds: LOCK_BUDGET_SECONDS,
    onStep: console.error,
  });
  return {
    stage,
    async stop() {
      await stage.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

const LEAST_ROWS = 200;

/** Octets of a document, all the same. */
const OCTET = 7;

let companies = 0;

export interface Order {
  readonly story: Story;
  /** Where the company lives at first. */
  readonly home: DatacenterKey;
  readonly agent: Action;
  readonly operation: TaskOperation;
  /** Ends every wait. */
  readonly signal: AbortSignal;
}

/**
 * Signs up a company of its own and tells the story with it. Whatever still goes on then is ended: no execution works
 * on its task any more, and no recovery starts. Answers what went wrong.
 */
export async function tell(stage: Stage, { story, signal, ...order }: Order): Promise<string | undefined> {
  companies += 1;
  // Of one length, so that no name is part of another.
  const company = `bench-${String(companies).padStart(5, '0')}`;
  const { home } = order;
  const target = home === 'us' ? 'eu' : 'us';
  const telling: Telling = { ...order, stage, company, target, signal };
  await stage.world.addCompany({ company, rows: story.rows ?? LEAST_ROWS, datacenter: home });
  if (story.documentBytes !== undefined) await addDocument(stage, home, company, story.documentBytes);
  try {
    return await story.run(telling);
  } catch (error) {
    return ((signal.aborted ? signal.reason : error) as Error).message;
  } finally {
    await abandon(telling);
  }
}

async function addDocument(stage: Stage, home: DatacenterKey, company: string, bytes: number): Promise<void> {
  const store = new FileStore(stage.world.filesOf(home));
  try {
    const content = Buffer.alloc(bytes, OCTET);
    await store.put(company, [{ path: 'large.bin', contentType: 'application/octet-stream', content }]);
  } finally {
    store.close();
  }
}

/** Closes the record first, so that a stopped execution is no reason for a recovery. */
async function abandon(telling: Telling): Promise<void> {
  const { stage, company } = telling;
  for (const operation of TASK_OPERATIONS) await closeRecord(telling, operation);
  await stopExecutions(telling);
  for (const { id, match } of stage.cloud.faults.list()) {
    if (JSON.stringify(match).includes(company)) stage.cloud.faults.clear(id);
  }
}

async function closeRecord(telling: Telling, operation: TaskOperation): Promise<void> {
  const { stage } = telling;
  const record = await recordOf(telling, operation);
  if (record?.state !== 'open') return;
  const closedAt = new Date().toISOString();
  const closed = { state: 'closed', outcome: 'undone', closedAt, debts: [], ttl: 1 };
  const key = keys.task(taskOf(telling, operation));
  const { open: _, ...row } = (await stage.rows.get(key)) as Record<string, unknown>;
  await stage.table.send(
    new PutCommand({ TableName: tableName(stage.topology), Item: { ...row, ...closed } }),
  );
}
