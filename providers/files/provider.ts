import {
  CONTRACT_VERSION,
  type Describe,
  formatLocation,
  type HookName,
  type Location,
  TankerError,
} from '@tanker/contract/index.ts';
import type { ProviderCall, ProviderImplementation } from '@tanker/sdk/index.ts';
import { sweepBlobs } from './blobs.ts';
import { COLLECTION, checkConfig, type FilesProviderConfig, FORMAT } from './config.ts';
import { erase } from './erase.ts';
import { beginExport, finishExport, openCompany, readPart, releaseExport } from './exports.ts';
import { fenced } from './fence.ts';
import { runHook } from './hooks.ts';
import { importPart } from './import-part.ts';
import { abortImport, beginImport, publishImport, seal } from './imports.ts';
import { createSite, type Site } from './site.ts';
import { drain, listClosings, summary } from './summary.ts';

export interface FilesProvider {
  /** For `serveProvider`. One process serves a location. */
  readonly implementation: ProviderImplementation;
  /** Removes what a crash left behind, before the provider serves. A file being written by others fails then. */
  install(server: string): Promise<void>;
  /** Says that a server's store was restored in a way that its files don't show; answers the new incarnation. */
  renewIncarnation(server: string): string;
  close(): void;
}

/** A provider for files that FileStore keeps. Throws an Error that names the field when the configuration is wrong. */
export function createFilesProvider(config: FilesProviderConfig): FilesProvider {
  checkConfig(config);
  const sites = new Map<string, Site>();
  for (const server of Object.keys(config.servers)) sites.set(server, createSite(config, server));
  const siteOf = (location: Location): Site => {
    const site = location.datacenter === config.datacenter ? sites.get(location.server) : undefined;
    if (!site) throw unknownLocation(config.name, location);
    return site;
  };
  const siteOn = (server: string) => siteOf({ datacenter: config.datacenter, server });
  return {
    implementation: implement(siteOf),
    install: async (server) => {
      const { metadata } = siteOn(server);
      metadata.run('UPDATE loose SET doomed = 1');
      await sweepBlobs(metadata);
    },
    renewIncarnation: (server) => siteOn(server).metadata.renewIncarnation(),
    close: () => {
      for (const site of sites.values()) {
        for (const session of site.exports.values()) session.ending.abort();
        site.metadata.close();
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
    fence: async (call) => fenced(at(call), call, () => undefined),
    erase: async (call) => erase(at(call), call),
    hook: async (call, hook) => runHook(at(call), call, hook),
  };
}

function describe({ config, metadata, now }: Site): Describe {
  const hooks = Object.keys(config.hooks ?? {}) as HookName[];
  return {
    name: config.name,
    contractVersion: CONTRACT_VERSION,
    incarnation: metadata.incarnation(),
    writes: FORMAT,
    reads: [FORMAT],
    abilities: ['export', 'import', ...(hooks.length > 0 ? (['hooks'] as const) : [])],
    hooks,
    importAfter: [...(config.importAfter ?? [])],
    collections: [COLLECTION],
    now: now(),
  };
}

const unknownLocation = (name: string, location: Location): TankerError =>
  new TankerError('ResourceUnknown', {
    what: `The provider ${name} does not serve ${formatLocation(location)}.`,
    now: 'Nothing was done.',
    next: "Correct the topology's endpoint, or add the server to the provider.",
  });
