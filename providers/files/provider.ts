import { CONTRACT_VERSION, type Describe, type HookName } from '@tanker/contract/index.ts';
import type { ProviderImplementation } from '@tanker/sdk/index.ts';
import { type SiteOperations, Sites } from '../sites.ts';
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
  const sites = new Sites(config, (server) => createSite(config, server));
  return {
    implementation: sites.implement(OPERATIONS),
    install: async (server) => {
      const { metadata } = sites.on(server);
      metadata.run('UPDATE loose SET doomed = 1');
      await sweepBlobs(metadata);
    },
    renewIncarnation: (server) => sites.on(server).metadata.renewIncarnation(),
    close: () => {
      for (const site of sites.close()) {
        for (const session of site.exports.values()) session.ending.abort();
        site.metadata.close();
      }
    },
  };
}

const OPERATIONS: SiteOperations<Site> = {
  describe,
  summary,
  drain,
  closings: listClosings,
  exportBegin: beginExport,
  exportPart: readPart,
  exportFinish: finishExport,
  exportRelease: releaseExport,
  open: openCompany,
  importBegin: beginImport,
  importPart,
  importPublish: publishImport,
  importAbort: abortImport,
  seal,
  fence: (site, call) => fenced(site, call, () => undefined),
  erase,
  hook: runHook,
};

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
