import { Readable } from 'node:stream';
import { EMPTY_DIGEST, type ExportFinished } from '@tanker/contract/index.ts';
import { drain } from '../../core/agent/drain.ts';
import { exportCompany } from '../../core/agent/export.ts';
import { beginBackup } from '../../core/control/commit-placement.ts';
import { dispatch } from '../../core/control/dispatch.ts';
import type { HeldRecord } from '../../core/control/records.ts';
import { verifyExports } from '../../core/control/verify-exports.ts';
import { exportPart } from '../../core/transfer/export-part.ts';
import { publishMessage } from '../../providers/queue/index.ts';
import { agentWorld, eventOf } from '../agent/agent-world.ts';
import { exportResult, SOURCE, settle, TARGET } from '../control/control-world.ts';
import { exported, plannedTask } from '../control/planned-task.ts';
import { SOURCE as DB1 } from '../providers/fixtures/world.ts';
import { MemoryExports } from '../support/memory-exports.ts';
import { company } from './asking.ts';
import { callAt, emptyManifest } from './provider-calls.ts';
import { area } from './refusal.ts';
import { CANARY } from './sentences.ts';
import { begunImport, KEY, ROW, unread } from './transfers.ts';

const CLOSED = { action: 'drain', deadlineMillis: undefined };

/** A drain that never finds nothing pending. */
const draining = (changes: object) => async () => {
  const world = agentWorld();
  world.provider.pending = Array(200).fill({ pending: 2, watermark: 'w' });
  await world.run(drain, eventOf('drain', changes));
};

/** An export of one part that the provider counts otherwise than it came. */
const miscounting = (finished: (told: ExportFinished) => Partial<ExportFinished>) => async () => {
  const world = agentWorld([ROW]);
  world.provider.finished = (told) => ({ ...told, ...finished(told) });
  await world.run(exportCompany, eventOf('export'));
};

