import type { Action, Machine, SubtaskRecord } from '@tanker/contract/index.ts';
import { readSubtasks } from '@tanker/sdk/task-records.ts';
import type { DatacenterKey } from '../../../demo/world/topology.ts';
import {
  agentAt,
  dispatched,
  disturb,
  FAILS,
  forget,
  hold,
  inHistory,
  loseEvents,
  type Move,
  outcome,
  providerAt,
  regionOf,
  roleOf,
  settled,
  startMove,
  stopExecutions,
  taskOf,
} from '../move.ts';
import { bucketAt, DOCUMENTS, PROVIDER, type Story, type Telling } from './story.ts';
import { stopAfterCommit, stopInDrain } from './whole.ts';

/** What each agent needs before it can do anything, where no provider can be made to refuse it. */
const NEEDED: Readonly<Partial<Record<Action, string>>> = {
  describe: 'secretsmanager:GetSecretValue',
  drain: 'secretsmanager:GetSecretValue',
  discard: 's3:ListBucketMultipartUploads',
};

const AT_TARGET: ReadonlySet<Action> = new Set(['import', 'seal', 'erase', 'hook']);

/** The datacenter in which the story meets the agent. */
export const placeOf = ({ home, target }: Pick<Move, 'home' | 'target'>, agent: Action): DatacenterKey =>
  AT_TARGET.has(agent) ? target : home;

/** The machine that calls the agent in the story. */
const CALLERS: Readonly<Record<Action, Machine>> = {
  describe: 'plan',
  drain: 'slice',
  export: 'slice',
  import: 'migrate',
  seal: 'migrate',
  hook: 'migrate',
  open: 'recover',
  erase: 'recover',
  discard: 'recover',
  fence: 'recover',
};

/** Sets off what calls the agent: a migration, its undo, or its end by a recovery. */
function setOff(telling: Telling): Promise<void> {
  switch (telling.agent) {
    case 'open':
    case 'erase':
    case 'discard':
      return stopInDrain(telling);
    case 'fence':
      return stopAfterCommit(telling);
    default:
      return startMove(telling);
  }
}

/** Holds the agent for one provider until it is let go; answers the subtask for which it was called. */
async function held(
  telling: Telling,
  provider = PROVIDER,
): Promise<{ subtask: SubtaskRecord; release(): void }> {
  const { agent, stage } = telling;
  const datacenter = placeOf(telling, agent);
  const release = hold(telling, agentAt(stage, datacenter, agent), { action: agent, provider });
  await setOff(telling);
  return { subtask: await dispatched(telling, agent, { provider, datacenter }), release };
}

/** The agent's function dies before its code runs: that it died is told, and nobody waits for its heartbeat. */
export const agentDies: Story = {
  async run(telling) {
    const { agent, stage } = telling;
    const datacenter = placeOf(telling, agent);
    disturb(telling, agentAt(stage, datacenter, agent), FAILS, { action: agent, provider: PROVIDER });
    await setOff(telling);
    const told = await inHistory(telling, CALLERS[agent], /RetriesExhausted|States\.(Heartbeat)?Timeout"/);
    return told === 'RetriesExhausted' ? undefined : 'nobody told that the function died';
  },
};

/** The first agent dies at each try: what became of its work stands on record, though it never wrote there. */
export const agentDiesForGood: Story = {
  async run(telling) {
    const { home, stage } = telling;
    const always = { ...FAILS, times: 'forever' } as const;
    disturb(telling, agentAt(stage, home, 'describe'), always, { action: 'describe', provider: PROVIDER });
    await startMove(telling);
    const end = await outcome(telling, 'migrate', false);
    if (end !== 'refused') return `ended ${end}, not refused`;
    const subtasks = await readSubtasks(stage.rows, taskOf(telling));
    const own = subtasks.find((one) => one.provider === PROVIDER && one.location.datacenter === home);
    return own?.state === 'failed' ? undefined : `the subtask is ${own?.state}`;
  },
};

/** Fences the company at a provider for somebody else, so that it refuses this task from now on. */
export async function fenceOff(move: Move, service: string, datacenter: DatacenterKey): Promise<void> {
  const somebody = { task: 'another', epoch: 99, holder: 'another/another' };
  await (await providerAt(move, service, datacenter, somebody)).raise();
}

/** The agent's own code fails, and it says so itself. */
export const agentFails: Story = {
  async run(telling) {
    const { agent, stage } = telling;
    const at = agentAt(stage, placeOf(telling, agent), agent);
    // Where a recovery runs hooks too, the one that is fenced off has none: nobody else's refusal is taken for the agent's.
    const provider = agent === 'open' || agent === 'erase' ? DOCUMENTS : PROVIDER;
    const { release } = await held(telling, provider);
    const needed = NEEDED[agent];
    if (needed === undefined) {
      await fenceOff(telling, provider, placeOf(telling, agent));
      release();
      await inHistory(telling, CALLERS[agent], /EpochStale/);
      return undefined;
    }
    const give = stage.cloud.iam.withhold(roleOf(stage, at), needed);
    forget(stage, at);
    release();
    await inHistory(telling, CALLERS[agent], /failed unexpectedly/).finally(give);
    return undefined;
  },
};

/** Longer than the answer to a heartbeat takes, also on a busy machine. */
const SLOW_MS = 3000;

/** Makes the agent's first outside call take its time. The answer ends that. */
async function slowDown(telling: Telling): Promise<() => Promise<void>> {
  const { agent, stage } = telling;
  const datacenter = placeOf(telling, agent);
  const region = regionOf(stage, datacenter);
  const effect = { kind: 'delay', milliseconds: SLOW_MS } as const;
  const delay = (service: string, match: object) => {
    const id = stage.cloud.faults.set({ service, region, match: { ...match }, times: 'forever', effect });
    return async () => void stage.cloud.faults.clear(id);
  };
  switch (agent) {
    case 'drain':
      // It looks twice, with a wait in between.
      return async () => {};
    case 'discard':
      return delay('s3', { operation: 'GET', path: `/${bucketAt(telling, datacenter)}/` });
    case 'describe':
      forget(stage, agentAt(stage, datacenter, agent));
      return delay('secretsmanager', { operation: 'GetSecretValue' });
    default:
      return holdFence(telling, datacenter);
  }
}

/** Every call that changes something for the company at the provider waits. */
async function holdFence({ stage, company }: Move, datacenter: DatacenterKey): Promise<() => Promise<void>> {
  const client = await stage.world.connect(datacenter);
  await client.query('BEGIN');
  // Whoever finds no row writes one, and waits for this one.
  const fence = `tanker_${PROVIDER}.fence`;
  await client.query(`INSERT INTO ${fence} (company) VALUES ($1) ON CONFLICT DO NOTHING`, [company]);
  await client.query(`SELECT 1 FROM ${fence} WHERE company = $1 FOR UPDATE`, [company]);
  return async () => {
    await client.query('ROLLBACK');
    await client.end();
  };
}

/** The event reaches the agent after its execution was stopped: its first heartbeat says so, and it does nothing. */
export const agentIsLate: Story = {
  async run(telling) {
    const { subtask, release } = await held(telling);
    const letGo = await slowDown(telling);
    // A recovery would take a new epoch, which the agent might hear of first.
    await loseEvents(telling);
    try {
      await stopExecutions(telling);
      release();
      const end = await settled(telling, subtask);
      if (end.state === 'failed' && end.error === 'SubtaskSuperseded') return undefined;
      return `the late worker ${end.state}${end.state === 'failed' ? ` with ${end.error}` : ''}`;
    } finally {
      await letGo();
    }
  },
};
