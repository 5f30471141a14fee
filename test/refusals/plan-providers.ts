import type { Location, SubtaskStatus } from '@tanker/contract/index.ts';
import { exportPart } from '../../core/transfer/export-part.ts';
import { providerOf } from '../../lambdas/runtime/topology.ts';
import { FORMAT } from '../../providers/files/config.ts';
import { readTables } from '../../providers/postgres/catalog.ts';
import { FORMAT as POSTGRES_FORMAT } from '../../providers/postgres/config.ts';
import { type ControlWorld, testTopology } from '../control/control-world.ts';
import { type At, openedTask, planOf } from '../control/planned-task.ts';
import { SOURCE as DB1, seedCompany } from '../providers/fixtures/world.ts';
import { json } from '../runtime/http-world.ts';
import { MemoryExports } from '../support/memory-exports.ts';
import { again, asks, backedUp, company, copyKept, owing, planned, restores, SLICE } from './asking.ts';
import { httpContacts } from './http.ts';
import { callAt, emptyManifest } from './provider-calls.ts';
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

const writesCsv = () => ({ describe: { writes: { name: 'csv', version: 7 } } });

/** What the catalog says of a collection of the tables in PostgreSQL. */
const collected =
  (table: string, companyColumn = 'company') =>
  async ({ crm }: Worlds): Promise<unknown> => {
    const { source } = await crm();
    const client = await source.connect();
    try {
      return await readTables(client, [{ name: 'things', table, companyColumn }], false);
    } finally {
      client.release();
    }
  };

const rowsAtTarget = (provider: string, { datacenter }: Location) =>
  provider === 'deals' && datacenter === 'eu'
    ? { summary: { collections: [{ name: 'rows', rows: 4, bytes: 90 }] } }
    : {};

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
        'something else answers at its endpoint': {
          names: ['contacts at eu/db1', '/drain', '404'],
          provoke: async ({ server }) => (await httpContacts(server, json({ canary: 1 }, 404))).drain(),
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
  ContractUnsupported: [
    {
      file: 'core/control/checks.ts',
      reasons: {
        'a provider speaks another version': {
          names: ['contacts at us/db1', 'version 2'],
          provoke: asks('future', { answers: () => ({ describe: { contractVersion: 2 } }) }),
        },
      },
    },
    {
      file: 'lambdas/runtime/json-http.ts',
      reasons: {
        'an answer has another shape': {
          names: ['contacts at eu/db1', '/drain', 'watermark'],
          provoke: async ({ server }) =>
            (await httpContacts(server, json({ pending: 0, canary: 'canary' }))).drain(),
        },
      },
    },
  ],
  FormatUnreadable: [
    {
      file: 'core/control/checks.ts',
      reasons: {
        'the target of a move does not read what the source writes': {
          names: ['contacts at us/db1', 'csv version 7', 'contacts at eu/db1', 'copy version 1'],
          provoke: asks('csv', { answers: writesCsv }),
        },
        'the target of a restore does not read the backup': {
          names: ['"csv-kept-1"', 'contacts', 'copy version 1', 'contacts at eu/db1 reads nothing'],
          provoke: restores('csv-kept', backedUp, { answers: () => ({ describe: { reads: [] } }) }),
        },
      },
    },
    {
      file: 'providers/refusals.ts',
      reasons: {
        'an import begins in another format': {
          names: ['csv 7', `${FORMAT.name} ${FORMAT.version}`],
          async provoke({ files }) {
            const { implementation } = await files();
            const call = await callAt(implementation, 'format');
            return implementation.importBegin(call, emptyManifest({ format: { name: 'csv', version: 7 } }));
          },
        },
      },
    },
    {
      file: 'providers/postgres/catalog.ts',
      reasons: {
        'a table of a collection does not exist': {
          names: ['crm.nowhere'],
          provoke: collected('crm.nowhere'),
        },
        'a table has no column for the company': {
          names: ['crm.contacts', 'owner'],
          provoke: collected('crm.contacts', 'owner'),
        },
        'a column has a type without a canonical form': {
          names: ['crm.odd.place', 'point'],
          async provoke(worlds) {
            const { source } = await worlds.crm();
            await source.query('CREATE TABLE crm.odd (company text NOT NULL, place point)');
            return collected('crm.odd')(worlds);
          },
        },
      },
    },
  ],
  TargetNotEmpty: [
    {
      file: 'core/control/checks.ts',
      reasons: {
        'nobody knows whose rows they are': {
          names: ['deals at eu/db1', '4 row(s)', '"crowded"'],
          provoke: asks('crowded', { answers: rowsAtTarget }),
        },
        'a fallback copy is kept there': {
          names: ['deals at eu/db1', '4 row(s)', '"copied"'],
          async provoke({ control }) {
            const world = await control();
            const at = company(world, 'copied');
            await copyKept(world, at);
            return planned(world, { at: again(at), answers: rowsAtTarget });
          },
        },
      },
    },
    {
      file: 'providers/postgres/imports.ts',
      reasons: {
        'an import begins over rows of the company': {
          names: ['crm.contacts', 'eu/db1'],
          async provoke({ crm }) {
            const world = await crm();
            await seedCompany(world.source, 'there', 3, 500_000);
            const { implementation } = world.provider;
            return implementation.importBegin(
              await callAt(implementation, 'there', { server: DB1 }),
              emptyManifest({ format: POSTGRES_FORMAT }),
            );
          },
        },
      },
    },
    {
      file: 'providers/files/imports.ts',
      reasons: {
        'an import begins over files of the company': {
          names: ['files of the company', 'eu/db1'],
          async provoke({ files }) {
            const { implementation, store } = await files();
            const content = Buffer.from('canary');
            await store.put('there', [{ path: 'a.txt', contentType: 'text/plain', content }]);
            return implementation.importBegin(await callAt(implementation, 'there'), emptyManifest());
          },
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
