import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { executionsOf, readHistory } from '@tanker/cli/aws/executions.ts';
import {
  formatLocation,
  GATEWAY_BASE,
  type Location,
  PROVIDER_BASE,
  type TaskRecord,
} from '@tanker/contract/index.ts';
import type { TaskView } from '@tanker/sdk/task-records.ts';
import type { Stage } from '../stage.ts';
import { closedProviders, stagingLeftovers } from '../world/checks.ts';
import { documentLeftovers, documentsClosed } from '../world/document-checks.ts';
import { DOCUMENTS } from '../world/schema.ts';
import { providerSecret } from '../world/topology.ts';
import { type Copy, countData, differingData, type SeededData } from './copies.ts';
import type { DemoReport, PromiseId } from './report.ts';

/** What the checks look at. They read databases, gateway, table and bucket themselves. */
export interface Scene {
  readonly stage: Stage;
  readonly company: string;
  readonly from: Location;
  readonly to: Location;
  readonly view: TaskView;
  readonly outcome: DemoReport['outcome'];
  readonly source: Copy;
  readonly target: Copy;
  readonly seeded: SeededData;
  readonly lost: readonly string[];
  readonly changedNeighbours: readonly string[];
  /** Whether a second start was the same task, and what a second task for the company ended with. */
  readonly secondStart: { readonly same: boolean; readonly otherTaskError: string | null };
  /** Texts of customer data that must stand in no record, history or log. */
  readonly canaries: readonly string[];
}

type Check = (scene: Scene) => Promise<string[]>;
const broken = (...findings: (string | false | undefined)[]): string[] =>
  findings.filter((finding): finding is string => typeof finding === 'string');

async function readGateway({ stage, company }: Scene) {
  const { url, readerToken } = stage.world.gateway;
  const answer = await fetch(`${url}${GATEWAY_BASE}/companies/${company}`, {
    headers: { authorization: `Bearer ${readerToken}` },
  });
  return (await answer.json()) as {
    home: { state: string; location?: Location };
    version: number;
    lock: { state: string } | null;
  };
}

/** A write straight into a database, past the gateway, undone at once. Answers the SQLSTATE of a refusal. */
async function probeWrite({ client }: Copy, company: string): Promise<string | undefined> {
  await client.query('BEGIN');
  try {
    await client.query(
      `INSERT INTO notes.changes (company_id, write_id, kind, entity, entity_id) VALUES ($1, 'probe', 'create', 'notes', 0)`,
      [company],
    );
    return undefined;
  } catch (error) {
    return (error as { code?: string }).code ?? 'unknown';
  } finally {
    await client.query('ROLLBACK');
  }
}

const oneHome: Check = async (scene) => {
  const { home } = await readGateway(scene);
  const moved = scene.outcome === 'migrated';
  const expected = formatLocation(moved ? scene.to : scene.from);
  const named = home.location ? formatLocation(home.location) : home.state;
  const [homeCopy, otherCopy] = moved ? [scene.target, scene.source] : [scene.source, scene.target];
  const atHome = await probeWrite(homeCopy, scene.company);
  const elsewhere = moved ? await probeWrite(otherCopy, scene.company) : undefined;
  const rowsElsewhere = moved ? 0 : await countData(otherCopy, scene.company);
  return broken(
    named !== expected && `the gateway names ${named}, not ${expected}`,
    atHome !== undefined && `home refuses a write (${atHome})`,
    moved && elsewhere === undefined && 'the former home accepts a write',
    moved && !documentsClosed(otherCopy.files, scene.company) && 'the former home is open for documents',
    rowsElsewhere > 0 && `${rowsElsewhere} rows of the company are at another location`,
  );
};

const nothingLost: Check = async ({ lost }) =>
  broken(
    lost.length > 0 && `${lost.length} acknowledged writes are not in the home copy, such as ${lost[0]}`,
  );

const allOrNothing: Check = async (scene) => {
  const moved = scene.outcome === 'migrated';
  const home = moved ? scene.target : scene.source;
  const differing = await differingData(home, scene.company, scene.seeded);
  const { lock } = await readGateway(scene);
  const closed = [
    ...(await closedProviders(home.client, scene.company)),
    ...(documentsClosed(home.files, scene.company) ? [DOCUMENTS] : []),
  ];
  const atTarget = moved ? 0 : await countData(scene.target, scene.company);
  return broken(
    differing.length > 0 && `rows at home differ from what they were: ${differing.join(', ')}`,
    lock?.state === 'held' && 'the company is still locked',
    closed.length > 0 && `home is closed at ${closed.join(', ')}`,
    atTarget > 0 && `the target holds ${atTarget} rows of a task that is ${scene.outcome}`,
  );
};

