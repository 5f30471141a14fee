import {
  CONTRACT_VERSION,
  type Describe,
  type HookName,
  MAX_FIELDS_BYTES,
  TankerError,
} from '@tanker/contract/index.ts';
import type { ProviderCall } from '@tanker/sdk/index.ts';
import { readCollections } from './catalog.ts';
import { FORMAT } from './config.ts';
import type { Site } from './site.ts';
import { beginSnapshot, transaction } from './transaction.ts';

export async function describe(site: Site, call: ProviderCall): Promise<Describe> {
  const { config, schema } = site;
  const { rows } = await site.pool.query<{ incarnation: string }>(`SELECT ${schema}.incarnation()`);
  const hooks = Object.keys(config.hooks ?? {}) as HookName[];
  const fields = await readFields(site, call.signal);
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
    ...(fields ? { fields } : {}),
    now: site.now(),
  };
}

/** Tables that can't be worked with have no fields here: every other call refuses them with the reason. */
async function readFields(site: Site, signal: AbortSignal): Promise<Describe['fields']> {
  try {
    const tables = await transaction(site, beginSnapshot(), signal, (client) =>
      readCollections(client, site),
    );
    const fields = Object.fromEntries(
      tables.map((table) => [
        table.name,
        table.columns.map(({ name, type, required }) => ({
          name,
          type,
          required: required || name === table.companyColumn,
        })),
      ]),
    );
    return Buffer.byteLength(JSON.stringify(fields)) > MAX_FIELDS_BYTES ? undefined : fields;
  } catch (error) {
    if (error instanceof TankerError) return undefined;
    throw error;
  }
}
