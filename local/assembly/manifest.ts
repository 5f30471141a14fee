import { readFileSync } from 'node:fs';
import path from 'node:path';

/** One stack of a synthesized assembly, its template unresolved. */
export interface StackTemplate {
  readonly name: string;
  readonly region: string;
  readonly account: string;
  readonly template: Template;
  /** Where the asset with this object key lies on disk: a directory (zip packaging) or a file. */
  readonly assets: ReadonlyMap<string, string>;
  /** Where the context of the container image with this tag lies on disk. */
  readonly images: ReadonlyMap<string, string>;
}

export interface Template {
  readonly Resources?: Readonly<Record<string, TemplateResource>>;
  readonly Conditions?: Readonly<Record<string, unknown>>;
  readonly Parameters?: Readonly<Record<string, { readonly Default?: unknown }>>;
}

export interface TemplateResource {
  readonly Type: string;
  readonly Condition?: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
}

/** The directory holds no assembly that can be read. */
export class AssemblyUnreadable extends Error {
  override readonly name = 'AssemblyUnreadable';
}

interface Artifact {
  readonly type: string;
  readonly environment?: string;
  readonly properties?: {
    readonly templateFile?: string;
    readonly stackName?: string;
    readonly file?: string;
    readonly directoryName?: string;
  };
}

interface AssetManifest {
  readonly files?: Readonly<
    Record<
      string,
      {
        readonly source: { readonly path?: string };
        readonly destinations: Readonly<Record<string, { readonly objectKey: string }>>;
      }
    >
  >;
  readonly dockerImages?: Readonly<
    Record<
      string,
      {
        readonly source: { readonly directory?: string };
        readonly destinations: Readonly<Record<string, { readonly imageTag: string }>>;
      }
    >
  >;
}

/** Account of stacks that name none. */
const DEFAULT_ACCOUNT = '000000000000';

/** Reads cdk.out and the assemblies nested in it (stages). Source: the CDK's cloud assembly schema. */
export function readStacks(directory: string): StackTemplate[] {
  const manifest = readJson<{ artifacts?: Record<string, Artifact> }>(path.join(directory, 'manifest.json'));
  const artifacts = Object.entries(manifest.artifacts ?? {});
  const assets = new Map<string, string>();
  const images = new Map<string, string>();
  for (const [, artifact] of artifacts) {
    if (artifact.type !== 'cdk:asset-manifest' || !artifact.properties?.file) continue;
    const found = readJson<AssetManifest>(path.join(directory, artifact.properties.file));
    for (const file of Object.values(found.files ?? {})) {
      for (const { objectKey } of Object.values(file.destinations)) {
        if (file.source.path) assets.set(objectKey, path.resolve(directory, file.source.path));
      }
    }
    for (const image of Object.values(found.dockerImages ?? {})) {
      for (const { imageTag } of Object.values(image.destinations)) {
        if (image.source.directory) images.set(imageTag, path.resolve(directory, image.source.directory));
      }
    }
  }
  return artifacts.flatMap(([id, artifact]) => {
    if (artifact.type === 'cdk:cloud-assembly') {
      return readStacks(path.join(directory, artifact.properties?.directoryName ?? id));
    }
    return artifact.type === 'aws:cloudformation:stack'
      ? [readStack(directory, id, artifact, { assets, images })]
      : [];
  });
}

function readStack(
  directory: string,
  id: string,
  artifact: Artifact,
  found: Pick<StackTemplate, 'assets' | 'images'>,
): StackTemplate {
  const name = artifact.properties?.stackName ?? id;
  const [, account, region] = /^aws:\/\/([^/]+)\/([^/]+)$/.exec(artifact.environment ?? '') ?? [];
  if (!account || !region || region === 'unknown-region') {
    throw new AssemblyUnreadable(
      `Stack ${name} names no region (environment ${artifact.environment}). Give it env: {account, region} and synthesize again.`,
    );
  }
  return {
    name,
    region,
    account: account === 'unknown-account' ? DEFAULT_ACCOUNT : account,
    template: readJson<Template>(path.join(directory, artifact.properties?.templateFile ?? '')),
    ...found,
  };
}

function readJson<T>(file: string): T {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as T;
  } catch (error) {
    throw new AssemblyUnreadable(
      `${file} can't be read as part of a CDK assembly: ${(error as Error).message}. Synthesize first (cdk synth).`,
    );
  }
}
