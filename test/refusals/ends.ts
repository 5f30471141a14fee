import type { SubtaskRecord, TransferWork } from '@tanker/contract/index.ts';
import { executionArn, WORKER_START_SECONDS } from '@tanker/contract/index.ts';
import type { EventOf, Procedure } from '../../core/agent/procedure.ts';
import { reportStopped } from '../../core/agent/report-stopped.ts';
import { settleLost } from '../../core/agent/settle-lost.ts';
import { invocationFailed } from '../../core/agent/worker-failures.ts';
import { prepareWorkers } from '../../core/control/prepare-workers.ts';
import { RECOVERY_STARTS, startRecovery } from '../../core/control/start-recovery.ts';
import type { Functions } from '../../core/ports.ts';
import { dynamoWorkerRow } from '../../lambdas/runtime/dynamo-worker-row.ts';
import { runTransferTask } from '../../lambdas/runtime/ecs-transfer-tasks.ts';
import { LambdaFunctions } from '../../lambdas/runtime/lambda-functions.ts';
import { eventOf, HERE, workerWorld } from '../agent/agent-world.ts';
import { closedTask, openTask, plans } from '../cli/records.ts';
import { type ControlWorld, testTopology } from '../control/control-world.ts';
import { plannedTask } from '../control/planned-task.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { dispatchedRow, MemorySubtask, MemoryToken } from '../support/memory-subtask.ts';
import { commanded, company } from './asking.ts';
import { endless } from './fences.ts';
import { MACHINES_ENDS, stoppedPlan, stoppedSlice } from './machines.ts';
import { area } from './refusal.ts';
import { CANARY } from './sentences.ts';
import type { Worlds } from './worlds.ts';

/** What a worker's state machine is told when its work ends so. */
async function failing(
  procedure: Procedure<'export'>,
  passMilliseconds = 0,
  event: object = eventOf('export'),
): Promise<unknown> {
  const clock = new ManualClock();
  const { start, token } = workerWorld(clock);
  const ended = start(procedure, event as EventOf<'export'>);
  await clock.advance(passMilliseconds);
  await ended;
  return token.answers[0];
}

/** The ports of somebody who settles for a worker that is gone, and what the state machine is told. */
function lost() {
  const token = new MemoryToken();
  const subtask = new MemorySubtask({ ...dispatchedRow(1), state: 'running', worker: 'w' }, 1, 'w');
  return { ports: { subtask, token, logError: () => undefined }, told: () => token.answers[0] };
}

const WORK: TransferWork = {
  task: 'move-1',
  company: 'acme',
  epoch: 3,
  holder: 'move-1/move-1',
  phase: 'export',
  action: 'export',
  provider: 'deals',
  location: HERE,
  worker: 'w',
};

async function stopped(): Promise<unknown> {
  const { ports, told } = lost();
  const running = { ...WORK, kind: 'subtask', state: 'running', attempt: 1, token: CANARY };
  const row = { subtask: async () => running as unknown as SubtaskRecord, stopped: async () => undefined };
  await reportStopped({ row, lost: () => ports }, WORK, 'OutOfMemoryError');
  return told();
}

const FARGATE = testTopology({
  providers: [
    {
      name: 'deals',
      endpoints: { us: 'http://127.0.0.1:2', eu: 'http://127.0.0.1:3', sg: 'http://127.0.0.1:4' },
      secret: 'deals',
      transfer: 'fargate',
    },
  ],
});

/** Prepares the Fargate workers of a move again, after something has happened to the one that exports. */
const prepares =
  (name: string, happened: (world: ControlWorld, work: TransferWork) => Promise<object>) =>
  async ({ control }: Worlds): Promise<unknown> => {
    const world = { ...(await control()), topology: FARGATE };
    const actor = await plannedTask(world, { at: company(world, name) });
    await prepareWorkers(world, actor);
    const work = world.startedWorkers.find(({ task, action }) => task === actor.task && action === 'export');
    const changes = await happened(world, work as TransferWork);
    return prepareWorkers({ ...world, ...changes }, actor);
  };

/** A region of which Lambda starts nothing. */
const unwarmed = async ({ control }: Worlds): Promise<unknown> => {
  const world = await control();
  const actor = await plannedTask(world, { at: company(world, 'cold') });
  const warm: Functions['warm'] = async (functions) =>
    functions.map((one) => ({
      ...one,
      warm: 0,
      refusals: Array<string>(one.name.includes('us-export') ? one.environments : 0).fill(
        'TooManyRequestsException',
      ),
    }));
  return prepareWorkers({ ...world, functions: { ...world.functions, warm } }, actor);
};

