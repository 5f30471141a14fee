import type { ProviderImplementation } from '@tanker/sdk/index.ts';
import { type SiteOperations, Sites } from '../sites.ts';
import { listClosings } from './closings.ts';
import { checkConfig, type PostgresProviderConfig } from './config.ts';
import { describe } from './describe.ts';
import { erase } from './erase.ts';
import { readPart } from './export-part.ts';
import { beginExport, finishExport, openCompany, releaseExport } from './exports.ts';
import { fenced } from './fence.ts';
import { runHook } from './hooks.ts';
import { importPart } from './import-part.ts';
import { abortImport, beginImport, seal } from './imports.ts';
import { type Installed, install } from './install.ts';
import { drain } from './outbox.ts';
import { publishImport } from './publish.ts';
import { createSite, type Site } from './site.ts';
import { summary } from './summary.ts';

export interface PostgresProvider {
  /** For `serveProvider`. One process serves a location's exports: it holds their snapshots. */
  readonly implementation: ProviderImplementation;
  /** Prepares one server. May be called at every start, and must be after an upgrade. */
  install(server: string): Promise<Installed>;
  /** Ends snapshots and connections. May be called twice. */
  close(): Promise<void>;
}

/**
 * A provider for tables that companies share by a company column. Throws an Error that names the field when the
 * configuration is wrong; the tables themselves are checked by `install`.
 */
export function createPostgresProvider(config: PostgresProviderConfig): PostgresProvider {
  checkConfig(config);
  const sites = new Sites(config, (server) => createSite(config, server));
  return {
    implementation: sites.implement(OPERATIONS),
    install: (server) => install(sites.on(server)),
    close: async () => {
      for (const site of sites.close()) {
        await Promise.all([...site.exports.values()].map((session) => session.end()));
        await Promise.all([site.pool.end(), site.streams.end(), site.control.end()]);
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
  fence: (site, call) => fenced(site, call, { kind: 'other' }, async () => undefined),
  erase,
  hook: runHook,
};
