import { statSync } from 'node:fs';
import type { Assembly, Resource } from '../assembly/assembly.ts';
import { TemplateUnsupported } from '../assembly/intrinsics.ts';
import type { EventInvokeConfig, FunctionDefinition } from '../lambda/definition.ts';
import { arnOf, checkProperties, textOf } from './properties.ts';

const FUNCTION = {
  used: [
    'Code',
    'Environment',
    'FunctionName',
    'Handler',
    'MemorySize',
    'ReservedConcurrentExecutions',
    'Role',
    'Runtime',
    'Timeout',
  ],
  ignored: [
    'Architectures',
    'Description',
    'EphemeralStorage',
    'LoggingConfig',
    'RecursiveLoop',
    'RuntimeManagementConfig',
    'Tags',
    'TracingConfig',
  ],
};

const EVENT_INVOKE_CONFIG = {
  used: ['DestinationConfig', 'FunctionName', 'MaximumEventAgeInSeconds', 'MaximumRetryAttempts'],
  ignored: [],
};

/** Lambda's defaults. Source: CloudFormation, AWS::Lambda::Function. */
const DEFAULTS = { timeoutSeconds: 3, memoryMb: 128 };

interface FunctionProperties {
  readonly Code?: { readonly S3Key?: string };
  readonly Environment?: { readonly Variables?: Record<string, unknown> };
  readonly Runtime?: string;
  readonly Timeout?: number | string;
  readonly MemorySize?: number | string;
  readonly ReservedConcurrentExecutions?: number;
}

/** AWS::Lambda::Function with the AWS::Lambda::EventInvokeConfig that names it. */
export function readFunction(resource: Resource, assembly: Assembly): FunctionDefinition {
  checkProperties(resource.properties, FUNCTION);
  const properties = resource.properties as FunctionProperties;
  if (!properties.Runtime?.startsWith('nodejs')) {
    throw new TemplateUnsupported(
      `runtime ${properties.Runtime ?? '(a container image)'}; only Node.js is implemented`,
    );
  }
  const variables = Object.entries(properties.Environment?.Variables ?? {});
  return {
    name: resource.ref,
    arn: arnOf(resource),
    codeDirectory: codeDirectory(properties.Code?.S3Key, assembly),
    handler: textOf(resource.properties, 'Handler'),
    environment: Object.fromEntries(variables.map(([name, value]) => [name, String(value)])),
    timeoutSeconds: Number(properties.Timeout ?? DEFAULTS.timeoutSeconds),
    memoryMb: Number(properties.MemorySize ?? DEFAULTS.memoryMb),
    roleArn: textOf(resource.properties, 'Role'),
    reservedConcurrency: properties.ReservedConcurrentExecutions,
    eventInvokeConfig: eventInvokeConfig(resource, assembly),
  };
}

function codeDirectory(key: string | undefined, assembly: Assembly): string {
  const found = key === undefined ? undefined : assembly.asset(key);
  if (!found) throw new TemplateUnsupported(`its code ${key ?? '(inline)'} is no asset of the assembly`);
  if (!statSync(found).isDirectory())
    throw new TemplateUnsupported(`its code ${found} is a file, not a directory`);
  return found;
}

function eventInvokeConfig(resource: Resource, assembly: Assembly): EventInvokeConfig | undefined {
  const found = assembly.resources.find(
    ({ type, region, properties }) =>
      type === 'AWS::Lambda::EventInvokeConfig' &&
      region === resource.region &&
      (properties['FunctionName'] === resource.ref || properties['FunctionName'] === arnOf(resource)),
  );
  if (!found) return undefined;
  const { Qualifier, ...properties } = found.properties;
  if (Qualifier !== '$LATEST')
    throw new TemplateUnsupported(`EventInvokeConfig of ${Qualifier}, not of $LATEST`);
  checkProperties(properties, EVENT_INVOKE_CONFIG, 'EventInvokeConfig.');
  const destinations = (properties['DestinationConfig'] ?? {}) as { OnFailure?: { Destination?: string } };
  checkProperties(destinations, { used: ['OnFailure'], ignored: [] }, 'EventInvokeConfig.DestinationConfig.');
  return {
    maximumRetryAttempts: properties['MaximumRetryAttempts'] as number | undefined,
    maximumEventAgeSeconds: properties['MaximumEventAgeInSeconds'] as number | undefined,
    onFailure: destinations.OnFailure?.Destination,
  };
}
