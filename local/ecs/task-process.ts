import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { RoleCredentials } from '../lambda/variables.ts';
import type { ContainerOverride, TaskDefinition } from './definition.ts';

const FOLLOW_PARENT = pathToFileURL(path.join(import.meta.dirname, 'follow-parent.mjs')).href;

export interface TaskSurroundings {
  readonly region: string;
  readonly endpoint: string;
  readonly credentials: RoleCredentials;
  readonly clockOffsetMs: number;
}

/**
 * The entry of the image as a process of this machine. Of the task's memory Node's heap may take all; the limit of a
 * container on everything else is not there. Credentials come by variables and not from the container's endpoint.
 */
export function startTaskProcess(
  definition: TaskDefinition,
  overrides: readonly ContainerOverride[],
  { region, endpoint, credentials, clockOffsetMs }: TaskSurroundings,
): ChildProcess {
  const { container, memoryMiB } = definition;
  const own = overrides.find(({ name }) => name === container.name)?.environment ?? [];
  return spawn(
    process.execPath,
    [`--max-old-space-size=${memoryMiB}`, '--import', FOLLOW_PARENT, ...container.entry],
    {
      cwd: container.directory,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: {
        ...container.environment,
        ...Object.fromEntries(own.map(({ name, value }) => [name, value])),
        PATH: process.env['PATH'] ?? '',
        AWS_REGION: region,
        AWS_DEFAULT_REGION: region,
        AWS_EXECUTION_ENV: 'AWS_ECS_FARGATE',
        AWS_ENDPOINT_URL: endpoint,
        AWS_ACCESS_KEY_ID: credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
        AWS_SESSION_TOKEN: credentials.sessionToken,
        TANKER_CLOCK_OFFSET_MS: String(clockOffsetMs),
      },
    },
  );
}
