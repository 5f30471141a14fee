import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ACTIONS } from '@tanker/contract/operations.ts';
import {
  type AgentFunction,
  CONTROL_FUNCTIONS,
  type ControlFunction,
  DOCTOR,
  LAUNCH,
  OPEN_EXPIRED,
  REPORT_FAILURE,
  REPORT_STOPPED_TASK,
} from '@tanker/contract/resource-names.ts';
import type { Topology } from '@tanker/contract/topology.ts';
import { build, type Metafile, type Plugin } from 'esbuild';
import { ROOT } from './paths.ts';
import { TRANSFER_DOCKERFILE } from './transfer-image.ts';

/** Name of the topology inside each function's folder: what TOPOLOGY_FILE says. */
export const TOPOLOGY_FILE = 'topology.json';

export const AGENT_FUNCTIONS: readonly AgentFunction[] = [
  ...ACTIONS,
  DOCTOR,
  REPORT_FAILURE,
  OPEN_EXPIRED,
  LAUNCH,
  REPORT_STOPPED_TASK,
];

/** One folder per function, each with index.mjs and the topology: what is uploaded to Lambda as it is. */
export interface Bundles {
  readonly control: Readonly<Record<ControlFunction, string>>;
  readonly agent: Readonly<Record<AgentFunction, string>>;
  /** The context of the transfer task's image: its Dockerfile beside index.mjs and the topology. */
  readonly transfer: string;
  /** What esbuild read and wrote, so that a test can prove what no bundle holds. */
  readonly metafile: Metafile;
}

/** CommonJS packages inside the bundle call require for Node's own modules, which an ES module doesn't have. */
const REQUIRE_FOR_COMMONJS =
  "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

/** zod carries its messages in every language, a fifth of each bundle; the functions speak English. */
const ENGLISH_ONLY: Plugin = {
  name: 'english-only',
  setup({ onLoad }) {
    onLoad({ filter: /zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({
      contents: "export { default as en } from './en.js';",
    }));
  },
};

const folders = <Name extends string>(names: readonly Name[], area: string, outdir: string) =>
  Object.fromEntries(names.map((name) => [name, join(outdir, area, name)])) as Record<Name, string>;

const entries = (names: readonly string[], area: string): [string, string][] =>
  names.map((name) => [`${area}/${name}/index`, join(ROOT, 'lambdas', area, `${name}.lambda.ts`)]);

/**
 * Bundles every handler by one run of esbuild, which reads each shared file once. The AWS SDK goes in, because the
 * copy in Lambda's runtime changes by itself. Names of functions and classes survive minification: stack traces stay
 * readable without source maps, and an error's class is the name that the state machines catch.
 */
export async function bundleFunctions(topology: Topology, outdir: string): Promise<Bundles> {
  const { metafile } = await build({
    entryPoints: Object.fromEntries([
      ...entries(CONTROL_FUNCTIONS, 'control'),
      ...entries(AGENT_FUNCTIONS, 'agent'),
      ['task/transfer/index', join(ROOT, 'lambdas/agent/transfer.task.ts')],
    ]),
    outdir,
    outExtension: { '.js': '.mjs' },
    absWorkingDir: ROOT,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    mainFields: ['module', 'main'],
    banner: { js: REQUIRE_FOR_COMMONJS },
    minify: true,
    keepNames: true,
    legalComments: 'none',
    plugins: [ENGLISH_ONLY],
    metafile: true,
    logLevel: 'error',
  });
  const bundles = {
    control: folders(CONTROL_FUNCTIONS, 'control', outdir),
    agent: folders(AGENT_FUNCTIONS, 'agent', outdir),
    transfer: join(outdir, 'task/transfer'),
  };
  const text = JSON.stringify(topology);
  const all = [...Object.values(bundles.control), ...Object.values(bundles.agent), bundles.transfer];
  for (const folder of all) writeFileSync(join(folder, TOPOLOGY_FILE), text);
  writeFileSync(join(bundles.transfer, 'Dockerfile'), TRANSFER_DOCKERFILE);
  return { ...bundles, metafile };
}
