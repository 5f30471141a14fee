import { Readable } from 'node:stream';
import { formatHolder } from '@tanker/contract/index.ts';
import { erase } from '../../core/agent/erase.ts';
import type { Procedure } from '../../core/agent/procedure.ts';
import { commitCleanup } from '../../core/control/commit-cleanup.ts';
import { dispatch } from '../../core/control/dispatch.ts';
import { endWorkers } from '../../core/control/end-workers.ts';
import { lockTraffic } from '../../core/control/lock-traffic.ts';
import { checkFree } from '../../core/control/open-task.ts';
import { dynamoWorkerSubtask } from '../../lambdas/runtime/dynamo-worker-subtask.ts';
import { agentWorld, eventOf, recordOf, workerWorld } from '../agent/agent-world.ts';
import { closedTask } from '../cli/records.ts';
import { SOURCE } from '../control/control-world.ts';
import { plannedTask, recoveryOf } from '../control/planned-task.ts';
import { ManualClock, rest } from '../support/manual-clock.ts';
import { again, commanded, company } from './asking.ts';
import { verifiedCleanup } from './cleanups.ts';
import { takenOver } from './machines.ts';
import { callAt } from './provider-calls.ts';
import { area } from './refusal.ts';
import { CANARY } from './sentences.ts';
import { session } from './transfers.ts';
import type { Worlds } from './worlds.ts';

/** Works until it is stopped. */
export const endless: Procedure<'export'> = ({ signal }) =>
  new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason));
  });

/** A worker whose state machine waits no longer: what its row is told. */
async function unawaited(): Promise<unknown> {
  const { start, row, token } = workerWorld(new ManualClock());
  token.settled = true;
  await start(endless, eventOf('export'));
  await rest();
  return { error: row.error, cause: row.cause };
}

/** A call to the provider for files by the newest task, and then by this one. */
const fencing =
  (name: string, late: { epoch?: number; holder?: string; incarnation?: string }) =>
  async ({ files }: Worlds): Promise<void> => {
    const { implementation } = await files();
    await implementation.fence(await callAt(implementation, name, { epoch: 5 }));
    await implementation.fence(await callAt(implementation, name, late));
  };

/** A part that is being received when a newer task comes. */
async function interrupted(worlds: Worlds): Promise<unknown> {
  const { implementation, call, id } = await session(worlds, 'interrupted');
  const { promise: started, resolve } = Promise.withResolvers<void>();
  const body = new Readable({ read: () => resolve() });
  const receiving = implementation.importPart(call, { session: id, part: 0 }, body);
  // It is heard below, whenever it fails.
  receiving.catch(() => undefined);
  await started;
  await implementation.fence(await callAt(implementation, 'interrupted', { epoch: 2 }));
  return receiving;
}

/** What stands in the row of a worker whose task a recovery has taken over. */
async function endedWorker({ control }: Worlds): Promise<unknown> {
  const world = await control();
  const actor = await plannedTask(world, { at: company(world, 'relieved') });
  const at = { provider: 'contacts', location: SOURCE, attempt: 1, token: `${CANARY}-token` };
  await dispatch(world, { ...actor, phase: 'drain', action: 'drain', ...at });
  await endWorkers(world, await recoveryOf(world, actor));
  const [row] = await world.subtasks.list(actor.task);
  return row;
}