/** What launch has thrown, as Lambda answers it. */
const launching = (errorType: string, errorMessage: string) => () => {
  const payload = JSON.stringify({ errorType, errorMessage, trace: [CANARY] });
  const answer = { FunctionError: 'Unhandled', Payload: { transformToString: () => payload } };
  return new LambdaFunctions(FARGATE, () => ({ send: async () => answer }) as never).startWorkers([WORK]);
};

const LAUNCH = {
  DATACENTER: 'us',
  SUBNET_IDS: 's',
  SECURITY_GROUP_IDS: 'g',
  ASSIGN_PUBLIC_IP: 'DISABLED',
} as Parameters<typeof runTransferTask>[2];

/** A task that its recoveries can't end. */
async function unrecovered({ control }: Worlds): Promise<void> {
  const world = await control();
  const { task } = await plannedTask(world, { at: company(world, 'hopeless') });
  for (let count = 0; count <= RECOVERY_STARTS; count += 1) {
    const eventId = `${count}`.repeat(12);
    await startRecovery(world, { machine: 'migrate', task, name: task, status: 'FAILED', eventId });
  }
}

/** The error that a cancelled execution ends with. */
async function cancelled({ cli }: Worlds): Promise<unknown> {
  const world = await cli();
  const arn = executionArn(world.topology, 'backup', 'stopped-1');
  const fields = { operation: 'backup', plan: plans.backup, executionArn: arn, phase: 'plan' };
  await world.putTask(openTask('stopped-1', fields));
  world.stops.effect = () => world.putTask(closedTask('stopped-1', 'undone', fields));
  await world.tanker('cancel', 'stopped-1', '--reason', 'ticket 4711', '--requested-by', 'chris');
  return world.stops.seen.at(-1);
}

/** A command line that cancels a task whose record says this. */
const cancelling =
  (task: string, put: (world: Awaited<ReturnType<Worlds['cli']>>) => Promise<unknown>) =>
  async ({ cli }: Worlds): Promise<unknown> => {
    const world = await cli();
    await put(world);
    return commanded(world, 'cancel', task, '--reason', 'law');
  };

