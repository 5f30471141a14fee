import { StopExecutionCommand } from '@aws-sdk/client-sfn';
import { expect, test } from '@jest/globals';
import { executionsOf } from '@tanker/cli/aws/executions.ts';
import { GATEWAY_BASE, machineArn, PROVIDER_BASE, type RecoverPhase } from '@tanker/contract/index.ts';
import type { Stage } from '../../demo/stage.ts';
import {
  agentAt,
  authorityOf,
  controlAt,
  disturb,
  moveInput,
  newMover,
  phaseBegun,
  startMove,
  stopMove,
  taskEnd,
  taskOf,
  until,
} from './moves.ts';
import { theStage } from './stage.ts';

/** Long enough to be stopped in meanwhile, also on a busy machine. */
const HELD = { times: 1, effect: { kind: 'delay', milliseconds: 3000 } } as const;

/** The function behind each phase of a recovery that is held there. An undo runs no hook in this world. */
const HOLDS: readonly (readonly [RecoverPhase, (stage: Stage) => ReturnType<typeof controlAt>])[] = [
  ['decide', (stage) => controlAt(stage, 'decide-direction')],
  ['open', (stage) => agentAt(stage, 'us', 'open')],
  ['unlock', (stage) => controlAt(stage, 'unlock-traffic')],
  ['erase', (stage) => agentAt(stage, 'eu', 'erase')],
  ['verify-erased', (stage) => controlAt(stage, 'verify-erased')],
  ['close', (stage) => controlAt(stage, 'close-task')],
];

test.concurrent.each(HOLDS)(
  'a recovery that is stopped in %s is followed by one that ends the task',
  async (phase, at) => {
    const stage = await theStage();
    const { company } = await newMover(stage, `stopped-in-${phase}`, { rows: 200 });
    const task = taskOf(company);
    disturb(stage, agentAt(stage, 'eu', 'import'), 'Run', { company, provider: 'deals' }, HELD);
    disturb(stage, at(stage), 'Run', { company }, HELD);
    await startMove(stage, moveInput(company));
    await phaseBegun(stage, task, 'import');
    await stopMove(stage, task);
    await phaseBegun(stage, task, `recover/${phase}`);
    const running = (await executionsOf(stage.states, stage.topology, task)).find(
      ({ machine, status }) => machine === 'recover' && status === 'RUNNING',
    );
    await stage.states.send(new StopExecutionCommand({ executionArn: running?.arn ?? '' }));
    const view = await taskEnd(stage, task);
    expect(view.task).toMatchObject({ state: 'closed', outcome: 'undone', debts: [] });
    const record = await authorityOf(stage, company);
    expect(record).toMatchObject({ home: { state: 'home', location: { datacenter: 'us' } }, version: 0 });
    expect(record.lock?.state).not.toBe('held');
  },
);

test.concurrent('a task whose event is lost is found by the sweeper', async () => {
  const stage = await theStage();
  const { controlRegion, installation } = stage.topology;
  const { company } = await newMover(stage, 'event-lost', { rows: 200 });
  const task = taskOf(company);
  stage.cloud.faults.set({
    service: 'events',
    match: {
      operation: 'Route',
      payload: { detail: { stateMachineArn: machineArn(stage.topology, 'migrate'), name: task } },
    },
    times: 'forever',
    effect: { kind: 'drop' },
  });
  disturb(stage, agentAt(stage, 'eu', 'import'), 'Run', { company, provider: 'deals' }, HELD);
  await startMove(stage, moveInput(company));
  await phaseBegun(stage, task, 'import');
  await stopMove(stage, task);
  stage.cloud.events.fire(controlRegion, `${installation}-sweep`);
  const view = await taskEnd(stage, task);
  expect(view.task).toMatchObject({ outcome: 'undone', failure: { error: 'ExecutionLost' } });
  await until('the sweep on the log', () => (view.log.some(({ by }) => by === 'sweep') ? true : undefined));
});

const post = async (url: string, token: string, body: object, headers: Record<string, string> = {}) => {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  return { status: answer.status, body: (await answer.json()) as Record<string, never> };
};

test.concurrent('a company whose lock ends while nobody recovers it is opened by its own region', async () => {
  const stage = await theStage();
  const { company } = await newMover(stage, 'left-alone', { rows: 200 });
  const actor = { task: 'lost-1', epoch: 1, holder: 'lost-1/lost-1' };
  const { url, operatorToken } = stage.world.gateway;
  const gateway = (call: string, body: object) =>
    post(`${url}${GATEWAY_BASE}/companies/${company}/${call}`, operatorToken, { ...actor, ...body });
  await gateway('claim', {});
  const { grant } = (await gateway('lock', { leaseSeconds: 2 })).body as unknown as {
    grant: { grant: number };
  };

  const deals = stage.topology.providers.find(({ name }) => name === 'deals');
  const location = { datacenter: 'us', server: 'db1' };
  const base =
    deals?.endpoints['us'] +
    PROVIDER_BASE.replace('{datacenter}', location.datacenter).replace('{server}', location.server);
  const token = stage.world.secrets[deals?.secret ?? ''] ?? '';
  const read = async (path: string) =>
    (await fetch(base + path, { headers: { authorization: `Bearer ${token}` } })).json() as Promise<
      Record<string, unknown>
    >;
  const { incarnation } = await read('');
  const fence = { 'tanker-task': actor.task, 'tanker-epoch': '1', 'tanker-holder': actor.holder };
  const headers = { ...fence, 'tanker-incarnation': String(incarnation) };
  await post(`${base}/companies/${company}/exports`, token, { grant: grant.grant }, headers);
  const closed = async () => (await read(`/companies/${company}/summary`))['closed'];
  expect(await closed()).toEqual({ epoch: 1, grant: grant.grant });

  await until('the end of the lease', async () =>
    (await authorityOf(stage, company)).lock?.state === 'expired' ? true : undefined,
  );
  stage.cloud.events.fire('us-east-1', `${stage.topology.installation}-us-open-expired`);
  await until('the opening', async () => ((await closed()) === null ? true : undefined));
  const home = (datacenter: string) => ({ state: 'home', location: { datacenter, server: 'db1' } });
  const change = { grant: grant.grant, from: home('us'), to: home('eu'), version: 0 };
  expect(await gateway('commit', change)).toMatchObject({ status: 409, body: { title: expect.anything() } });
});
