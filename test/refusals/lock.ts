import type { Hono } from 'hono';
import { commitBackup } from '../../core/control/commit-backup.ts';
import { commitCleanup } from '../../core/control/commit-cleanup.ts';
import { verifyFallback } from '../../core/control/verify-fallback.ts';
import type { Actor } from '../../core/ports.ts';
import { gatewayApi } from '../../examples/gateway/api.ts';
import { AuthorityStore, type Change } from '../../examples/gateway/authority-store.ts';
import { Traffic } from '../../examples/gateway/traffic.ts';
import { type ControlWorld, SOURCE, TARGET } from '../control/control-world.ts';
import { verifiedSlice } from '../control/finished-task.ts';
import { openedTask, plannedTask, planOf } from '../control/planned-task.ts';
import { OPERATOR, READER } from '../gateway/gateway-process.ts';
import { again, company, copyKept, moveHome, planned } from './asking.ts';
import { plannedCleanup, verifiedCleanup } from './cleanups.ts';
import { area } from './refusal.ts';
import { problemOf } from './told.ts';

/** Traffic that never becomes quiet, and says so at once. */
class Busy extends Traffic {
  override count = () => 2;
  override quiet = async () => false;
}

const ROUTES = { 'us/db1': 'http://127.0.0.1:9' };

/** The gateway's API on a store, without a server. */
export function apiOn(store: AuthorityStore, traffic = new Traffic()): Hono {
  const config = { port: 0, database: '', operatorToken: OPERATOR, readerToken: READER, routes: ROUTES };
  return gatewayApi({ store, traffic, config, onDefect: () => undefined });
}

/** A lock that waits in vain for requests in flight. */
async function unquiet(): Promise<never> {
  const store = new AuthorityStore(':memory:');
  store.signUp('crowded', SOURCE);
  const claimant = { task: 'crowded-1', epoch: 1, holder: 'crowded-1/crowded-1' };
  store.claim('crowded', claimant);
  const answer = await apiOn(store, new Busy()).request('/tanker/v1/companies/crowded/lock', {
    method: 'POST',
    headers: { authorization: `Bearer ${OPERATOR}`, 'content-type': 'application/json' },
    body: JSON.stringify({ ...claimant, leaseSeconds: 60 }),
  });
  store.close();
  return problemOf(answer);
}

/** A company that a task has claimed and locked at the gateway. */
function locked(world: ControlWorld, name: string) {
  const { task } = company(world, name);
  const claimant = { task, epoch: 1, holder: `${task}/${task}` };
  world.store.claim(name, claimant);
  return { claimant, ...world.store.lock(name, claimant, 60) };
}

const commitOf = (grant: number, version = 0) => ({
  grant,
  version,
  from: { state: 'home' as const, location: SOURCE },
  to: { state: 'home' as const, location: TARGET },
});

/** A backup whose lease ends before its commit. */
async function expired(world: ControlWorld): Promise<unknown> {
  const actor = await plannedTask(world, { operation: 'backup', at: company(world, 'lapsed') });
  const grant = await verifiedSlice(world, actor, 'open');
  world.store.endDueLeases('9999-01-01T00:00:00.000Z');
  return commitBackup(world, actor, grant);
}

/** Asks for a backup whose company moves before its plan is fixed. */
async function movedMeanwhile(world: ControlWorld): Promise<unknown> {
  const at = company(world, 'moving');
  await openedTask(world, { operation: 'backup', at: again(at) });
  moveHome(world, at, { state: 'home', location: TARGET });
  return (await planOf(world, again(at))).refusal;
}

/** An authority that tells another version than it has. */
const otherVersion = (world: ControlWorld, version: number) => ({
  ...world.authority,
  read: async (name: string) => ({ ...(await world.authority.read(name)), version }),
  async claim(actor: Actor) {
    const claimed = await world.authority.claim(actor);
    return { ...claimed, record: { ...claimed.record, version } };
  },
});

