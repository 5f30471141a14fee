import { existsSync, readFileSync } from 'node:fs';
import { extname, join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseTopology, type Topology } from '@tanker/contract/topology.ts';
import { ROOT } from './paths.ts';

/** The topology can't be used; the message is written for its author. */
export class TopologyRefused extends Error {
  override readonly name = 'TopologyRefused';
}

export interface LoadedTopology {
  readonly topology: Topology;
  /** The file as a person would call it. */
  readonly source: string;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** The named file, else the installation's own topology.ts, else the example that ships. */
function chooseFile(path: string | undefined): string {
  if (path !== undefined) return resolve(path);
  const own = join(ROOT, 'topology.ts');
  return existsSync(own) ? own : join(ROOT, 'topology.example.ts');
}

async function readValue(file: string): Promise<unknown> {
  if (extname(file) === '.json') return JSON.parse(readFileSync(file, 'utf8'));
  const module = (await import(pathToFileURL(file).href)) as { default?: unknown };
  if (module.default === undefined) throw new Error('it has no default export');
  return module.default;
}

/**
 * Reads and checks a topology: a `.ts` file by its default export, or a `.json` file.
 * Throws TopologyRefused with one readable text that names each wrong field.
 */
export async function loadTopology(path?: string): Promise<LoadedTopology> {
  const file = chooseFile(path);
  const source = relative(process.cwd(), file) || file;
  if (!existsSync(file)) {
    throw new TopologyRefused(
      `There is no topology file ${source}; nothing was synthesized. Copy topology.example.ts to topology.ts, or name another file.`,
    );
  }
  if (!['.ts', '.json'].includes(extname(file))) {
    throw new TopologyRefused(
      `The topology ${source} is neither a .ts nor a .json file; nothing was synthesized.`,
    );
  }
  const value = await readValue(file).catch((error: unknown) => {
    throw new TopologyRefused(
      `The topology ${source} can't be read; nothing was synthesized: ${messageOf(error)}`,
      {
        cause: error,
      },
    );
  });
  try {
    return { topology: parseTopology(value, source), source };
  } catch (error) {
    throw new TopologyRefused(messageOf(error), { cause: error });
  }
}