export const TRANSFER = area({
  DrainIncomplete: [
    {
      file: 'core/agent/drain.ts',
      reasons: {
        'messages are pending when the budget is used up': {
          names: ['2 message(s)', 'contacts at us/db1'],
          provoke: draining({ deadlineMillis: 0 }),
        },
        'messages are pending where the company is closed': {
          names: ['2 message(s)', 'contacts at us/db1'],
          provoke: draining(CLOSED),
        },
      },
    },
    {
      file: 'providers/postgres/exports.ts',
      reasons: {
        'a message came between the drain and the export': {
          names: ['1 message(s)', 'crm.outbox'],
          async provoke({ crm }) {
            const { source, provider } = await crm();
            await source.query("INSERT INTO crm.outbox (company, topic) VALUES ('writing', 'canary')");
            const call = await callAt(provider.implementation, 'writing', { server: DB1 });
            await provider.implementation.exportBegin(call, { grant: 1 });
          },
        },
      },
    },
  ],
  CompanyClosed: [
    {
      file: 'providers/refusals.ts',
      reasons: {
        'a service writes while the company moves': {
          names: ['company closed', 'closed here'],
          async provoke(worlds) {
            const { store } = await unread(worlds, 'closed');
            await store.put('closed', [{ path: 'b.txt', contentType: 'text/plain', content: ROW }]);
          },
        },
        'a service sends a message while the company moves': {
          names: ['company hushed', 'closed here'],
          async provoke({ crm }) {
            const { source, provider } = await crm();
            const call = await callAt(provider.implementation, 'hushed', { server: DB1 });
            await provider.implementation.exportBegin(call, { grant: 1 });
            const queue = { table: 'crm.outbox', companyColumn: 'company' };
            const message = { topic: CANARY, payload: CANARY, deliverAt: new Date() };
            await publishMessage(source, queue, 'hushed', message);
          },
        },
        'a hook of the provider writes while the company moves': {
          names: ['company hooked', 'closed at crm at eu/db1'],
          async provoke({ crm }) {
            const { implementation } = (await crm()).provider;
            const call = await callAt(implementation, 'hooked', { server: DB1 });
            await implementation.exportBegin(call, { grant: 1 });
            await implementation.hook(call, { name: 'after-migrate', key: 'k', version: 1 });
          },
        },
      },
    },
  ],
  SessionUnknown: [
    {
      file: 'providers/refusals.ts',
      reasons: {
        'a newer begin has ended the session': {
          names: ['session', 'company begun-twice', 'documents at eu/db1', 'newer call'],
          async provoke(worlds) {
            const { implementation, call, ...first } = await unread(worlds, 'begun-twice');
            await implementation.exportBegin(call, { grant: 1 });
            await implementation.exportFinish(call, first);
          },
        },
        'a part comes after its session was published': {
          names: ['session', 'company published', 'documents at eu/db1', 'was published'],
          async provoke(worlds) {
            const { implementation, call, id } = await begunImport(worlds, 'published', {});
            await implementation.importPublish(call, { session: id });
            await implementation.importPart(call, { session: id, part: 0 }, Readable.from([ROW]));
          },
        },
      },
    },
  ],
  ImportSealed: [
    {
      file: 'providers/refusals.ts',
      reasons: {
        'an import begins after the seal': {
          names: ['Company sealed is sealed', 'documents at eu/db1', 'epoch 1'],
          async provoke({ files }) {
            const { implementation } = await files();
            const call = await callAt(implementation, 'sealed');
            await implementation.seal(call);
            await implementation.importBegin(call, emptyManifest());
          },
        },
      },
    },
  ],
  ExportMismatch: [
    {
      file: 'core/control/verify-exports.ts',
      reasons: {
        'provider, stream and S3 count differently': {
          names: ['deals at us/db1', '300 bytes', '299 in S3'],
          async provoke({ control }) {
            const world = await control();
            const actor = await plannedTask(world, { at: company(world, 'miscounted') });
            await exported(world, actor);
            const at = { phase: 'export' as const, provider: 'deals', location: SOURCE };
            await settle(world, actor, at, exportResult({ bytesStored: 299 }));
            await verifyExports(world, actor);
          },
        },
      },
    },
    {
      file: 'providers/export-session.ts',
      reasons: {
        'a part was not read when the export is finished': {
          names: ['Part 0'],
          async provoke(worlds) {
            const { implementation, call, ...begun } = await unread(worlds, 'unread');
            await implementation.exportFinish(call, begun);
          },
        },
      },
    },
    {
      file: 'core/agent/export.ts',
      reasons: {
        'the provider counts fewer parts': {
          names: ['contacts at us/db1', '1 parts', '0'],
          provoke: miscounting(() => ({ parts: [] })),
        },
        'the provider counts another part': {
          names: ['contacts at us/db1', 'part 0'],
          provoke: miscounting(({ parts }) => ({ parts: parts.map((part) => ({ ...part, part: 3 })) })),
        },
        'the provider has no digest of a collection': {
          names: ['contacts at us/db1', 'collections (none)', 'describes contacts'],
          provoke: miscounting(() => ({ collections: [] })),
        },
        'the provider has two digests of a collection': {
          names: ['contacts at us/db1', 'collections contacts, contacts'],
          provoke: miscounting(({ collections }) => ({ collections: [...collections, ...collections] })),
        },
        'the provider counts other rows than its digests': {
          names: ['contacts at us/db1', '1 rows', '0'],
          provoke: miscounting(() => ({ collections: [{ name: 'contacts', digest: EMPTY_DIGEST }] })),
        },
        'the provider counts other bytes': {
          names: ['contacts at us/db1', '1 bytes', 'part 0'],
          provoke: miscounting(({ parts }) => ({ parts: parts.map((part) => ({ ...part, bytes: 1 })) })),
        },
      },
    },
    {
      file: 'core/transfer/export-part.ts',
      reasons: {
        'S3 holds something else than was streamed': {
          names: ['contacts/e3-a1/part-00000', 'S3 holds 9'],
          provoke() {
            const exports = new MemoryExports();
            const head = exports.head.bind(exports);
            exports.head = async (key) => ({ ...(await head(key)), bytes: 9 });
            return exportPart({
              exports,
              key: KEY,
              retention: 'transfer',
              open: async () => Readable.from([ROW]),
              confirm: async () => undefined,
              onStored: () => undefined,
              signal: new AbortController().signal,
            });
          },
        },
      },
    },
  ],
  ExportIncomplete: [
    {
      file: 'core/control/verify-exports.ts',
      reasons: {
        'a provider has no export when they are verified': {
          names: ['contacts at us/db1'],
          async provoke({ control }) {
            const world = await control();
            await verifyExports(world, await plannedTask(world, { at: company(world, 'unexported') }));
          },
        },
      },
    },
    {
      file: 'core/control/agent-event.ts',
      reasons: {
        'a provider is to import what was not exported': {
          names: ['contacts at us/db1', 'epoch 1'],
          async provoke({ control }) {
            const world = await control();
            const actor = await plannedTask(world, { at: company(world, 'importless') });
            const at = { provider: 'contacts', location: TARGET, attempt: 1, token: `${CANARY}-token` };
            await dispatch(world, { ...actor, phase: 'import', action: 'import', ...at });
          },
        },
      },
    },
    {
      file: 'core/control/backup-record.ts',
      reasons: {
        'a provider has no export when the backup is recorded': {
          names: ['contacts at us/db1', 'epoch 1'],
          async provoke({ control }) {
            const world = await control();
            const at = company(world, 'unrecorded-slice');
            const actor = await plannedTask(world, { operation: 'backup', at });
            await beginBackup(world, actor, (await world.tasks.get(actor.task)) as HeldRecord);
          },
        },
      },
    },
  ],
});
