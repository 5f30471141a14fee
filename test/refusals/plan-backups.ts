import { DeleteCommand } from '@aws-sdk/lib-dynamodb';
import { keys, tableName } from '@tanker/contract/index.ts';
import { commitPlacement } from '../../core/control/commit-placement.ts';
import { dispatch } from '../../core/control/dispatch.ts';
import { lockTraffic } from '../../core/control/lock-traffic.ts';
import type { Actor, GoneBackup } from '../../core/ports.ts';
import { backup } from '../cli/records.ts';
import { type ControlWorld, TARGET } from '../control/control-world.ts';
import { verifiedMove } from '../control/finished-task.ts';
import { type At, plannedTask } from '../control/planned-task.ts';
import {
  again,
  asks,
  backedUp,
  commanded,
  company,
  copyKept,
  gone,
  owing,
  planned,
  restores,
  SLICE,
} from './asking.ts';
import { area } from './refusal.ts';
import { CANARY } from './sentences.ts';
import type { Worlds } from './worlds.ts';

const MANY_BYTES = { collections: [{ name: 'rows', rows: 1, bytes: 90_000_000 }] };
const ENDED = '2026-03-01T10:00:00.000Z';
const late = () => new Date('2026-04-01T10:00:00.000Z');

/** Leaves a backup in a state in which it can't be restored. */
const backupIn = (state: 'pending' | 'discarded' | 'expired') => async (world: ControlWorld, at: At) => {
  const record = backup(at.task, { company: at.company, expiresAt: '2026-03-31T10:00:00.000Z' });
  if (state !== 'discarded') await world.backups.begin({ ...record, state: 'pending' } as never);
  if (state === 'expired') await world.backups.makeAvailable(at.company, at.task);
  const over = { state, goneAt: '2026-03-31T10:03:00.000Z', objects: 1, uploads: 0, ttl: 2_000_000_000 };
  if (state !== 'pending') await world.backups.bury({ ...record, ...over } as GoneBackup);
};

/** A restore that was planned from the backup of its company's first task. */
async function restoring(world: ControlWorld, name: string): Promise<Actor> {
  const at = gone(world, name);
  await backedUp(world, { ...at, task: `${name}-1` });
  return plannedTask(world, { operation: 'restore', at, input: { backup: `${name}-1` } });
}

const importing = (actor: Actor, provider: string) => ({
  ...actor,
  phase: 'import' as const,
  action: 'import' as const,
  provider,
  location: TARGET,
  attempt: 1,
  token: `${CANARY}-token`,
});

/** The dispatch of an import of a restore after something has happened to the backup. */
const imports =
  (name: string, happened: (world: ControlWorld, actor: Actor) => Promise<object>) =>
  async ({ control }: Worlds): Promise<unknown> => {
    const world = await control();
    const actor = await restoring(world, name);
    const changes = await happened(world, actor);
    return dispatch({ ...world, ...changes }, importing(actor, 'contacts'));
  };

const forget = async (world: ControlWorld, { company: name }: Actor) => {
  await world.client.send(
    new DeleteCommand({ TableName: tableName(world.topology), Key: keys.backup(name, `${name}-1`) }),
  );
  return {};
};

/** A cleanup of what a task has left at the target. */
const cleans =
  (name: string, left: (world: ControlWorld, at: At) => Promise<unknown> = async () => undefined) =>
  async ({ control }: Worlds): Promise<never> => {
    const world = await control();
    const at = company(world, name);
    await left(world, at);
    return planned(world, { operation: 'cleanup', at: again(at), input: { at: { datacenter: 'eu' } } });
  };