export const ENDS = area({
  ...MACHINES_ENDS,
  PhaseFailed: [
    {
      file: 'cli/watching.ts',
      reasons: {
        'an execution ended without a record': {
          names: ['"stillborn-1"', 'FAILED', 'Lambda.Unknown'],
          async provoke({ cli }) {
            const world = await cli();
            const cause = '{"errorMessage": "canary"}';
            world.executions.push({ name: 'stillborn-1', status: 'FAILED', error: 'Lambda.Unknown', cause });
            return commanded(world, 'watch', 'stillborn-1');
          },
        },
      },
    },
    {
      file: 'cli/starting.ts',
      reasons: {
        'a dry run was stopped': {
          names: ['"stopped-plan"', 'ABORTED'],
          async provoke({ cli }) {
            const world = await cli();
            const asked = { task: 'stopped-plan', company: 'acme', requestedBy: 'me', reason: 'law' };
            const input = JSON.stringify({ ...asked, dryRun: true, to: { datacenter: 'eu' } });
            world.executions.push({ name: 'stopped-plan', status: 'ABORTED', input });
            const who = ['--requested-by', 'me', '--reason', 'law', '--task', 'stopped-plan'];
            return commanded(world, 'migrate', 'acme', '--to', 'eu', '--dry-run', ...who);
          },
        },
      },
    },
    ...stoppedPlan,
    ...stoppedSlice,
  ],
  WorkerFailed: [
    {
      file: 'core/agent/worker-failures.ts',
      reasons: {
        'its work fails with an error without a name of the contract': {
          names: ['export of contacts at us/db1', 'RangeError'],
          provoke: () => failing(() => Promise.reject(new RangeError(CANARY))),
        },
      },
    },
    {
      file: 'core/agent/worker-failures.ts',
      reasons: {
        "its export outlasts the function's time": {
          names: ['export of contacts at us/db1'],
          provoke: () => failing(endless, 900_000),
        },
        "its calls outlast the function's time": {
          names: ['seal of contacts at us/db1'],
          provoke: () => failing(endless, 900_000, eventOf('seal')),
        },
      },
    },
    {
      file: 'core/agent/worker-failures.ts',
      reasons: {
        'its Fargate task stops': {
          names: ['export of deals at us/db1', 'OutOfMemoryError'],
          provoke: stopped,
        },
      },
    },
    {
      file: 'core/agent/worker-failures.ts',
      reasons: {
        'its function fails': {
          names: ['export of contacts at us/db1', 'RetriesExhausted'],
          async provoke() {
            const { ports, told } = lost();
            await settleLost(ports, invocationFailed(eventOf('export'), 'RetriesExhausted'));
            return told();
          },
        },
      },
    },
  ],
  WorkerNotStarted: [
    {
      file: 'core/control/prepare-workers.ts',
      reasons: {
        'Lambda starts nothing of a function': {
          names: ['tanker-us-export', 'us-east-1', 'TooManyRequestsException'],
          provoke: unwarmed,
        },
      },
    },
    {
      file: 'core/control/start-workers.ts',
      reasons: {
        'its Fargate task stopped': {
          names: ['export of deals at us/db1', 'CannotPullContainerError'],
          provoke: prepares('unpulled', async ({ table, now }, work) => {
            await dynamoWorkerRow({ table, work, recordDays: 90, now }).stopped('CannotPullContainerError');
            return {};
          }),
        },
        'its Fargate task does not come up': {
          names: ['export of deals at us/db1', `${WORKER_START_SECONDS + 60} s ago`],
          provoke: prepares('unseen-worker', async ({ clock }) => {
            const later = new Date(clock.time + (WORKER_START_SECONDS + 60) * 1000);
            return { now: () => later };
          }),
        },
      },
    },
    {
      file: 'lambdas/runtime/lambda-functions.ts',
      reasons: {
        'launch could not start a task': {
          names: ['us', 'no capacity'],
          provoke: launching('WorkerNotStarted', 'There is no capacity. Nobody works on it. Look there.'),
        },
        'launch failed': {
          names: ['us', 'launch failed with Runtime.Exit'],
          provoke: launching('Runtime.Exit', CANARY),
        },
      },
    },
    {
      file: 'lambdas/runtime/ecs-transfer-tasks.ts',
      reasons: {
        'ECS starts no task': {
          names: ['export of deals at us/db1', 'RESOURCE:CPU'],
          provoke() {
            const send = async () => ({ failures: [{ reason: 'RESOURCE:CPU' }] });
            return runTransferTask({ send } as never, FARGATE, LAUNCH, WORK);
          },
        },
      },
    },
  ],
  TaskCancelled: [
    {
      file: 'cli/verbs/cancel.ts',
      reasons: {
        'somebody cancels the task': { names: ['chris', 'ticket 4711'], provoke: cancelled },
      },
    },
  ],
  CommitPassed: [
    {
      file: 'cli/verbs/cancel.ts',
      reasons: {
        'a task that is done is to be cancelled': {
          names: ['"done-1"'],
          provoke: cancelling('done-1', ({ putTask }) => putTask(closedTask('done-1', 'migrated'))),
        },
      },
    },
    {
      file: 'cli/verbs/cancel.ts',
      reasons: {
        'a task that has committed is to be cancelled': {
          names: ['"committed-1"', '2026-03-01 10:00'],
          provoke: cancelling('committed-1', ({ putTask }) =>
            putTask(openTask('committed-1', { committed: { version: 1, at: '2026-03-01T10:00:06.000Z' } })),
          ),
        },
        'a task that can only go forward is to be cancelled': {
          names: ['"forward-1"', 'phase hooks'],
          provoke: cancelling('forward-1', ({ putTask }) =>
            putTask(openTask('forward-1', { phase: 'hooks' })),
          ),
        },
        ...Object.fromEntries(
          (['backup', 'restore', 'remove', 'cleanup'] as const).map((operation) => [
            `a ${operation} that is past its commit point is to be cancelled`,
            {
              names: [`"passed-${operation}"`],
              provoke: cancelling(`passed-${operation}`, ({ putTask }) =>
                putTask(
                  openTask(`passed-${operation}`, {
                    operation,
                    plan: plans[operation],
                    committed: { version: 1, at: '2026-03-01T10:00:06.000Z' },
                  }),
                ),
              ),
            },
          ]),
        ),
      },
    },
  ],
  RecoveryFailed: [
    {
      file: 'core/control/start-recovery.ts',
      reasons: {
        'its recoveries do not finish': { names: ['5 recoveries', '"hopeless-1"'], provoke: unrecovered },
      },
    },
  ],
});
