import { existsSync, readFileSync } from 'node:fs';
import { extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { mistakesOf, Topology } from '@tanker/contract/index.ts';
import { EXIT } from './exit-codes.ts';
import { KEPT_DEMO_FILE, KeptDemo } from './kept-demo.ts';
import { Mistake, usageMistake } from './mistakes.ts';

/** Where a command works: an installation in AWS, or a demo that was kept. */
export interface Installation {
  readonly topology: Topology;
  /** Absent: AWS, by the SDK's own chains of endpoints and credentials. */
  readonly demo?: Pick<KeptDemo, 'endpoint' | 'credentials'>;
}

export interface InstallationOptions {
  /** The kept demo of this directory. */
  readonly demo?: true;
  readonly topology?: string;
}

async function readTopology(path: string): Promise<Topology> {
  const file = resolve(path);
  if (!existsSync(file)) {
    throw usageMistake(
      `There is no topology file ${path}.`,
      'Name the file that was deployed with --topology FILE, or use --demo beside a kept demo.',
    );
  }
  const value = await readValue(file).catch((error: unknown) => {
    throw usageMistake(
      `The topology ${path} can't be read (${(error as Error).name}).`,
      'Name a .json file, or a .ts file with a default export.',
    );
  });
  const parsed = Topology.safeParse(value);
  if (parsed.success) return parsed.data;
  throw usageMistake(
    `The topology ${path} is wrong: ${mistakesOf(parsed.error.issues, 'the file')}.`,
    'Correct it, or name the file that was deployed.',
  );
}

async function readValue(file: string): Promise<unknown> {
  if (extname(file) === '.json') return JSON.parse(readFileSync(file, 'utf8'));
  return ((await import(pathToFileURL(file).href)) as { default?: unknown }).default;
}

function readKeptDemo(file: string): KeptDemo {
  if (!existsSync(file)) {
    throw new Mistake('DemoNotKept', EXIT.unreachable, {
      what: `There is no kept demo: ${file} is not there.`,
      now: 'Nothing was touched.',
      next: 'Start one with `npm run demo -- --keep` and leave it running, or name its file in TANKER_DEMO.',
    });
  }
  try {
    return KeptDemo.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    throw usageMistake(
      `${file} is not what a kept demo leaves (${(error as Error).name}).`,
      'Start the demo again with --keep, or name another file in TANKER_DEMO.',
    );
  }
}

/** The default of --topology: the installation's own, which `npm run synth` reads too. */
const OWN_TOPOLOGY = 'topology.ts';

/**
 * @param keptDemo file of a kept demo elsewhere; it stands for --demo too
 * @throws Mistake when the topology or the kept demo can't be used
 */
export async function findInstallation(
  { demo, topology }: InstallationOptions,
  keptDemo?: string,
): Promise<Installation> {
  if (!demo && !keptDemo) return { topology: await readTopology(topology ?? OWN_TOPOLOGY) };
  const kept = readKeptDemo(keptDemo || KEPT_DEMO_FILE);
  return { topology: await readTopology(topology ?? kept.topology), demo: kept };
}
