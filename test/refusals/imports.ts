import type { Location } from '@tanker/contract/index.ts';
import { FORMAT as POSTGRES_FORMAT } from '../../providers/postgres/config.ts';
import { SOURCE as DB1, TARGET as DB2 } from '../providers/fixtures/world.ts';
import { SUM } from '../support/memory-provider.ts';
import { again, asks, company, copyKept, planned } from './asking.ts';
import { CONTACT, publishing, staged } from './crm.ts';
import { callAt, emptyManifest } from './provider-calls.ts';
import { area } from './refusal.ts';
import { CANARY } from './sentences.ts';
import { begunImport, importing, session } from './transfers.ts';

const rowsAtTarget = (provider: string, { datacenter }: Location) =>
  provider === 'deals' && datacenter === 'eu'
    ? { summary: { collections: [{ name: 'rows', rows: 4, bytes: 90 }] } }
    : {};

const content = Buffer.from(CANARY);
const FILE = { path: 'a.txt', contentType: 'text/plain', content };
const { age: _, ...AGELESS } = CONTACT;

export const IMPORTS = area({
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
      file: 'providers/refusals.ts',
      reasons: {
        'an import begins over rows of the company': {
          names: ['crm at eu/db1', 'company there', 'crm.contacts'],
          async provoke({ crm }) {
            const { source, provider } = await crm();
            await source.query(
              "INSERT INTO crm.contacts (id, company, name) VALUES (500, 'there', 'canary')",
            );
            const { implementation } = provider;
            return implementation.importBegin(
              await callAt(implementation, 'there', { server: DB1 }),
              emptyManifest({ format: POSTGRES_FORMAT }),
            );
          },
        },
        'rows come while an import is under way': {
          names: ['crm at eu/db2', 'company meanwhile', 'crm.contacts'],
          async provoke(worlds) {
            const { implementation, call, session: id } = await staged(worlds, 'meanwhile', []);
            const { target } = await worlds.crm();
            await target.query(
              "INSERT INTO crm.contacts (id, company, name) VALUES (501, 'meanwhile', 'canary')",
            );
            return implementation.importPublish(call, { session: id });
          },
        },
        'an import begins over files of the company': {
          names: ['documents at eu/db1', 'company there', 'files'],
          async provoke({ files }) {
            const { implementation, store } = await files();
            await store.put('there', [FILE]);
            return implementation.importBegin(await callAt(implementation, 'there'), emptyManifest());
          },
        },
        'files come while an import is under way': {
          names: ['documents at eu/db1', 'company meanwhile', 'files'],
          async provoke(worlds) {
            const { implementation, call, id } = await begunImport(worlds, 'meanwhile', {});
            const { store } = await worlds.files();
            await store.put('meanwhile', [FILE]);
            return implementation.importPublish(call, { session: id });
          },
        },
      },
    },
  ],
  StagingMismatch: [
    {
      file: 'providers/refusals.ts',
      reasons: {
        'a part is missing when the import is published': {
          names: ['company half', 'documents at eu/db1', 'part 0'],
          async provoke(worlds) {
            const { implementation, call, id } = await session(worlds, 'half');
            await implementation.importPublish(call, { session: id });
          },
        },
        "the manifest's digest counts other files than its parts": {
          names: ['company miscounted', 'documents at eu/db1', '0 files', '2'],
          async provoke(worlds) {
            const collections = [{ name: 'files', digest: { rows: 2, sum: SUM } }];
            const { implementation, call, id } = await begunImport(worlds, 'miscounted', { collections });
            await implementation.importPublish(call, { session: id });
          },
        },
        'the manifest has a collection that is not here': {
          names: ['company collected', 'documents at eu/db1', 'collection'],
          async provoke(worlds) {
            const collections = [{ name: 'rows', digest: { rows: 0, sum: SUM } }];
            const { implementation, call, id } = await begunImport(worlds, 'collected', { collections });
            await implementation.importPublish(call, { session: id });
          },
        },
        'a part holds rows of another company': {
          names: ['company mixed', 'crm at eu/db2', 'part 0'],
          provoke: publishing('mixed', { rows: ['1\t@\tcanary\t30\t\\N', '2\tother\tcanary\t30\t\\N'] }),
        },
        'the parts of a collection do not have the same columns': {
          names: ['company uneven', 'crm at eu/db2', 'contacts'],
          provoke: publishing(
            'uneven',
            { rows: ['1\t@\tcanary\t30\t\\N'] },
            { columns: AGELESS, rows: ['2\t@\tcanary\t\\N'] },
          ),
        },
      },
    },
    {
      file: 'providers/postgres/outbox.ts',
      reasons: {
        'a trigger has made messages of the imported rows': {
          names: ['company telling', '1 message(s)', 'crm.outbox', 'crm at eu/db2'],
          provoke: publishing('telling', { rows: ['10\t@\tcanary\t30\t\\N'] }),
        },
      },
    },
    {
      file: 'core/agent/import.ts',
      reasons: {
        'the provider publishes other rows than it was sent': {
          names: ['contacts at eu/db1 published 7 rows', '1'],
          provoke: importing(({ provider }) => {
            provider.published = 7;
          }),
        },
      },
    },
  ],
  KeyConflict: [
    {
      file: 'providers/postgres/insert-staged.ts',
      reasons: {
        'an imported row has the key of another company’s row': {
          names: ['contacts_pkey', 'crm.contacts'],
          async provoke(worlds) {
            const { target } = await worlds.crm();
            await target.query(
              "INSERT INTO crm.contacts (id, company, name) VALUES (700, 'neighbour', 'canary')",
            );
            return publishing('keyed', { rows: ['700\t@\tcanary\t30\t\\N'] })(worlds);
          },
        },
        'an imported row refers to what is not there': {
          names: ['led', 'crm.contacts'],
          provoke: publishing('leaderless', { rows: ['11\t@\tcanary\t30\t7'] }),
        },
        'an imported row breaks a rule of the target': {
          names: ['grown', 'crm.contacts'],
          provoke: publishing('young', { rows: ['12\t@\tcanary\t3\t\\N'] }),
        },
        'an imported row lacks what the target demands': {
          names: ['no value in crm.contacts.name'],
          provoke: publishing('nameless', { rows: ['13\t@\t\\N\t30\t\\N'] }),
        },
      },
    },
    {
      file: 'providers/postgres/foreign-rows.ts',
      reasons: {
        'a neighbour’s rows hang on those that an erase would take': {
          names: ['crm.notes', 'crm.contacts', 'noted'],
          async provoke({ crm }) {
            const { target, provider } = await crm();
            await target.query(
              `INSERT INTO crm.contacts (id, company, name) VALUES (800, 'hung', 'canary');
                INSERT INTO crm.notes (id, company, contact) VALUES (800, 'neighbour', 800)`,
            );
            const { implementation } = provider;
            const call = await callAt(implementation, 'hung', { server: DB2 });
            return implementation.erase(call, { version: 1, reason: 'law' });
          },
        },
      },
    },
  ],
});
