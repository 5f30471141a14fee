import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { stopExecution } from '@tanker/cli/aws/executions.ts';
import {
  type DiscardDue,
  DOCTOR,
  DoctorResult,
  eventBusName,
  executionArn,
  exportPrefix,
  keys,
  OPEN_EXPIRED,
  PhaseEvent,
  tableName,
  unhandledRecoveriesName,
} from '@tanker/contract/index.ts';
import { readTaskView } from '@tanker/sdk/task-records.ts';
import { locationOf } from '../../../demo/world/world.ts';
import {
  agentAt,
  askGateway,
  controlAt,
  FAILS,
  type FunctionAt,
  hold,
  loseEvents,
  type Move,
  phaseBegun,
  providerAt,
  recordOf,
  regionOf,
  start,
  startMove,
  taskOf,
  until,
} from '../move.ts';
import { bucketAt, expecting, exportsOf, PROVIDER, type Story } from './story.ts';
import { stopInDrain } from './whole.ts';

/** Asks a doctor: what it found wrong, or how it failed itself. */
async function ask({ stage }: Move, at: FunctionAt, question: object): Promise<string | undefined> {
  const { payload } = await stage.cloud.lambda.invoke({ ...at, payload: JSON.stringify(question) });
  const found = DoctorResult.safeParse(JSON.parse(payload));
  return found.data?.refusal === null ? undefined : `${at.functionName} answered ${payload.slice(0, 200)}`;
}

/** A person asks the doctors of the control region. */
export const controlExamined: Story = {
  async run(move) {
    const doctor = controlAt(move.stage, DOCTOR);
    return (await ask(move, doctor, { ask: 'table' })) ?? (await ask(move, doctor, { ask: 'gateway' }));
  },
};

/** A person asks the doctor of a datacenter. */
export const datacenterExamined: Story = {
  async run(move) {
    const doctor = agentAt(move.stage, move.home, DOCTOR);
    const provider = { ask: 'provider', provider: PROVIDER, location: locationOf(move.home) };
    return (await ask(move, doctor, { ask: 'gateway' })) ?? (await ask(move, doctor, provider));
  },
};

const fireSweep = ({ stage }: Move): void =>
  stage.cloud.events.fire(stage.topology.controlRegion, `${stage.topology.installation}-sweep`);

/** The event of a stopped execution is lost, and the sweeper finds its task. */
export const swept: Story = {
  async run(move) {
    const { stage } = move;
    await loseEvents(move);
    await stopInDrain(move);
    fireSweep(move);
    const problem = await expecting(move, 'undone');
    if (problem) return problem;
    await until(move, async () => {
      const { log } = await readTaskView(stage.rows, taskOf(move));
      return log.some(({ by }) => by === 'sweep') ? true : undefined;
    });
    return undefined;
  },
};

/** Exports whose days are over are discarded, and then their due date goes. */
export const discardedWhenDue: Story = {
  async run(move) {
    const { stage, company, home } = move;
    const { endpoint, credentials } = stage.cloud;
    const s3 = new S3Client({ endpoint, credentials, region: regionOf(stage, home), forcePathStyle: true });
    const Key = `${exportPrefix(company, taskOf(move))}${PROVIDER}/e1-a1/part-00000`;
    await s3.send(new PutObjectCommand({ Bucket: bucketAt(move, home), Key, Body: 'a part' }));
    s3.destroy();
    const at = new Date(Date.now() - 1000).toISOString();
    const due = { due: 'discard-exports', at, task: taskOf(move), company, datacenter: home } as const;
    const record: DiscardDue = { kind: 'due', ...due };
    const key = keys.due(due.due, at, due.task);
    await stage.table.send(
      new PutCommand({ TableName: tableName(stage.topology), Item: { ...key, ...record } }),
    );
    fireSweep(move);
    await until(move, async () => ((await stage.rows.get(key)) as DiscardDue | undefined)?.discarded);
    if (exportsOf(move).objects > 0) return 'the exports were not discarded';
    fireSweep(move);
    await until(move, async () => ((await stage.rows.get(key)) === undefined ? true : undefined));
    return undefined;
  },
};

/** The shortest lease that there is. */
const LEASE_SECONDS = 1;

/** How often the schedule is fired until it has found the lease ended. */
const FIRE_EVERY_MS = 1000;

/** A provider that is closed under a dead lock is opened by its region's own schedule. */
export const openedByItsRegion: Story = {
  async run(move) {
    const { stage, home } = move;
    const lost = { task: 'lost', epoch: 1, holder: 'lost/lost' };
    await askGateway(move, 'claim', lost);
    const locked = (await askGateway(move, 'lock', { ...lost, leaseSeconds: LEASE_SECONDS })) as {
      grant: { grant: number };
    };
    const provider = await providerAt(move, PROVIDER, home, lost);
    await provider.exportBegin(locked.grant.grant);
    if ((await provider.summary()).closed === null) return 'the provider was not closed';
    const rule = `${stage.topology.installation}-${home}-${OPEN_EXPIRED}`;
    await until(
      move,
      async () => {
        stage.cloud.events.fire(regionOf(stage, home), rule);
        return (await provider.summary()).closed === null ? true : undefined;
      },
      FIRE_EVERY_MS,
    );
    return undefined;
  },
};

/** Who cancelled a task and why is asked of Step Functions, since the event does not tell. */
export const cancelled: Story = {
  async run(move) {
    const { states, topology } = move.stage;
    hold(move, agentAt(move.stage, move.home, 'drain'), { provider: PROVIDER });
    await startMove(move);
    await phaseBegun(move, 'drain');
    const arn = executionArn(topology, 'migrate', taskOf(move));
    await stopExecution(states, arn, { error: 'TaskCancelled', cause: 'A bench wants it.' });
    const problem = await expecting(move, 'undone');
    const error = (await recordOf(move))?.failure?.error;
    return problem ?? (error === 'TaskCancelled' ? undefined : `it failed by ${error}`);
  },
};

/** Every change of a task is told on the installation's bus, the last one too. */
export const told: Story = {
  async run(move) {
    const { cloud, topology } = move.stage;
    let ended = false;
    cloud.events.listen(topology.controlRegion, eventBusName(topology), ({ detail }) => {
      const { task, state } = PhaseEvent.parse(detail);
      ended ||= task === taskOf(move) && state === 'closed';
    });
    await start(move, 'migrate', { to: locationOf(move.target), dryRun: true });
    await until(move, () => ended || undefined);
    return undefined;
  },
};

/** Lambda tries twice more, after 60 s and 120 s; then the record of what failed goes to the queue. */
export const unhandled: Story = {
  async run(move) {
    const { stage } = move;
    const at = controlAt(stage, 'start-recovery');
    stage.cloud.faults.set({
      service: 'lambda',
      region: at.region,
      match: {
        operation: 'Run',
        functionName: at.functionName,
        payload: { detail: { name: taskOf(move) } },
      },
      ...FAILS,
      times: 'forever',
    });
    await stopInDrain(move);
    const queue = stage.cloud.queues
      .list()
      .find((arn) => arn.endsWith(unhandledRecoveriesName(stage.topology)));
    await until(
      move,
      () =>
        stage.cloud.queues.messages(queue ?? '').some(({ body }) => body.includes(taskOf(move))) || undefined,
      1000,
    );
    return undefined;
  },
};