export const LOCK = area({
  LockRefused: [
    {
      file: 'examples/gateway/refusals.ts',
      reasons: {
        'an epoch that was unlocked locks again': {
          names: ['Epoch 1', 'unlocked'],
          async provoke({ control }) {
            const world = await control();
            const { claimant } = locked(world, 'unlocked');
            world.store.unlock('unlocked', claimant);
            world.store.lock('unlocked', claimant, 60);
          },
        },
      },
    },
  ],
  TrafficNotQuiet: [
    {
      file: 'examples/gateway/refusals.ts',
      reasons: {
        'requests stay in flight': { names: ['2 request(s)', 'crowded', '10 s'], provoke: unquiet },
      },
    },
  ],
  GrantBroken: [
    {
      file: 'examples/gateway/refusals.ts',
      reasons: {
        'the lease ended before the commit': {
          names: ['Grant 1', 'leased'],
          async provoke({ control }) {
            const world = await control();
            const { claimant, grant } = locked(world, 'leased');
            world.store.endDueLeases('9999-01-01T00:00:00.000Z');
            world.store.commit('leased', claimant, commitOf(grant.grant));
          },
        },
        'the company was never locked': {
          names: ['never-locked was never locked', 'grant 4'],
          async provoke({ control }) {
            const world = await control();
            const { task } = company(world, 'never-locked');
            const claimant = { task, epoch: 1, holder: `${task}/${task}` };
            world.store.claim('never-locked', claimant);
            world.store.commit('never-locked', claimant, commitOf(4));
          },
        },
      },
    },
    {
      file: 'core/control/commit-backup.ts',
      reasons: {
        'the lease ended before a backup was complete': {
          names: ['"lapsed-1"', 'grant 1'],
          provoke: async ({ control }) => expired(await control()),
        },
      },
    },
  ],
  PlacementChanged: [
    {
      file: 'examples/gateway/refusals.ts',
      reasons: {
        'another task has moved the company since': {
          names: ['elsewhere', 'us/db1', 'version 0'],
          async provoke({ control }) {
            const world = await control();
            moveHome(world, company(world, 'elsewhere'), { state: 'home', location: TARGET });
            const claimant = { task: 'elsewhere-2', epoch: 2, holder: 'elsewhere-2/elsewhere-2' };
            world.store.claim('elsewhere', claimant);
            const { grant } = world.store.lock('elsewhere', claimant, 60);
            world.store.commit('elsewhere', claimant, commitOf(grant.grant));
          },
        },
        "the gateway's store was set back": {
          names: ['forgotten', 'us/db1', 'version 3'],
          async provoke({ control }) {
            const world = await control();
            const { claimant, grant } = locked(world, 'forgotten');
            world.store.commit('forgotten', claimant, commitOf(grant.grant, 3));
          },
        },
        'a commit names a home where the company never was': {
          names: ['mistaken', 'eu/db1', 'version 0'],
          async provoke({ control }) {
            const world = await control();
            const { claimant, grant } = locked(world, 'mistaken');
            const [from, to] = [TARGET, SOURCE].map((location) => ({ state: 'home' as const, location }));
            world.store.commit('mistaken', claimant, { ...commitOf(grant.grant), from, to } as Change);
          },
        },
      },
    },
    {
      file: 'examples/gateway/refusals.ts',
      reasons: {
        'a company signs up under an id that is taken': {
          names: ['twice'],
          async provoke({ control }) {
            const { store } = await control();
            store.signUp('twice', SOURCE);
            store.signUp('twice', TARGET);
          },
        },
      },
    },
    {
      file: 'core/control/plan-task.ts',
      reasons: {
        'the company moves while the plan asks': {
          names: ['contacts at eu/db1', '"moving"'],
          provoke: async ({ control }) => movedMeanwhile(await control()),
        },
      },
    },
    {
      file: 'core/control/plan-task.ts',
      reasons: {
        'the company moves right before the plan claims it': {
          names: ['"jumping"', 'version 0', '7'],
          async provoke({ control }) {
            const world = await control();
            const { opened: _, ...at } = await openedTask(world, { at: company(world, 'jumping') });
            const claim = otherVersion(world, 7).claim;
            await planOf(world, at, { authority: { ...world.authority, claim } });
          },
        },
      },
    },
    {
      file: 'core/control/commit-cleanup.ts',
      reasons: {
        'the version is another one when a cleanup commits': {
          names: ['version 1', '9', 'eu/db1'],
          async provoke({ control }) {
            const world = await control();
            const actor = await verifiedCleanup(world, 'reversed');
            await commitCleanup({ ...world, authority: otherVersion(world, 9) }, actor);
          },
        },
      },
    },
    {
      file: 'core/control/plan-cleanup.ts',
      reasons: {
        'the copy is of a version above the authority’s': {
          names: ['eu/db1', 'version 5', '0'],
          async provoke({ control }) {
            const world = await control();
            const at = company(world, 'set-back');
            await copyKept(world, at, { version: 5 });
            const input = { at: { datacenter: 'eu' }, early: true };
            return planned(world, { operation: 'cleanup', at: again(at), input });
          },
        },
      },
    },
    {
      file: 'core/control/verify-fallback.ts',
      reasons: {
        'another task gave the copy up before the cleanup verified it': {
          names: ['"given-up"', 'us/db1'],
          async provoke({ control }) {
            const world = await control();
            const actor = await plannedCleanup(world, 'given-up');
            const kept = await world.fallbacks.get('given-up', SOURCE);
            if (!kept) throw new Error('no copy');
            await world.fallbacks.giveUp(kept, { task: 'given-up-9', epoch: 9 });
            await verifyFallback(world, actor);
          },
        },
        'no record of the copy is there': {
          names: ['"unrecorded"', 'us/db1'],
          async provoke({ control }) {
            const world = await control();
            const actor = await plannedCleanup(world, 'unrecorded');
            await verifyFallback({ ...world, fallbacks: { get: async () => undefined } }, actor);
          },
        },
      },
    },
    {
      file: 'lambdas/runtime/dynamo-company-records.ts',
      reasons: {
        'another task has given the copy up': {
          names: ['"doubled"', 'eu/db1', '"doubled-1"'],
          async provoke({ control }) {
            const world = await control();
            const kept = await copyKept(world, company(world, 'doubled'));
            await world.fallbacks.giveUp(kept, { task: 'doubled-2', epoch: 2 });
            await world.fallbacks.giveUp(kept, { task: 'doubled-3', epoch: 3 });
          },
        },
        'a later move has left another copy there': {
          names: ['"returned"', 'eu/db1', '"returned-1"', 'version 0'],
          async provoke({ control }) {
            const world = await control();
            const at = company(world, 'returned');
            const kept = await copyKept(world, at);
            await copyKept(world, again(at), { version: 4 });
            await world.fallbacks.giveUp(kept, { task: 'returned-3', epoch: 3 });
          },
        },
        'no copy is on record': {
          names: ['"bare"', 'us/db1'],
          async provoke({ control }) {
            const world = await control();
            const kept = await copyKept(world, company(world, 'bare'));
            await world.fallbacks.giveUp({ ...kept, location: SOURCE }, { task: 'bare-2', epoch: 2 });
          },
        },
      },
    },
  ],
});
