import type { CollectionDigest } from '@tanker/contract/index.ts';
import { erase } from '../../core/agent/erase.ts';
import { closeTask } from '../../core/control/close-task.ts';
import { commitPlacement } from '../../core/control/commit-placement.ts';
import { digestsSha256 } from '../../core/control/slices.ts';
import { verifyFallback } from '../../core/control/verify-fallback.ts';
import { verifySource } from '../../core/control/verify-source.ts';
import { verifyTarget } from '../../core/control/verify-target.ts';
import type { Actor } from '../../core/ports.ts';
import { agentWorld, eventOf, recordOf, THERE } from '../agent/agent-world.ts';
import {
  type ControlWorld,
  importResult,
  SOURCE,
  sealResult,
  settle,
  TARGET,
} from '../control/control-world.ts';
import { committedRemoval, lookedAt } from '../control/finished-task.ts';
import { exported, imported, plannedTask, readAgain } from '../control/planned-task.ts';
import { backedUp, company, gone, planned, SLICE } from './asking.ts';
import { plannedCleanup } from './cleanups.ts';
import { notErased } from './machines.ts';
import { area } from './refusal.ts';
import type { Worlds } from './worlds.ts';

const DEALS = { provider: 'deals', location: SOURCE };
const OTHER = [{ name: 'rows', digest: { rows: 2, sum: 'b'.repeat(32) } }];

/** A move of which every provider has done its part, and then the verification of what else has happened. */
const movesOf =
  (name: string, happened: (world: ControlWorld, actor: Actor) => Promise<void>) =>
  async ({ control }: Worlds): Promise<unknown> => {
    const world = await control();
    const actor = await plannedTask(world, { at: company(world, name) });
    await exported(world, actor);
    await imported(world, actor);
    await readAgain(world, actor, 'verify');
    await happened(world, actor);
    return verifyTarget(world, actor);
  };

const moved = { action: 'drain' as const, watermark: '8', polls: 2 };
const movedOn = (world: ControlWorld, actor: Actor) =>
  settle(world, actor, { phase: 'verify', ...DEALS }, moved);

/** A removal whose exports were made, and then the second look at home after what else has happened. */
const looksOf =
  (name: string, again: boolean, happened: (world: ControlWorld, actor: Actor) => Promise<void>) =>
  async ({ control }: Worlds): Promise<unknown> => {
    const world = await control();
    const actor = await plannedTask(world, { operation: 'remove', at: company(world, name) });
    await exported(world, actor);
    if (again) await readAgain(world, actor, 'verify');
    await happened(world, actor);
    return verifySource(world, actor);
  };

const nothing = async (): Promise<void> => undefined;

/** A cleanup at whose location seals and drains were made as these say. */
const cleansOf =
  (name: string, happened: (world: ControlWorld, actor: Actor) => Promise<void>) =>
  async ({ control }: Worlds): Promise<unknown> => {
    const world = await control();
    const actor = await plannedCleanup(world, name);
    await happened(world, actor);
    return verifyFallback(world, actor);
  };

const sealed = (world: ControlWorld, actor: Actor, changes: object = {}, location = SOURCE) =>
  settle(world, actor, { phase: 'verify', provider: 'contacts', location }, sealResult(changes));

const CONTACTS = { ...SLICE, sha256: '0'.repeat(64), rows: 3 };

/** A restore of a backup that holds contacts alone, and what its import has left. */
const restoresOf =
  (name: string, happened: (world: ControlWorld, actor: Actor) => Promise<void>) =>
  async ({ control }: Worlds): Promise<unknown> => {
    const world = await control();
    const at = gone(world, name);
    await backedUp(world, { ...at, task: `${name}-1` }, { providers: { contacts: CONTACTS } });
    const actor = await plannedTask(world, { operation: 'restore', at, input: { backup: `${name}-1` } });
    await happened(world, actor);
    return verifyTarget(world, actor);
  };

const AT_TARGET = { provider: 'contacts', location: TARGET };
const sealedThere = (world: ControlWorld, actor: Actor, provider = 'contacts', changes: object = {}) =>
  settle(world, actor, { phase: 'verify', provider, location: TARGET }, sealResult(changes));
const importedThere = (world: ControlWorld, actor: Actor, changes: object = {}) =>
  settle(world, actor, { phase: 'import', ...AT_TARGET }, importResult(changes));