export const BACKUPS = area({
  LockBudgetExceeded: [
    {
      file: 'core/control/lock-budget.ts',
      reasons: {
        'a move would lock for too long': {
          names: ['180000000 bytes', '60 s'],
          provoke: asks('heavy', {
            answers: (_, { datacenter }) => (datacenter === 'us' ? { summary: MANY_BYTES } : {}),
          }),
        },
        'a restore would lock for too long': {
          names: ['40000000000 bytes', '14400 s'],
          provoke: restores('heavy-kept', (world, at) =>
            backedUp(world, at, { providers: { deals: { ...SLICE, bytes: 40_000_000_000 } } }),
          ),
        },
      },
    },
    {
      file: 'core/control/commit-placement.ts',
      reasons: {
        'the commit comes too late': {
          names: ['"slow-1"'],
          async provoke({ control }) {
            const world = await control();
            const actor = await plannedTask(world, { at: company(world, 'slow') });
            const grant = await verifiedMove(world, actor);
            return commitPlacement({ ...world, now: late }, actor, grant);
          },
        },
      },
    },
  ],
  DebtOutstanding: [
    {
      file: 'core/control/checks.ts',
      reasons: {
        'an earlier task could not clean the target': {
          names: ['"owing-1"', 'deals at eu/db1', 'ProviderUnreachable'],
          async provoke({ control }) {
            const world = await control();
            const at = company(world, 'owing');
            await owing(world, at);
            return planned(world, { at: again(at) });
          },
        },
      },
    },
  ],
  BackupUnknown: [
    {
      file: 'core/control/plan-restore.ts',
      reasons: {
        'no task of that id has made one': {
          names: ['"unkept"', '"unkept-1"'],
          provoke: restores('unkept', async () => undefined),
        },
      },
    },
    {
      file: 'core/control/verify-restored.ts',
      reasons: {
        'its record is gone in the middle of a restore': {
          names: ['"forgetful-1"', '"forgetful"'],
          provoke: imports('forgetful', forget),
        },
      },
    },
    {
      file: 'cli/verbs/restore.ts',
      reasons: {
        'the latest one is asked for and there is none': {
          names: ['"unkept"'],
          provoke: async ({ cli }) =>
            commanded(await cli(), 'restore', 'unkept', '--backup', 'latest', '--to', 'eu'),
        },
      },
    },
  ],
  BackupUnusable: [
    {
      file: 'core/control/plan-restore.ts',
      reasons: {
        'its task has not passed its commit point': {
          names: ['"unready-1"', 'pending'],
          provoke: restores('unready', backupIn('pending')),
        },
        'its task was undone': {
          names: ['"discarded-1"', 'discarded'],
          provoke: restores('discarded', backupIn('discarded')),
        },
      },
    },
    {
      file: 'core/control/agent-event.ts',
      reasons: {
        'it holds nothing of a provider that is to be imported': {
          names: ['"partial-1"', 'mails'],
          async provoke({ control }) {
            const world = await control();
            const actor = await restoring(world, 'partial');
            const { plan } = (await world.tasks.get(actor.task)) ?? {};
            const [first] = plan?.providers ?? [];
            if (!plan || !first) throw new Error('no plan');
            const mails = { ...plan, providers: [...plan.providers, { ...first, name: 'mails' }] };
            await world.tasks.advance(actor, { plan: mails } as never);
            return dispatch(world, importing(actor, 'mails'));
          },
        },
      },
    },
  ],
  BackupExpired: [
    {
      file: 'core/control/plan-restore.ts',
      reasons: {
        'it would expire while it is restored': {
          names: ['"ending-1"', '2026-03-01T10:05:00.000Z'],
          provoke: restores('ending', (world, at) =>
            backedUp(world, at, { expiresAt: '2026-03-01T10:05:00.000Z' }),
          ),
        },
        'it was deleted': {
          names: ['"ended-1"', '2026-03-31T10:03:00.000Z', '2026-03-31T10:00:00.000Z'],
          provoke: restores('ended', backupIn('expired')),
        },
      },
    },
    {
      file: 'core/control/verify-restored.ts',
      reasons: {
        'its hour comes in the middle of a restore': {
          names: ['"overdue-1"', '2026-03-31T10:00:00.000Z'],
          provoke: imports('overdue', async () => ({ now: late })),
        },
        'it is ended before the restore commits': {
          names: ['"ended-early-1"', '2026-03-01T10:00:00.000Z'],
          async provoke({ control }) {
            const world = await control();
            const actor = await restoring(world, 'ended-early');
            const { grant } = await lockTraffic(world, actor);
            await world.tasks.advance(actor, { verified: { epoch: actor.epoch, at: ENDED, rows: 0 } });
            await world.backups.endBy(actor.company, 'ended-early-1', ENDED);
            return commitPlacement(world, actor, grant);
          },
        },
      },
    },
  ],
  GraceNotOver: [
    {
      file: 'core/control/plan-cleanup.ts',
      reasons: {
        'the copy of a move is to be kept for some days': {
          names: ['"graceful-1"', 'eu/db1', '2026-03-08'],
          provoke: cleans('graceful', copyKept),
        },
      },
    },
  ],
  NothingToClean: [
    {
      file: 'core/control/plan-cleanup.ts',
      reasons: {
        'nothing was ever left there': { names: ['"tidy"', 'eu/db1'], provoke: cleans('tidy') },
        'the copy was given up before': {
          names: ['"cleaned"', 'eu/db1'],
          provoke: cleans('cleaned', async (world, at) =>
            world.fallbacks.giveUp(await copyKept(world, at), { task: 'cleaned-0', epoch: 9 }),
          ),
        },
      },
    },
  ],
});