export const FENCES = area({
  CompanyBusy: [
    {
      file: 'core/control/open-task.ts',
      reasons: {
        'another task holds the company when this one is opened': {
          names: ['"busy"', '"busy-1"'],
          async provoke({ control }) {
            const world = await control();
            const { task } = await plannedTask(world, { at: company(world, 'busy') });
            await checkFree(world, 'busy', again({ company: 'busy', task }).task);
          },
        },
      },
    },
    {
      file: 'lambdas/runtime/dynamo-claims.ts',
      reasons: {
        'another task takes the company at the same instant': {
          names: ['"rushed"', '"rushed-1"'],
          async provoke({ control }) {
            const { claims } = await control();
            const order = { company: 'rushed', reported: 0 };
            await claims.take({ ...order, task: 'rushed-1', holder: 'rushed-1/rushed-1' });
            await claims.take({ ...order, task: 'rushed-2', holder: 'rushed-2/rushed-2' });
          },
        },
      },
    },
    {
      file: 'lambdas/runtime/dynamo-claims.ts',
      reasons: {
        'another task has held the company since this one was opened': {
          names: ['"outrun"'],
          async provoke({ control }) {
            const { claims } = await control();
            const order = { company: 'outrun', reported: 0 };
            await claims.take({ ...order, task: 'outrun-1', holder: 'outrun-1/outrun-1' });
            await claims.release('outrun', 'outrun-1');
            await claims.take({ ...order, task: 'outrun-2', holder: 'outrun-2/outrun-2', seen: 0 });
          },
        },
      },
    },
  ],
  EpochStale: [
    {
      file: 'examples/gateway/refusals.ts',
      reasons: {
        'the gateway has seen a newer claim': {
          names: ['Epoch 1 of late-1/late-1', 'late'],
          async provoke({ control }) {
            const { store, ...world } = await control();
            const { task } = company({ store, ...world }, 'late');
            const holder = formatHolder(task, task);
            store.claim('late', { task: 'late-2', epoch: 2, holder: 'late-2/late-2' });
            store.claim('late', { task, epoch: 1, holder });
          },
        },
      },
    },
    {
      file: 'providers/refusals.ts',
      reasons: {
        'a provider has seen a newer epoch': {
          names: ['Epoch 4 of company overtaken', 'documents at eu/db1', 'epoch 5'],
          provoke: fencing('overtaken', { epoch: 4 }),
        },
        'a newer epoch comes while a provider still works on a call': {
          names: ['Epoch 1 of company interrupted', 'documents at eu/db1', 'epoch 2'],
          provoke: interrupted,
        },
      },
    },
    {
      file: 'providers/refusals.ts',
      reasons: {
        'a provider has seen another holder of the epoch': {
          names: ['Epoch 5 of company twofold', 'documents at eu/db1', 'twofold-2/twofold-2'],
          provoke: fencing('twofold', { epoch: 5, holder: 'twofold-2/twofold-2' }),
        },
      },
    },
    {
      file: 'core/agent/authority.ts',
      reasons: {
        'an agent is to erase, and the authority has seen a newer claim': {
          names: ['9 of move-2/move-2', '3 of move-1/move-1'],
          async provoke() {
            const world = agentWorld([], recordOf({ epoch: 9, holder: 'move-2/move-2' }));
            await world.run(erase, eventOf('erase'));
          },
        },
      },
    },
    {
      file: 'core/control/commit-cleanup.ts',
      reasons: {
        'a cleanup commits, and the authority has seen a newer claim': {
          names: ['of recovery/r', 'of outdated-2/outdated-2'],
          async provoke({ control }) {
            const world = await control();
            const actor = await verifiedCleanup(world, 'outdated');
            const newer = { task: 'recovery', epoch: actor.epoch + 1, holder: 'recovery/r' };
            world.store.claim(actor.company, newer);
            await commitCleanup(world, actor);
          },
        },
      },
    },
  ],
  IncarnationChanged: [
    {
      file: 'providers/refusals.ts',
      reasons: {
        'a provider was restored since the plan': {
          names: ['documents at eu/db1', 'company reborn', 'incarnation'],
          provoke: fencing('reborn', { epoch: 5, incarnation: 'another' }),
        },
      },
    },
  ],
  SubtaskSuperseded: [
    {
      file: 'core/agent/worker-failures.ts',
      reasons: {
        'the state machine waits no longer': { names: ['export of contacts at us/db1'], provoke: unawaited },
      },
    },
    {
      file: 'lambdas/runtime/dynamo-subtasks.ts',
      reasons: {
        'a higher attempt is on record': {
          names: ['export of contacts at us/db1', 'attempt above 1'],
          async provoke({ control }) {
            const world = await control();
            const actor = await plannedTask(world, { at: company(world, 'retried') });
            const event = { ...actor, phase: 'export' as const, action: 'export' as const, grant: 1 };
            const at = { provider: 'contacts', location: SOURCE, token: `${CANARY}-token` };
            await dispatch(world, { ...event, ...at, attempt: 2 });
            await dispatch(world, { ...event, ...at, attempt: 1 });
          },
        },
      },
    },
    {
      file: 'lambdas/runtime/dynamo-worker-subtask.ts',
      reasons: {
        'another worker has the row': {
          names: ['attempt 1', 'worker w1'],
          async provoke({ control }) {
            const { client } = await control();
            const key = { pk: 'task#nobody-1', sk: 'subtask#export' };
            const row = { client, table: 'tanker', key, attempt: 1, worker: 'w1', recordDays: 1 };
            await dynamoWorkerSubtask(row).begin();
          },
        },
      },
    },
  ],
  TaskClosed: [
    {
      file: 'core/control/records.ts',
      reasons: {
        'a recovery has the task': {
          names: ['"recovered-1"'],
          async provoke({ control }) {
            const world = await control();
            const actor = await plannedTask(world, { at: company(world, 'recovered') });
            await recoveryOf(world, actor);
            await lockTraffic(world, actor);
          },
        },
      },
    },
    {
      file: 'core/control/end-workers.ts',
      reasons: {
        'a worker of an earlier epoch is under way when a recovery begins': {
          names: ['"relieved-1"', 'epoch 2'],
          provoke: endedWorker,
        },
      },
    },
    {
      file: 'cli/verbs/cancel.ts',
      reasons: {
        'a task that was undone is to be cancelled': {
          names: ['"undone-1"'],
          async provoke({ cli }) {
            const world = await cli();
            await world.putTask(closedTask('undone-1', 'undone'));
            return commanded(world, 'cancel', 'undone-1', '--reason', 'law');
          },
        },
      },
    },
    ...takenOver,
  ],
});
