import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TopologyInput } from '@tanker/contract/topology.ts';
import exampleTopology from '../../topology.example.ts';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

// biome-ignore lint/suspicious/noExplicitAny: a template is JSON without types, and a wrong guess fails the test
type Json = any;

export interface Resource {
  readonly Type: string;
  readonly Properties: Record<string, Json>;
  readonly DeletionPolicy?: string;
  readonly DependsOn?: readonly string[];
}
export interface Template {
  readonly text: string;
  readonly Resources: Readonly<Record<string, Resource>>;
}
export interface Image {
  readonly platform: string;
  readonly dockerfile: string;
  readonly files: readonly string[];
}
export interface Synthesized {
  readonly stacks: Readonly<Record<string, Template>>;
  /** Of the container images, by their stack: the platform, and what stands in the context they are built of. */
  readonly images: Readonly<Record<string, Image>>;
  readonly manifest: { readonly artifacts: Record<string, { type: string; dependencies?: string[] }> };
}

/**
 * The templates as the CDK app itself writes them. In a process of its own: loading the CDK inside Jest takes longer
 * than the whole run.
 */
export function synthesize(options: { topology?: TopologyInput; nag: boolean }): Synthesized {
  const folder = mkdtempSync(join(tmpdir(), 'tanker-synth-'));
  try {
    const output = join(folder, 'cdk.out');
    const args = [join(ROOT, 'bin/tanker.ts'), '--output', output, ...(options.nag ? [] : ['--no-nag'])];
    if (options.topology) {
      const file = join(folder, 'topology.json');
      writeFileSync(file, JSON.stringify(options.topology));
      args.push('--topology', file);
    } else args.push('--topology', join(ROOT, 'topology.example.ts'));
    execFileSync(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    return read(output);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

let example: Synthesized | undefined;

/** The templates of the example, with cdk-nag on, which changes nothing in them; made once for all tests of a file. */
export function synthesizedExample(): Synthesized {
  example ??= synthesize({ nag: true });
  return example;
}

/** The network that the topology of {@link synthesizedRegion} names. */
export const NETWORK = {
  vpcId: 'vpc-0a1b2c3d4e5f60718',
  subnetIds: ['subnet-0a1b2c3d4e5f60718', 'subnet-0a1b2c3d4e5f60719'],
  securityGroupIds: ['sg-0a1b2c3d4e5f60718'],
};

let region: Synthesized | undefined;

/**
 * The example's two datacenters in one region, named acme: `us` in a network that the topology names, `eu` in one of
 * its own, with transfer tasks for x86-64 and cdk-nag on; made once for all tests of a file.
 */
export function synthesizedRegion(): Synthesized {
  const [us, eu] = exampleTopology.datacenters;
  if (!us || !eu) throw new Error('The example has two datacenters.');
  const one = { region: 'eu-west-1' };
  const topology: TopologyInput = {
    ...exampleTopology,
    installation: 'acme',
    datacenters: [
      { ...us, ...one, vpc: NETWORK },
      { ...eu, ...one },
    ],
    fargate: { architecture: 'x86-64' },
  };
  region ??= synthesize({ topology, nag: true });
  return region;
}

function read(output: string): Synthesized {
  const stacks = readdirSync(output)
    .filter((name) => name.endsWith('.template.json'))
    .map((name) => {
      const text = readFileSync(join(output, name), 'utf8');
      return [name.replace('.template.json', ''), { text, ...JSON.parse(text) } as Template] as const;
    });
  const manifest = JSON.parse(readFileSync(join(output, 'manifest.json'), 'utf8'));
  return { stacks: Object.fromEntries(stacks), images: images(output), manifest };
}

function images(output: string): Record<string, Image> {
  const found = readdirSync(output).filter((name) => name.endsWith('.assets.json'));
  return Object.fromEntries(
    found.flatMap((name) => {
      const { dockerImages = {} } = JSON.parse(readFileSync(join(output, name), 'utf8'));
      return Object.values<Json>(dockerImages).map(({ source: { directory, platform } }) => {
        const context = join(output, directory);
        const dockerfile = readFileSync(join(context, 'Dockerfile'), 'utf8');
        return [name.replace('.assets.json', ''), { platform, dockerfile, files: readdirSync(context) }];
      });
    }),
  );
}

export const ofType = (template: Template, type: string): Resource[] =>
  Object.values(template.Resources).filter((resource) => resource.Type === type);

export function only(template: Template, type: string): Resource {
  const found = ofType(template, type);
  if (found.length !== 1) throw new Error(`${found.length} resources of type ${type}, expected one.`);
  return found[0] as Resource;
}

export interface Right {
  readonly action: string;
  readonly resource: unknown;
  readonly condition?: unknown;
}

/** Every right of a function or a state machine, one action on one resource at a time. */
export function rightsOf(template: Template, caller: Resource): Right[] {
  const roleId = (caller.Properties['Role'] ?? caller.Properties['RoleArn'])['Fn::GetAtt'][0] as string;
  const list = <T>(value: T | T[]): T[] => (Array.isArray(value) ? value : [value]);
  return ofType(template, 'AWS::IAM::Policy')
    .filter(({ Properties }) => Properties['Roles'].some((role: Json) => role.Ref === roleId))
    .flatMap(({ Properties }) => Properties['PolicyDocument'].Statement as Json[])
    .flatMap((statement) =>
      list<string>(statement.Action).flatMap((action) =>
        list<unknown>(statement.Resource).map((resource) => ({
          action,
          resource,
          condition: statement.Condition,
        })),
      ),
    );
}

export function functionNamed(template: Template, name: string): Resource {
  const found = ofType(template, 'AWS::Lambda::Function').find(
    (fn) => fn.Properties['FunctionName'] === name,
  );
  if (!found) throw new Error(`The template has no function ${name}.`);
  return found;
}
