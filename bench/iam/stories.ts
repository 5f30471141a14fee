import type { AgentFunction } from '@tanker/contract/index.ts';
import { readTask } from '@tanker/sdk/task-records.ts';
import type { Stage } from '../../demo/stage.ts';
import type { DatacenterKey } from '../../demo/world/topology.ts';
import {
  agentAt,
  forget,
  type Move,
  outcome,
  phaseBegun,
  running,
  start,
  stopMigration,
  taskOf,
  until,
} from './moves.ts';

/** One thing that happens to one company, told by itself. */
export interface Story {
  readonly name: string;
  readonly home: DatacenterKey;
  readonly rows: number;
  /** Answers what was not as it should be; undefined when all was. */
  run(move: Move): Promise<string | undefined>;
}

const ROWS = 200;
/** Enough that a collection's part is larger than one S3 part of 8 MiB. */
const MANY_ROWS = 120_000;

const DIRECTIONS = ['us', 'eu'] as const;

const expecting = async (
  move: Move,
  expected: string,
  recovers = expected === 'undone',
): Promise<string | undefined> => {
  const found = await outcome(move, recovers);
  return found === expected ? undefined : `ended ${found}, not ${expected}`;
};

/** Every run of an agent fails at one provider of this company, before its code does anything. */
function breakAgent({ stage, company }: Move, datacenter: DatacenterKey, agent: AgentFunction): () => void {
  const { region, functionName } = agentAt(stage, datacenter, agent);
  const id = stage.cloud.faults.set({
    service: 'lambda',
    region,
    match: { operation: 'Run', functionName, payload: { company, provider: 'deals' } },
    times: 'forever',
    effect: { kind: 'error', errorType: 'Broken', errorMessage: 'A bench breaks it.' },
  });
  return () => void stage.cloud.faults.clear(id);
}

const forward = (home: DatacenterKey): Story => ({
  name: `migrated from ${home}`,
  home,
  rows: ROWS,
  async run(move) {
    await start(move);
    return expecting(move, 'migrated');
  },
});

const undone = (home: DatacenterKey): Story => ({
  name: `import broken, undone to ${home}`,
  home,
  rows: ROWS,
  async run(move) {
    const mend = breakAgent(move, move.target, 'import');
    await start(move);
    return expecting(move, 'undone').finally(mend);
  },
});

const exportBroken = (home: DatacenterKey): Story => ({
  name: `export broken, undone to ${home}`,
  home,
  rows: ROWS,
  async run(move) {
    const mend = breakAgent(move, home, 'export');
    await start(move);
    return expecting(move, 'undone').finally(mend);
  },
});

const aborted = (home: DatacenterKey): Story => ({
  name: `aborted in import, undone to ${home}`,
  home,
  rows: ROWS,
  async run(move) {
    await start(move);
    await phaseBegun(move, 'import');
    await stopMigration(move);
    return expecting(move, 'undone');
  },
});

/** Stopped when the authority has written already: the recovery goes forward. */
const abortedLate = (home: DatacenterKey): Story => ({
  name: `aborted in unlock, migrated from ${home}`,
  home,
  rows: ROWS,
  async run(move) {
    await start(move);
    await phaseBegun(move, 'unlock');
    await stopMigration(move);
    return expecting(move, 'migrated', true);
  },
});

/** The machine is stopped while it waits for its recovery: that is stopped with it, and another one does the rest. */
const recoveryStopped = (home: DatacenterKey): Story => ({
  name: `aborted in its recovery, undone to ${home}`,
  home,
  rows: ROWS,
  async run(move) {
    const mend = breakAgent(move, move.target, 'import');
    await start(move);
    await phaseBegun(move, 'recover/decide');
    const [recovery] = (await running(move)).filter(({ machine }) => machine === 'recover');
    await stopMigration(move);
    const stillRuns = (await running(move)).some(({ arn }) => arn === recovery?.arn);
    const end = await expecting(move, 'undone').finally(mend);
    return stillRuns ? 'the recovery went on although the machine that waits for it was stopped' : end;
  },
});

/** An upload in S3 parts whose worker is killed: what it left is found and ended. */
const uploadLeft = (home: DatacenterKey): Story => ({
  name: `killed in a large export, undone to ${home}`,
  home,
  rows: MANY_ROWS,
  async run(move) {
    const { stage } = move;
    await start(move);
    const bucket = stage.cloud.s3
      .buckets()
      .find(({ region }) => region === agentAt(stage, home, 'export').region);
    const seen = await until(move, async () => {
      const uploads = stage.cloud.s3.uploads(bucket?.name ?? '').filter(({ parts }) => parts.length > 0);
      if (uploads.length > 0) return true;
      return (await phaseOver(move, 'verify-exports')) ? false : undefined;
    });
    if (!seen) return 'no upload in S3 parts was seen';
    const { functionName, region } = agentAt(stage, home, 'export');
    stage.cloud.lambda.killEnvironments(functionName, region);
    await stopMigration(move);
    return expecting(move, 'undone');
  },
});

const phaseOver = async (move: Move, phase: string): Promise<boolean> =>
  (await readTask(move.stage.rows, taskOf(move)))?.phases[phase] !== undefined;

