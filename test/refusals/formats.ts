import type { Location } from '@tanker/contract/index.ts';
import { Departed, openExpired } from '../../core/agent/open-expired.ts';
import { FORMAT } from '../../providers/files/config.ts';
import { readTables } from '../../providers/postgres/catalog.ts';
import { SOURCE } from '../control/control-world.ts';
import { SOURCE as DB1 } from '../providers/fixtures/world.ts';
import { json } from '../runtime/http-world.ts';
import { asks, backedUp, restores } from './asking.ts';
import { CONTACT, type Columns, LONG, publishing } from './crm.ts';
import { httpContacts } from './http.ts';
import { callAt, emptyManifest } from './provider-calls.ts';
import { area } from './refusal.ts';
import { CANARY } from './sentences.ts';
import type { Worlds } from './worlds.ts';

/** A provider whose pages of closings lead back to one that was read, and what the datacenter's schedule logs of it. */
async function inCircle(): Promise<unknown> {
  const failures: unknown[] = [];
  const closings = async () => ({ incarnation: 'i1', closings: [], next: 'acme' });
  await openExpired({
    sites: [
      { name: 'contacts', location: SOURCE, companies: { closings, openExpired: async () => undefined } },
    ],
    authority: { read: () => Promise.reject(new Error('nobody is asked about')) },
    departed: new Departed(),
    signal: new AbortController().signal,
    log: () => undefined,
    logError: (_message, error) => failures.push(error),
  });
  return failures[0];
}

const writesCsv = () => ({ describe: { writes: { name: 'csv', version: 7 } } });

const ID = { name: 'id', type: 'bigint', required: true };
const NAME = { name: 'name', type: 'text', required: false };

/** A move whose source has the fields id and name in its rows, and whose target has these. */
const towards = (company: string, ...fields: readonly object[]) =>
  asks(company, {
    answers: (_provider, { datacenter }: Location) => ({
      describe: { fields: { rows: datacenter === 'us' ? [ID, NAME] : fields } },
    }),
  });

/** What the catalog says of a collection of the tables in PostgreSQL. */
const collected =
  (table: string, { companyColumn = 'company', guarded = false } = {}) =>
  async ({ crm }: Worlds): Promise<unknown> => {
    const { source } = await crm();
    const client = await source.connect();
    try {
      return await readTables(client, [{ name: 'things', table, companyColumn }], guarded);
    } finally {
      client.release();
    }
  };

const ROW = ['1\t@\tcanary\t30\t\\N'];

/** An import of rows of contacts that have these columns. */
const withColumns = (company: string, columns: Columns) => publishing(company, { columns, rows: ROW });
const { name: _, ...NAMELESS } = CONTACT;

export const FORMATS = area({
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
      file: 'core/agent/open-expired.ts',
      reasons: {
        'a provider lists its closings in a circle': {
          names: ['contacts at us/db1', 'after acme'],
          provoke: inCircle,
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
      file: 'core/control/check-fields.ts',
      reasons: {
        'the target lacks a field of the source': {
          names: ['rows', 'contacts at eu/db1 has no field name', 'contacts at us/db1'],
          provoke: towards('narrower', ID),
        },
        'a field has another type at the target': {
          names: ['rows', 'contacts at eu/db1 has name as uuid, not text'],
          provoke: towards('mistyped', ID, { ...NAME, type: 'uuid' }),
        },
        'the target demands a field that the source lacks': {
          names: ['rows', 'contacts at eu/db1 demands the field age'],
          provoke: towards('demanding', ID, NAME, { name: 'age', type: 'integer', required: true }),
        },
      },
    },
    {
      file: 'providers/refusals.ts',
      reasons: {
        'an import begins in another format': {
          names: ['csv 7', 'documents at eu/db1', `${FORMAT.name} ${FORMAT.version}`],
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
        'a collection is a view': { names: ['crm.seen', 'ordinary'], provoke: collected('crm.seen') },
        'a table has children': { names: ['crm.elder', 'inheritance'], provoke: collected('crm.elder') },
        'a table was never installed, or its triggers were dropped': {
          names: ['crm.odd', 'closing triggers'],
          provoke: collected('crm.odd', { guarded: true }),
        },
        'a table has no column for the company': {
          names: ['crm.contacts', 'owner'],
          provoke: collected('crm.contacts', { companyColumn: 'owner' }),
        },
        'a column takes the ids of two companies for one': {
          names: ['crm.folding.company', 'collation'],
          provoke: collected('crm.folding'),
        },
        'a column has a type without a canonical form': {
          names: ['crm.odd.place', 'point'],
          provoke: collected('crm.odd'),
        },
      },
    },
    {
      file: 'providers/postgres/part-columns.ts',
      reasons: {
        'a part holds a collection that is not here': {
          names: ['deals'],
          provoke: publishing('uncollected', { collection: 'deals', rows: ROW }),
        },
        'a part has a column that is not here': {
          names: ['crm.contacts', 'nick'],
          provoke: withColumns('nicknamed', { ...CONTACT, nick: 'text' }),
        },
        'a column has another type here': {
          names: ['crm.contacts.age', 'integer here', 'text in the part'],
          provoke: withColumns('retyped', { ...CONTACT, age: 'text' }),
        },
        'a part lacks what a row can not be without': {
          names: ['crm.contacts.name'],
          provoke: withColumns('lacking', NAMELESS),
        },
      },
    },
    {
      file: 'providers/postgres/part-plan.ts',
      reasons: {
        'a row is larger than a part': {
          names: ['crm.contacts'],
          async provoke({ crm }) {
            const { source, provider } = await crm();
            await source.query(
              `INSERT INTO crm.contacts (id, company, name) VALUES (600, 'bulky', repeat('${CANARY}', $1))`,
              [LONG],
            );
            const { implementation } = provider;
            const call = await callAt(implementation, 'bulky', { server: DB1 });
            await implementation.exportBegin(call, { grant: 1 });
          },
        },
      },
    },
  ],
});
