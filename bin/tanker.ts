import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { buildApp } from '../lib/app.ts';
import { bundleFunctions } from '../lib/bundle.ts';
import { loadTopology, TopologyRefused } from '../lib/load-topology.ts';
import { refuseTooLarge, TemplatesTooLarge } from '../lib/template-limits.ts';

/**
 * Synthesizes the stacks, for the CDK CLI (which passes CDK_OUTDIR and CDK_CONTEXT_JSON) and without it:
 * `node bin/tanker.ts [--topology FILE] [--output DIR] [--no-nag]`, the CLI's `-c topology=FILE` and `-c nag=false`.
 * Without nag the CDK's own check of the templates is left out too, which takes longer than all the rest.
 */
function settings() {
  const { values } = parseArgs({
    options: { topology: { type: 'string' }, output: { type: 'string' }, nag: { type: 'boolean' } },
    allowNegative: true,
  });
  const context = JSON.parse(process.env['CDK_CONTEXT_JSON'] ?? '{}') as Record<string, unknown>;
  return {
    topology: values.topology ?? (context['topology'] as string | undefined),
    outdir: resolve(values.output ?? process.env['CDK_OUTDIR'] ?? 'cdk.out'),
    nag: values.nag ?? String(context['nag'] ?? 'true') !== 'false',
  };
}

async function main(): Promise<void> {
  const { topology: path, outdir, nag } = settings();
  if (!nag) process.env['CDK_VALIDATION'] = 'false';
  const { topology, source } = await loadTopology(path);
  console.error(`Topology: ${source}`);
  const folder = mkdtempSync(join(tmpdir(), 'tanker-bundles-'));
  try {
    const bundles = await bundleFunctions(topology, folder);
    const { stacks } = buildApp({ topology, bundles, outdir, nag }).synth();
    refuseTooLarge(
      stacks.map(({ stackName, templateFullPath }) => ({
        stack: stackName,
        text: readFileSync(templateFullPath, 'utf8'),
      })),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

try {
  await main();
} catch (error) {
  const isForTheAuthor = error instanceof TopologyRefused || error instanceof TemplatesTooLarge;
  console.error(isForTheAuthor ? error.message : error);
  process.exitCode = 1;
}
