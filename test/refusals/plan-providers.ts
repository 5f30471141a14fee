import type { Location, SubtaskStatus } from '@tanker/contract/index.ts';
import { exportPart } from '../../core/transfer/export-part.ts';
import { providerOf } from '../../lambdas/runtime/topology.ts';
import { type ControlWorld, testTopology } from '../control/control-world.ts';
import { type At, openedTask, planOf } from '../control/planned-task.ts';
import { json } from '../runtime/http-world.ts';
import { MemoryExports } from '../support/memory-exports.ts';
import { again, asks, backedUp, company, owing, planned, restores, SLICE } from './asking.ts';
import { httpContacts, unending } from './http.ts';
import { area } from './refusal.ts';
import { breakingOff, KEY } from './transfers.ts';
import type { Worlds } from './worlds.ts';

/** What the plan says when its providers could not be asked. */
const unasked =
  (name: string, failure: Pick<SubtaskStatus, 'error' | 'cause'>) =>
  async ({ control }: Worlds): Promise<unknown> => {
    const world = await control();
    const { opened, ...at } = await openedTask(world, { at: company(world, name) });
    const describes = opened.checks.map((check) => ({ ...check, ...failure, status: 'failed' as const }));
    return (await planOf(world, at, {}, describes)).refusal;
  };

/** An export of a part that the provider breaks off. */
const brokenPart = () =>
  exportPart({
    exports: new MemoryExports(),
    key: KEY,
    retention: 'transfer',
    open: async () => breakingOff(),
    confirm: async () => undefined,
    onStored: () => undefined,
    signal: new AbortController().signal,
  });

const inCircle = (provider: string, location: Location) =>
  provider === 'contacts' && location.datacenter === 'us' ? { describe: { importAfter: ['deals'] } } : {};

/** A location where a provider owes that the topology no longer has. */
async function owedByGone({ control }: Worlds): Promise<never> {
  const world = await control();
  const at = company(world, 'owed-by-gone');
  await owing(world, at, 'mails');
  return planned(world, { operation: 'cleanup', at: again(at), input: { at: { datacenter: 'eu' } } });
}

/** Leaves a backup that holds rows of a provider that the topology does not have. */
const mailsKept = (world: ControlWorld, at: At) =>
  backedUp(world, at, {
    providers: { mails: { ...SLICE, rows: 5, format: { name: 'mbox', version: 2 } } },
  });

export const PROVIDERS = area({
  ProviderUnreachable: [
    {
      file: 'core/control/plan-task.ts',
      reasons: {
        'it did not answer the plan': {
          names: ['contacts at us/db1', 'States.Timeout'],
          provoke: unasked('unanswered', { error: 'States.Timeout', cause: '' }),
        },
        'it answered the plan with a refusal, whose cause is cut off': {
          names: ['contacts at us/db1', 'RequestUnauthorized'],
          provoke: unasked('refused', {
            error: 'RequestUnauthorized',
            cause: 'The token was refused. The ca',
          }),
        },
      },
    },
    {
      file: 'core/transfer/export-part.ts',
      reasons: {
        'its stream of a part broke off': {
          names: ['contacts/e3-a1/part-00000', 'ECONNRESET'],
          provoke: brokenPart,
        },
      },
    },
    {
      file: 'lambdas/runtime/json-http.ts',
      reasons: {
        'it does not answer in time': {
          names: ['contacts at eu/db1', 'GET /drain', '50 ms'],
          provoke: unending({ method: 'get', path: '/drain', tries: 1 }),
        },
        'something else answers at its endpoint': {
          names: ['contacts at eu/db1', '/drain', '404'],
          provoke: async ({ server }) => (await httpContacts(server, json({ canary: 1 }, 404))).drain(),
        },
      },
    },
  ],
  CallTooLong: [
    {
      file: 'lambdas/runtime/json-http.ts',
      reasons: {
        'it does not end what it was asked to do': {
          names: ['contacts at eu/db1', 'POST /seal', '0.05 s'],
          provoke: unending({ method: 'post', path: '/seal', long: true }),
        },
      },
    },
  ],
  ProviderMismatch: [
    {
      file: 'core/control/checks.ts',
      reasons: {
        'another one answers at the endpoint': {
          names: ['contacts at us/db1', '"mails"'],
          provoke: asks('misnamed', { answers: () => ({ describe: { name: 'mails' } }) }),
        },
      },
    },
    {
      file: 'core/control/checks.ts',
      reasons: {
        'the rules of the imports run in a circle': {
          names: ['importAfter', 'contacts', 'deals'],
          provoke: asks('circling', { answers: inCircle }),
        },
      },
    },
    {
      file: 'core/control/plan-cleanup.ts',
      reasons: {
        'one that owes something is in the topology no longer': {
          names: ['"mails"', '"owed-by-gone"', 'eu/db1'],
          provoke: owedByGone,
        },
      },
    },
    {
      file: 'core/control/plan-restore.ts',
      reasons: {
        'the backup holds rows of one that is in the topology no longer': {
          names: ['"mails-kept-1"', '5 row(s)', '"mails"'],
          provoke: restores('mails-kept', mailsKept),
        },
      },
    },
    {
      file: 'lambdas/runtime/topology.ts',
      reasons: {
        "a function's topology lacks it": {
          names: ['"mails"'],
          provoke: () => providerOf(testTopology(), 'mails'),
        },
      },
    },
  ],
  RowsUnclaimed: [
    {
      file: 'core/control/checks.ts',
      reasons: {
        'a table of the source is in no collection': {
          names: ['contacts at us/db1', '6 row(s)', 'crm.forgotten'],
          provoke: asks('forgotten', {
            answers: () => ({ summary: { unclaimed: [{ place: 'crm.forgotten', rows: 6 }] } }),
          }),
        },
      },
    },
  ],
});