const large = (home: DatacenterKey): Story => ({
  name: `many rows migrated from ${home}`,
  home,
  rows: MANY_ROWS,
  async run(move) {
    await start(move);
    return expecting(move, 'migrated');
  },
});

/** What a fixed set of migrations does: the quick ones, by which a right that is taken away is to be missed. */
export const QUICK_STORIES: readonly Story[] = [
  ...DIRECTIONS.map(forward),
  ...DIRECTIONS.map(undone),
  ...DIRECTIONS.map(aborted),
  ...DIRECTIONS.map(abortedLate),
  ...DIRECTIONS.map(exportBroken),
  recoveryStopped('us'),
];

/** Besides, with more data. */
export const LARGE_STORIES: readonly Story[] = [...DIRECTIONS.map(large), ...DIRECTIONS.map(uploadLeft)];

/** Every answer of Secrets Manager and S3 takes longer than a worker's silence may last, so that each worker beats. */
const SLOW_MS = 6_000;

const slow = (home: DatacenterKey): Story => ({
  name: `slow agents, migrated from ${home}`,
  home,
  rows: ROWS,
  async run(move) {
    const { cloud, topology } = move.stage;
    forgetAll(move.stage);
    const effect = { kind: 'delay', milliseconds: SLOW_MS } as const;
    const ids = topology.datacenters.flatMap(({ region }) =>
      [
        { service: 'secretsmanager', match: { operation: 'GetSecretValue' } },
        { service: 's3', match: { operation: 'GET' } },
      ].map((fault) => cloud.faults.set({ ...fault, region, times: 'forever', effect })),
    );
    const mend = breakAgent(move, move.target, 'seal');
    await start(move);
    return expecting(move, 'undone').finally(() => {
      mend();
      for (const id of ids) cloud.faults.clear(id);
    });
  },
});

/** The right without which an agent's work fails before it has done anything. */
const NEEDED = (agent: AgentFunction): string =>
  agent === 'discard' ? 's3:ListBucketMultipartUploads' : 'secretsmanager:GetSecretValue';

/** An agent whose own code fails tells the state machine so. What becomes of the migration is not looked at. */
function failing(home: DatacenterKey, datacenter: DatacenterKey, agent: AgentFunction): Story {
  return {
    name: `${agent} in ${datacenter} fails, from ${home}`,
    home,
    rows: ROWS,
    async run(move) {
      const { cloud } = move.stage;
      const { region, functionName } = agentAt(move.stage, datacenter, agent);
      const roleArn = cloud.lambda.functions(region).find(({ name }) => name === functionName)?.roleArn ?? '';
      const give = cloud.iam.withhold(roleArn, NEEDED(agent));
      forget(move.stage, (name) => name === functionName);
      const mend = RECOVERS.has(agent) ? breakAgent(move, move.target, 'import') : () => {};
      const told = 'states:SendTaskFailure';
      const before = usesOf(move.stage, roleArn, told);
      const refusedBefore = cloud.iam.refusals(roleArn, told);
      await start(move);
      if (agent === 'fence') {
        await phaseBegun(move, 'unlock');
        await stopMigration(move);
      }
      const end = await until(move, async () => {
        if (cloud.iam.refusals(roleArn, told) > refusedBefore) return 'could not tell its failure';
        return usesOf(move.stage, roleArn, told) > before ? 'told' : undefined;
      }).finally(() => {
        give();
        mend();
      });
      return end === 'told' ? undefined : end;
    },
  };
}

/** Agents that only a recovery back calls; `fence` is called by one that goes forward. */
const RECOVERS: ReadonlySet<AgentFunction> = new Set(['open', 'erase', 'discard']);

const usesOf = ({ cloud }: Stage, roleArn: string, action: string): number =>
  cloud.iam
    .usage()
    .filter((right) => right.roleArn === roleArn && right.action === action)
    .reduce((sum, { uses }) => sum + uses, 0);

const AT_SOURCE = ['drain', 'export', 'open', 'discard', 'fence'] as const;
const AT_TARGET = ['describe', 'import', 'seal', 'erase', 'hook'] as const;

/** Rights of which only a worker in trouble, or a slow one, makes use. */
export const TROUBLED_STORIES: readonly Story[] = DIRECTIONS.flatMap((home) => [
  slow(home),
  ...AT_SOURCE.map((agent) => failing(home, home, agent)),
  ...AT_TARGET.map((agent) => failing(home, home === 'us' ? 'eu' : 'us', agent)),
]);

let companies = 0;

/** Signs up a company of its own and tells the story with it. @throws what a wait was ended for */
export async function tell(stage: Stage, story: Story, signal: AbortSignal): Promise<string | undefined> {
  companies += 1;
  const { home, rows } = story;
  const company = `bench-${companies}`;
  const target = home === 'us' ? 'eu' : 'us';
  await stage.world.addCompany({ company, rows, datacenter: home });
  try {
    return await story.run({ stage, company, home, target, signal });
  } catch (error) {
    if (!signal.aborted) throw error;
    return String((signal.reason as Error).message ?? signal.reason);
  }
}

/** Every agent reads its secrets, and whatever else it remembers, anew. */
export const forgetAll = (stage: Stage): void => forget(stage, () => true);
