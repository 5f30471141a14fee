import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Topology } from '@tanker/contract/topology.ts';
import { App, Tags, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import type { Bundles } from './bundle.ts';
import { ControlStack } from './control-stack.ts';
import { DatacenterStack } from './datacenter-stack.ts';
import { ROOT } from './paths.ts';
import { INSTALLATION_TAG } from './tags.ts';

export interface AppProps {
  readonly topology: Topology;
  readonly bundles: Bundles;
  /** Where `synth()` writes the assembly. */
  readonly outdir: string;
  /** Whether `synth()` refuses what cdk-nag's AwsSolutions pack finds. */
  readonly nag: boolean;
}

/** The CDK's feature flags as the CLI would pass them: the templates are the same with and without it. */
const featureFlags = (): Record<string, unknown> =>
  (JSON.parse(readFileSync(join(ROOT, 'cdk.json'), 'utf8')) as { context: Record<string, unknown> }).context;

/** The whole installation: one control stack, and one stack for each datacenter. Call `synth()` on what it returns. */
export function buildApp({ topology, bundles, outdir, nag }: AppProps): App {
  const app = new App({ outdir, autoSynth: false, analyticsReporting: false, context: featureFlags() });
  new ControlStack(app, topology, bundles);
  for (const datacenter of topology.datacenters) new DatacenterStack(app, topology, datacenter, bundles);
  Tags.of(app).add(INSTALLATION_TAG, topology.installation);
  if (nag) Validations.of(app).addPlugins(new AwsSolutionsChecks(app, { verbose: true }));
  return app;
}
