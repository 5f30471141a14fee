import {
  CONTRACT_VERSION,
  type Describe,
  formatLocation,
  type HookName,
  type Location,
  TankerError,
} from '@tanker/contract/index.ts';
import type { FencedCall, ProviderCall, ProviderImplementation } from '@tanker/sdk/index.ts';
import { listClosings } from './closings.ts';
import { checkConfig, FORMAT, type PostgresProviderConfig } from './config.ts';
import { erase } from './erase.ts';
import { readPart } from './export-part.ts';
import { beginExport, finishExport, openCompany, releaseExport } from './exports.ts';
import { fenced } from './fence.ts';
import { runHook } from './hooks.ts';
import { importPart } from './import-part.ts';
import { abortImport, beginImport, seal } from './imports.ts';
import { install } from './install.ts';
import { drain } from './outbox.ts';
import { publishImport } from './publish.ts';
import { createSite, type Site } from './site.ts';
import { summary } from './summary.ts';

export interface PostgresProvider {
  /** For `serveProvider`. One process serves a location's exports: it holds their snapshots. */
  readonly implementation: ProviderImplementation;
  /** Prepares one server. May be called at every start. */
  install(server: string): Promise<void>;
  /** Ends snapshots and connections. May be called twice. */
  close(): Promise<void>;
}

/**
 * A provider for tables that companies share by a company column. Throws an Error that names the field when the
 * configuration is wrong; the tables themselves are checked by `install`.
 */
export function createPostgresProvider(config: PostgresProviderConfig): PostgresProvider {
  checkConfig(config);
  const sites = new Map<string, Site>();
  for (const server of Object.keys(config.servers)) sites.set(server, createSite(config, server));
  const siteOf = (location: Location): Site => {
    const site = location.datacenter === config.datacenter ? sites.get(location.server) : undefined;
    if (!site) throw unknownLocation(config.name, location);
    return site;
  };
  return {
    implementation: implement(siteOf),
    install: (server) => install(siteOf({ datacenter: config.datacenter, server })),
    close: async () => {
      const open = [...sites.values()];
      sites.clear();
      for (const site of open) {
        await Promise.all([...site.exports.values()].map((session) => session.end()));
        await Promise.all([site.pool.end(), site.streams.end(), site.control.end()]);
      }
    },
  };
}

function implement(siteOf: (location: Location) => Site): ProviderImplementation {
  const at = (call: ProviderCall) => siteOf(call.location);
  return {
    describe: async (call) => describe(at(call)),
    summary: async (call, { digest }) => summary(at(call), call, digest),
    drain: async (call) => drain(at(call), call),
    closings: async (call, { after }) => listClosings(at(call), after),
    exportBegin: async (call, { grant }) => beginExport(at(call), call, grant),
    exportPart: async (call, which) => readPart(at(call), call, which),
    exportFinish: async (call, which) => finishExport(at(call), call, which.export),
    exportRelease: async (call, which) => releaseExport(at(call), call, which.export),
    open: async (call, { grant }) => openCompany(at(call), call, grant),
    importBegin: async (call, manifest) => beginImport(at(call), call, manifest),
    importPart: async (call, which, body) => importPart(at(call), call, which, body),
    importPublish: async (call, which) => publishImport(at(call), call, which.session),
    importAbort: async (call, which) => abortImport(at(call), call, which.session),
    seal: async (call) => seal(at(call), call),
    fence: async (call) => raise(at(call), call),
    erase: async (call) => erase(at(call), call),
    hook: async (call, hook) => runHook(at(call), call, hook),
  };
}

const raise = (site: Site, call: FencedCall): Promise<void> =>
  fenced(site, call, { kind: 'other' }, async () => undefined);

async function describe(site: Site): Promise<Describe> {
  const { config, schema } = site;
  const { rows } = await site.pool.query<{ incarnation: string }>(`SELECT ${schema}.incarnation()`);
  const hooks = Object.keys(config.hooks ?? {}) as HookName[];
  return {
    name: config.name,
    contractVersion: CONTRACT_VERSION,
    incarnation: rows[0]?.incarnation ?? '',
    writes: FORMAT,
    reads: [FORMAT],
    abilities: [
      'export',
      'import',
      ...(config.outbox ? (['drain'] as const) : []),
      ...(hooks.length > 0 ? (['hooks'] as const) : []),
    ],
    hooks,
    importAfter: [...(config.importAfter ?? [])],
    collections: config.collections.map((collection) => collection.name),
    now: site.now(),
  };
}

const unknownLocation = (name: string, location: Location): TankerError =>
  new TankerError('ResourceUnknown', {
    what: `The provider ${name} does not serve ${formatLocation(location)}.`,
    now: 'Nothing was done.',
    next: "Correct the topology's endpoint, or add the server to the provider.",
  });