/** A worker of the ended run knocks once more: each provider of the target must refuse its import. */
async function lateImports({ stage, company, to, view }: Scene): Promise<string[]> {
  const { task } = view;
  if (!task.plan) return [];
  const epoch =
    Math.max(0, ...view.subtasks.filter((s) => s.action === 'drain').map((s) => s.epoch)) || task.epoch;
  const accepted: string[] = [];
  for (const provider of task.plan.providers) {
    const endpoint = stage.topology.providers.find(({ name }) => name === provider.name)?.endpoints[
      to.datacenter
    ];
    const base = PROVIDER_BASE.replace('{datacenter}', to.datacenter).replace('{server}', to.server);
    const answer = await fetch(`${endpoint}${base}/companies/${company}/imports`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${stage.world.secrets[providerSecret(provider.name as Parameters<typeof providerSecret>[0])]}`,
        'content-type': 'application/json',
        'tanker-task': task.task,
        'tanker-epoch': String(epoch),
        'tanker-holder': `${task.task}/${task.task}`,
        'tanker-incarnation': provider.targetIncarnation,
      },
      body: JSON.stringify({ format: provider.format, parts: [], collections: [] }),
    });
    if (answer.ok) accepted.push(provider.name);
  }
  return accepted;
}

const noGhosts: Check = async (scene) => {
  const staging = [
    ...Object.keys(await stagingLeftovers(scene.source.client, scene.company)),
    ...Object.keys(await stagingLeftovers(scene.target.client, scene.company)),
    ...[scene.source, scene.target].flatMap(({ files }) => documentLeftovers(files, scene.company)),
  ];
  // A run that was refused or never drained has left no epoch that a late worker could come with.
  const late = scene.view.subtasks.some((s) => s.action === 'drain') ? await lateImports(scene) : [];
  const uploads = scene.stage.cloud.s3.buckets().flatMap(({ name }) => scene.stage.cloud.s3.uploads(name));
  return broken(
    staging.length > 0 && `staging rows are left in ${staging.join(', ')}`,
    late.length > 0 && `a late worker's import is accepted by ${late.join(', ')}`,
    uploads.length > 0 && `${uploads.length} unfinished uploads are left`,
  );
};

const oneTask: Check = async (scene) => {
  const executions = await executionsOf(scene.stage.states, scene.stage.topology, scene.view.task.task);
  const own = executions.filter(({ machine }) => machine === 'migrate');
  const running = executions.filter(({ status }) => status === 'RUNNING');
  const { same, otherTaskError } = scene.secondStart;
  return broken(
    own.length !== 1 && `${own.length} executions carry the task id`,
    running.length > 0 && `${running.length} executions still run`,
    !same && 'the same start again was not the same task',
    otherTaskError !== null &&
      otherTaskError !== 'CompanyBusy' &&
      `a second task ended with ${otherTaskError}`,
  );
};

const committedAt = (task: TaskRecord): string | undefined => task.committed?.at;

const verifiedFirst: Check = async (scene) => {
  const { task, subtasks } = scene.view;
  const { version } = await readGateway(scene);
  if (scene.outcome !== 'migrated')
    return broken(version !== 0 && `home has version ${version} without a move`);
  const exports = subtasks.flatMap((s) =>
    s.state === 'succeeded' && s.result.action === 'export' ? [s.result] : [],
  );
  const uneven = exports.filter(
    (e) => e.bytesProvider !== e.bytesStreamed || e.bytesStreamed !== e.bytesStored,
  );
  const seals = subtasks.filter((s) => s.action === 'seal' && s.state === 'succeeded');
  const late = seals.filter((s) => s.state === 'succeeded' && s.endedAt > (committedAt(task) ?? ''));
  return broken(
    version !== 1 && `the version is ${version}, not 1`,
    !task.verified && 'there is no verification on record',
    (task.verified?.at ?? '') > (committedAt(task) ?? '') && 'the commit came before the verification',
    uneven.length > 0 && `${uneven.length} exports count different bytes`,
    seals.length !== task.plan?.providers.length && `${seals.length} providers were sealed`,
    late.length > 0 && `${late.length} seals came after the commit`,
    (await differingData(scene.target, scene.company, scene.seeded)).length > 0 &&
      'the target differs from the source',
  );
};

const neighboursUntouched: Check = async ({ changedNeighbours }) =>
  broken(changedNeighbours.length > 0 && `changed: ${changedNeighbours.join(', ')}`);

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true })
    .map((name) => join(directory, String(name)))
    .filter((path) => statSync(path).isFile());
}

/** Everything that is written about the task: records, histories, logs. Customer data must be in none of it. */
async function writtenText(scene: Scene): Promise<string[]> {
  const { stage, view } = scene;
  const histories: string[] = [];
  for (const { arn } of await executionsOf(stage.states, stage.topology, view.task.task))
    histories.push((await readHistory(stage.states, arn)).text);
  const items = await stage.cloud.dynamo.scanTable({
    region: stage.topology.controlRegion,
    name: stage.topology.installation,
  });
  const logs = filesBelow(join(stage.directory, 'cloud', 'logs')).map((path) => readFileSync(path, 'utf8'));
  return [JSON.stringify(items), ...histories, ...logs];
}

const evidence: Check = async (scene) => {
  const { task, log } = scene.view;
  const texts = await writtenText(scene);
  const leaked = scene.canaries.filter((canary) => texts.some((text) => text.includes(canary)));
  return broken(
    task.state !== 'closed' && 'the task is still open',
    task.state === 'closed' && task.outcome !== scene.outcome && `the record says ${task.outcome}`,
    (!task.requestedBy || !task.reason) && 'who and why is missing',
    log.length === 0 && 'the log is empty',
    scene.outcome !== 'migrated' && !task.failure && 'the failure is not on record',
    leaked.length > 0 && `${leaked.length} pieces of customer data stand in records or logs`,
  );
};

const CHECKS: Record<PromiseId, Check> = {
  P1: oneHome,
  P2: nothingLost,
  P3: allOrNothing,
  P4: noGhosts,
  P6: oneTask,
  P7: verifiedFirst,
  P8: neighboursUntouched,
  P11: evidence,
};

/** Runs every check; what a promise has broken, by promise. A check that can't be made counts as broken. */
export async function checkPromises(scene: Scene): Promise<Record<PromiseId, readonly string[]>> {
  const found: [string, readonly string[]][] = [];
  for (const [id, check] of Object.entries(CHECKS)) {
    const findings = await check(scene).catch((error: Error) => [`the check failed: ${error.message}`]);
    found.push([id, findings]);
  }
  return Object.fromEntries(found) as Record<PromiseId, readonly string[]>;
}
