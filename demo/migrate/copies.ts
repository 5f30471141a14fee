import { formatLocation } from '@tanker/contract/index.ts';
import type { Client } from 'pg';
import { neighbourFingerprints } from '../world/checks.ts';
import {
  type DocumentPrints,
  differingDocuments,
  documentNeighbours,
  filesOnDisk,
  readDocuments,
} from '../world/document-checks.ts';
import { LOCATIONS, type WorldLocation } from '../world/topology.ts';
import type { World } from '../world/world.ts';
import { countRows, differingSeeded, readSeeded, type SeededTable } from './seeded-rows.ts';

/** A server as the checks look at it: its database, and the directory of its documents. */
export interface Copy {
  readonly location: WorldLocation;
  readonly client: Client;
  readonly files: string;
}

/** The caller ends its client. */
export const openCopy = async (world: World, location: WorldLocation): Promise<Copy> => ({
  location,
  client: await world.connect(location.datacenter, location.server),
  files: world.filesOf(location.datacenter, location.server),
});

/** What a company had before its customers wrote: rows and documents. */
export interface SeededData {
  readonly tables: readonly SeededTable[];
  readonly documents: DocumentPrints;
}

export const readSeededData = async ({ client, files }: Copy, company: string): Promise<SeededData> => ({
  tables: await readSeeded(client, company),
  documents: readDocuments(files, company),
});

/** What of it is not what it was: tables by name, documents by their count. */
export async function differingData(copy: Copy, company: string, before: SeededData): Promise<string[]> {
  const documents = differingDocuments(copy.files, company, before.documents);
  const tables = await differingSeeded(copy.client, company, before.tables);
  return documents.length > 0 ? [...tables, `${documents.length} documents`] : tables;
}

/** Rows of the company in every table of the product, and its files on the disk. */
export const countData = async ({ client, files }: Copy, company: string): Promise<number> =>
  (await countRows(client, company)) + filesOnDisk(files, company).length;

/** A fingerprint of the rows and one of the documents of every other company, on every server of the world. */
export async function fingerprintNeighbours(
  world: World,
  company: string,
): Promise<ReadonlyMap<string, string>> {
  const prints = new Map<string, string>();
  for (const location of LOCATIONS) {
    const { client, files } = await openCopy(world, location);
    const documents = documentNeighbours(files, [company]);
    try {
      for (const [name, print] of await neighbourFingerprints(client, [company])) {
        prints.set(`${name} at ${formatLocation(location)}`, `${print} ${documents.get(name) ?? ''}`);
      }
    } finally {
      await client.end();
    }
  }
  return prints;
}
