import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatLocation } from '@tanker/contract/index.ts';
import type { Client } from 'pg';
import { type Stage, startStage } from '../../demo/stage.ts';
import { neighbourFingerprints } from '../../demo/world/checks.ts';
import { documentNeighbours } from '../../demo/world/document-checks.ts';
import { LOCATIONS, type TopologyOptions, type WorldLocation } from '../../demo/world/topology.ts';
import { demoCompanies } from '../../demo/world/world.ts';
import type { CloudEvent } from '../../local/events/rules.ts';
import { type ProvidersOfAnnex, startProvidersOfAnnex } from './annex.ts';
import { listenToBus } from './bus.ts';

/** The one world of all system tests, what its neighbours were before anybody moved, and what its bus has told since. */
export interface SystemStage extends Stage {
  readonly neighbours: ReadonlyMap<string, string>;
  readonly heard: readonly CloudEvent[];
}

/** Companies that no test moves. */
export const NEIGHBOURS = demoCompanies()
  .slice(1)
  .map(({ company }) => company);
const ROWS = 300;
/** Fewer than providers, so that they queue up, and so that tests beside each other start fewer processes. */
const LANES = 2;

let annex: ProvidersOfAnnex | undefined;
let starting: Promise<SystemStage> | undefined;
const directory = mkdtempSync(join(tmpdir(), 'tanker-system-'));

/**
 * Started by the test that asks first. Tests beside each other share it, each with a company of its own.
 *
 * @param options where this file's world differs from others'; the same at every call
 */
export function theStage(options: TopologyOptions = {}): Promise<SystemStage> {
  starting ??= start(options);
  return starting;
}

async function start(options: TopologyOptions): Promise<SystemStage> {
  annex = await startProvidersOfAnnex();
  const stage = await startStage({
    directory,
    annexes: [annex.annex],
    lanes: LANES,
    ...options,
    companies: demoCompanies()
      .slice(1)
      .map((company) => ({ ...company, rows: ROWS })),
  });
  return { ...stage, neighbours: await readNeighbours(stage), heard: listenToBus(stage) };
}

export async function stopStage(): Promise<void> {
  const stage = await starting?.catch(() => undefined);
  await Promise.all([stage?.stop(), annex?.stop()]);
  rmSync(directory, { recursive: true, force: true });
}

/** A copy of companies: one server's database and the directory of its documents. */
export interface Copy {
  readonly client: Client;
  readonly files: string;
}

/** Runs checks on a client of their own: a transaction of one test must not meet another test's statements. */
export async function onCopy<T>(
  { world }: Stage,
  { datacenter, server }: WorldLocation,
  work: (copy: Copy) => Promise<T>,
): Promise<T> {
  const client = await world.connect(datacenter, server);
  try {
    return await work({ client, files: world.filesOf(datacenter, server) });
  } finally {
    await client.end();
  }
}

/** A fingerprint of everything of the neighbours, by company and location. */
export async function readNeighbours(stage: Stage): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const location of LOCATIONS) {
    const prints = await onCopy(stage, location, async ({ client, files }) => [
      ...(await neighbourFingerprints(client, [])),
      ...[...documentNeighbours(files, [])].map(([name, print]) => [`documents of ${name}`, print] as const),
    ]);
    for (const [name, print] of prints) {
      const isNeighbour = NEIGHBOURS.some(
        (company) => name === company || name === `documents of ${company}`,
      );
      if (isNeighbour) found.set(`${name} in ${formatLocation(location)}`, print);
    }
  }
  return found;
}
