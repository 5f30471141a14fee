import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Assembly, Resource } from '../assembly/assembly.ts';
import { TemplateUnsupported } from '../assembly/intrinsics.ts';
import type { ClusterDefinition, TaskDefinition } from '../ecs/definition.ts';
import { checkFargateSize } from './limits.ts';
import { arnOf, checkProperties, textOf } from './properties.ts';

const CLUSTER = {
  used: ['ClusterName'],
  ignored: [
    'CapacityProviders',
    'ClusterSettings',
    'Configuration',
    'DefaultCapacityProviderStrategy',
    'Tags',
  ],
};

const TASK_DEFINITION = {
  used: [
    'ContainerDefinitions',
    'Cpu',
    'ExecutionRoleArn',
    'Family',
    'Memory',
    'NetworkMode',
    'RequiresCompatibilities',
    'TaskRoleArn',
  ],
  ignored: ['EphemeralStorage', 'RuntimePlatform', 'Tags'],
};

const CONTAINER = {
  used: ['Environment', 'Essential', 'Image', 'Name', 'StopTimeout'],
  ignored: ['LinuxParameters', 'LogConfiguration', 'ReadonlyRootFilesystem', 'User'],
};

/** Source: ECS API Reference, "ContainerDefinition", stopTimeout. */
const DEFAULT_STOP_TIMEOUT_SECONDS = 30;

interface ContainerProperties {
  readonly Name: string;
  readonly Image: string;
  readonly Environment?: readonly { readonly Name: string; readonly Value: string }[];
  readonly StopTimeout?: number;
}

/** AWS::ECS::Cluster. */
export function readCluster(resource: Resource): ClusterDefinition {
  checkProperties(resource.properties, CLUSTER);
  return { name: resource.ref, arn: arnOf(resource) };
}

/** AWS::ECS::TaskDefinition for Fargate with one container that runs Node. */
export function readTaskDefinition(resource: Resource, assembly: Assembly): TaskDefinition {
  const { properties } = resource;
  checkProperties(properties, TASK_DEFINITION);
  if (properties['NetworkMode'] !== 'awsvpc')
    throw new TemplateUnsupported('a network mode other than awsvpc');
  checkFargateSize(textOf(properties, 'Cpu'), textOf(properties, 'Memory'));
  const containers = (properties['ContainerDefinitions'] ?? []) as ContainerProperties[];
  const [container] = containers;
  if (!container || containers.length > 1) throw new TemplateUnsupported(`${containers.length} containers`);
  checkProperties(container, CONTAINER, 'ContainerDefinitions.');
  const directory = assembly.image(container.Image);
  if (!directory)
    throw new TemplateUnsupported(`image ${container.Image}, which is no asset of the assembly`);
  return {
    family: textOf(properties, 'Family'),
    arn: resource.ref,
    taskRoleArn: properties['TaskRoleArn'] as string | undefined,
    executionRoleArn: properties['ExecutionRoleArn'] as string | undefined,
    cpu: textOf(properties, 'Cpu'),
    memoryMiB: Number(textOf(properties, 'Memory')),
    container: {
      name: container.Name,
      image: container.Image,
      directory,
      entry: nodeEntry(directory),
      environment: {
        ...imageVariables(directory),
        ...Object.fromEntries((container.Environment ?? []).map(({ Name, Value }) => [Name, Value])),
      },
      stopTimeoutSeconds: container.StopTimeout ?? DEFAULT_STOP_TIMEOUT_SECONDS,
    },
  };
}

function dockerfile(directory: string): string {
  const file = path.join(directory, 'Dockerfile');
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

/** The image's ENV, in its form NAME=value NAME=value. */
const imageVariables = (directory: string): Record<string, string> =>
  Object.fromEntries(
    [...dockerfile(directory).matchAll(/^ENV\s+(.*)$/gm)]
      .flatMap(([, line = '']) => line.trim().split(/\s+/))
      .map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  );

/** What follows `node` in the image's ENTRYPOINT; but for it and ENV a Dockerfile has no meaning for a process. */
function nodeEntry(directory: string): string[] {
  const text = dockerfile(directory);
  const entry: unknown = JSON.parse(/^ENTRYPOINT\s+(\[.*\])\s*$/m.exec(text)?.[1] ?? 'null');
  if (Array.isArray(entry) && entry[0] === 'node') return entry.slice(1).map(String);
  throw new TemplateUnsupported(`the image of ${directory}; its ENTRYPOINT must be ["node", …]`);
}
