import { type JsonObject, JsonServiceError } from '../json-protocol.ts';
import {
  type ContainerOverride,
  LARGEST_COUNT,
  LONGEST_CLIENT_TOKEN,
  OVERRIDES_LIMIT_CHARACTERS,
  type TaskDefinition,
} from './definition.ts';

/** What a RunTask asks for, checked. */
export interface RunRequest {
  readonly count: number;
  readonly clientToken: string | undefined;
  readonly startedBy: string | undefined;
  readonly group: string;
  readonly overrides: readonly ContainerOverride[];
}

const MEMBERS = [
  'cluster',
  'clientToken',
  'count',
  'group',
  'launchType',
  'networkConfiguration',
  'overrides',
  'platformVersion',
  'startedBy',
  'taskDefinition',
];

/** Refuses what ECS refuses, and loudly what is not implemented. */
export function readRunRequest(input: JsonObject, definition: TaskDefinition, requestId: string): RunRequest {
  const refuse = (message: string): never => {
    throw new JsonServiceError('InvalidParameterException', message, requestId);
  };
  const unknown = Object.keys(input).filter((name) => !MEMBERS.includes(name) && input[name] !== undefined);
  if (unknown.length > 0) refuse(`The embedded ECS does not implement ${unknown.join(', ')}.`);
  if (input['launchType'] !== 'FARGATE') refuse('The embedded ECS implements launchType FARGATE only.');
  checkNetwork(input['networkConfiguration'], refuse);
  const count = Number(input['count'] ?? 1);
  if (!Number.isInteger(count) || count < 1 || count > LARGEST_COUNT) {
    refuse(`Count must be between 1 and ${LARGEST_COUNT}.`);
  }
  const clientToken = input['clientToken'] as string | undefined;
  if (
    clientToken !== undefined &&
    !(clientToken.length <= LONGEST_CLIENT_TOKEN && /^[!-~]+$/.test(clientToken))
  ) {
    refuse(`clientToken must have up to ${LONGEST_CLIENT_TOKEN} characters in the range of 33 to 126.`);
  }
  return {
    count,
    clientToken,
    startedBy: input['startedBy'] as string | undefined,
    group: (input['group'] as string | undefined) ?? `family:${definition.family}`,
    overrides: readOverrides(input['overrides'], definition, refuse),
  };
}

function checkNetwork(value: unknown, refuse: (message: string) => never): void {
  const vpc = (value as { awsvpcConfiguration?: { subnets?: unknown[] } } | undefined)?.awsvpcConfiguration;
  if (!vpc) refuse("Network Configuration must be provided when networkMode 'awsvpc' is specified.");
  if (!vpc?.subnets?.length) refuse('subnets can not be empty.');
}

function readOverrides(
  value: unknown,
  definition: TaskDefinition,
  refuse: (message: string) => never,
): readonly ContainerOverride[] {
  if (value === undefined) return [];
  if (JSON.stringify(value).length > OVERRIDES_LIMIT_CHARACTERS) {
    refuse(`Container Overrides length must be at most ${OVERRIDES_LIMIT_CHARACTERS}`);
  }
  const { containerOverrides = [], ...others } = value as { containerOverrides?: ContainerOverride[] };
  if (Object.keys(others).length > 0) {
    refuse(`The embedded ECS does not implement overrides of ${Object.keys(others).join(', ')}.`);
  }
  for (const { name, environment: _, ...rest } of containerOverrides) {
    if (name !== definition.container.name) {
      refuse(`Override for container named ${name} is not a container in the TaskDefinition.`);
    }
    const more = Object.keys(rest);
    if (more.length > 0)
      refuse(`The embedded ECS does not implement container overrides of ${more.join(', ')}.`);
  }
  return containerOverrides;
}