export const VERIFICATION = area({
  VerificationFailed: [
    {
      file: 'core/control/commit-placement.ts',
      reasons: {
        'a commit comes before the verification': {
          names: ['"hasty-1"', 'epoch 1'],
          async provoke({ control }) {
            const world = await control();
            await commitPlacement(world, await plannedTask(world, { at: company(world, 'hasty') }), 1);
          },
        },
      },
    },
    {
      file: 'core/control/verify-source.ts',
      reasons: {
        'home was not looked at again': {
          names: ['contacts at us/db1', 'epoch 1'],
          provoke: looksOf('unseen', false, nothing),
        },
      },
    },
    {
      file: 'core/control/verify-target.ts',
      reasons: {
        'a provider has not done its part': {
          names: ['contacts', 'epoch 1'],
          async provoke({ control }) {
            const world = await control();
            await verifyTarget(world, await plannedTask(world, { at: company(world, 'idle') }));
          },
        },
      },
    },
    {
      file: 'core/control/verify-target.ts',
      reasons: {
        'the digests of source and target differ': {
          names: ['contacts', 'rows', '3 rows exported'],
          provoke: movesOf('differing', (world, actor) =>
            sealedThere(world, actor, 'contacts', { collections: OTHER }),
          ),
        },
        'the numbers of rows differ': {
          names: ['contacts', 'its number of rows', '2 imported'],
          provoke: movesOf('uneven', (world, actor) => importedThere(world, actor, { rows: 2 })),
        },
      },
    },
    {
      file: 'core/control/verify-fallback.ts',
      reasons: {
        'the copy was not sealed': {
          names: ['contacts at us/db1', 'seal', 'epoch 2'],
          provoke: cleansOf('unsealed', nothing),
        },
        'the copy was not drained': {
          names: ['contacts at us/db1', 'drain', 'epoch 2'],
          provoke: cleansOf('undrained', sealed),
        },
      },
    },
    {
      file: 'core/control/verify-restored.ts',
      reasons: {
        'the target was not sealed': {
          names: ['contacts at eu/db1', 'seal', 'epoch 2'],
          provoke: restoresOf('open-kept', nothing),
        },
        'nothing was imported': {
          names: ['contacts at eu/db1', 'import', 'epoch 2'],
          provoke: restoresOf('blank-kept', sealedThere),
        },
        'another manifest was imported': {
          names: ['contacts at eu/db1', 'manifest'],
          provoke: restoresOf('mixed-kept', async (world, actor) => {
            await sealedThere(world, actor);
            await importedThere(world, actor, { manifestSha256: 'f'.repeat(64) });
          }),
        },
        'rows or digests differ': {
          names: ['contacts at eu/db1', '3 rows there'],
          provoke: restoresOf('other-kept', async (world, actor) => {
            await sealedThere(world, actor);
            await importedThere(world, actor);
          }),
        },
        'a provider has rows of which the backup has none': {
          names: ['deals at eu/db1', '3 row(s)'],
          async provoke(worlds) {
            const { collections } = sealResult() as unknown as { collections: CollectionDigest[] };
            const contacts = { ...CONTACTS, digests: digestsSha256(collections) };
            const world = await worlds.control();
            const at = gone(world, 'more-kept');
            await backedUp(world, { ...at, task: 'more-kept-1' }, { providers: { contacts } });
            const input = { backup: 'more-kept-1' };
            const actor = await plannedTask(world, { operation: 'restore', at, input });
            await importedThere(world, actor);
            await sealedThere(world, actor);
            await sealedThere(world, actor, 'deals');
            return verifyTarget(world, actor);
          },
        },
      },
    },
  ],
  SourceChanged: [
    {
      file: 'core/control/verify-source.ts',
      reasons: {
        'somebody wrote at home after its export': {
          names: ['deals at us/db1', 'watermark'],
          provoke: looksOf('written', true, movedOn),
        },
      },
    },
    {
      file: 'core/control/verify-target.ts',
      reasons: {
        'somebody wrote at the source after its export': {
          names: ['deals', 'watermark'],
          provoke: movesOf('written-too', movedOn),
        },
      },
    },
  ],
  FallbackChanged: [
    {
      file: 'core/control/verify-fallback.ts',
      reasons: {
        'somebody wrote there since the move': {
          names: ['contacts at us/db1'],
          provoke: cleansOf('touched', async (world, actor) => {
            await lookedAt(world, actor, SOURCE);
            await sealed(world, actor, { collections: OTHER });
          }),
        },
        'a provider that had no part in the move holds rows': {
          names: ['mails at us/db1', '3 row(s)'],
          async provoke({ control }) {
            const world = await control();
            const actor = await plannedCleanup(world, 'extended');
            const { plan } = (await world.tasks.get(actor.task)) ?? {};
            const [first] = plan?.providers ?? [];
            if (!plan || !first) throw new Error('no plan');
            const mails = { ...plan, providers: [...plan.providers, { ...first, name: 'mails' }] };
            await world.tasks.advance(actor, { plan: mails } as never);
            await lookedAt(world, actor, SOURCE);
            const at = { phase: 'verify' as const, provider: 'mails', location: SOURCE };
            await settle(world, actor, at, sealResult());
            await settle(world, actor, at, moved);
            await verifyFallback(world, actor);
          },
        },
      },
    },
  ],
  HomeProtected: [
    {
      file: 'core/agent/authority.ts',
      reasons: {
        'an agent is to erase at home': {
          names: ['eu/db1', 'company acme'],
          async provoke() {
            const world = agentWorld([], recordOf({ home: { state: 'home', location: THERE } }));
            await world.run(erase, eventOf('erase', { location: THERE }));
          },
        },
      },
    },
    {
      file: 'core/control/plan-cleanup.ts',
      reasons: {
        'a cleanup of home is asked for': {
          names: ['"cosy"', 'us/db1'],
          async provoke({ control }) {
            const world = await control();
            return planned(world, { operation: 'cleanup', at: company(world, 'cosy') });
          },
        },
      },
    },
  ],
  EraseIncomplete: [
    {
      file: 'core/agent/erase.ts',
      reasons: {
        'a provider has rows left': {
          names: ['contacts at eu/db1', '4 rows', '2 rows of staging'],
          async provoke() {
            const world = agentWorld();
            world.provider.left = { rows: 4, staging: 2 };
            await world.run(erase, eventOf('erase', { location: THERE }));
          },
        },
      },
    },
    {
      file: 'core/control/settle-removal.ts',
      reasons: {
        'a removal is to be closed before its erases': {
          names: ['"sticky-1"', 'contacts at us/db1'],
          async provoke({ control }) {
            const world = await control();
            const actor = await committedRemoval(world, { at: company(world, 'sticky') });
            await closeTask(world, actor, { outcome: 'removed', reason: null, reported: [] });
          },
        },
      },
    },
    notErased,
  ],
});
