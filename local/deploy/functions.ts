import { statSync } from 'node:fs';
import type { Assembly, Resource } from '../assembly/assembly.ts';
import { TemplateUnsupported } from '../assembly/intrinsics.ts';
import { isAccessDenied } from '../hooks.ts';
import type { Iam } from '../iam/iam.ts';
import type { EventInvokeConfig, FunctionDefinition } from '../lambda/definition.ts';
import { deliveryCall } from '../lambda/destination.ts';
import { checkName, numberIn } from './limits.ts';
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

/** All variables together, names and values, as JSON. Source: Lambda quotas, "Environment variables". */
const ENVIRONMENT_LIMIT_BYTES = 4 * 1024;

/** Names that Lambda keeps for itself. Source: Lambda, "Defined runtime environment variables". */
const RESERVED_VARIABLES =
  /^(_HANDLER|_X_AMZN_TRACE_ID|AWS_(DEFAULT_REGION|REGION|EXECUTION_ENV|ACCESS_KEY|ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN|LAMBDA_\w+)|LAMBDA_(TASK_ROOT|RUNTIME_DIR))$/;

/** Where the record of an invocation that is given up may go here. */
const DESTINATIONS: ReadonlySet<string> = new Set(['AWS::Lambda::Function', 'AWS::SQS::Queue']);

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
export function readFunction(resource: Resource, assembly: Assembly, iam: Iam): FunctionDefinition {
  checkProperties(resource.properties, FUNCTION);
  checkName('function', resource.ref);
  const properties = resource.properties as FunctionProperties;
  if (!properties.Runtime?.startsWith('nodejs')) {
    throw new TemplateUnsupported(
      `runtime ${properties.Runtime ?? '(a container image)'}; only Node.js is implemented`,
    );
  }
  const variables = Object.entries(properties.Environment?.Variables ?? {});
  const environment = Object.fromEntries(variables.map(([name, value]) => [name, String(value)]));
  const timeoutSeconds = numberIn('Timeout', properties.Timeout) ?? DEFAULTS.timeoutSeconds;
  const memoryMb = numberIn('MemorySize', properties.MemorySize) ?? DEFAULTS.memoryMb;
  checkEnvironment(environment);
  const invokeConfig = eventInvokeConfig(resource, assembly);
  assertTold(resource, invokeConfig?.onFailure, assembly, iam);
  return {
    name: resource.ref,
    arn: arnOf(resource),
    codeDirectory: codeDirectory(properties.Code?.S3Key, assembly),
    handler: textOf(resource.properties, 'Handler'),
    environment,
    timeoutSeconds,
    memoryMb,
    roleArn: textOf(resource.properties, 'Role'),
    reservedConcurrency: properties.ReservedConcurrentExecutions,
    eventInvokeConfig: invokeConfig,
  };
}

/** The words are Lambda's own. Reserved names: Lambda, "Defined runtime environment variables". */
function checkEnvironment(environment: Readonly<Record<string, string>>): void {
  const bytes = Buffer.byteLength(JSON.stringify(environment));
  if (bytes > ENVIRONMENT_LIMIT_BYTES) {
    throw new TemplateUnsupported(
      `Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit: ${bytes} bytes`,
    );
  }
  const reserved = Object.keys(environment).filter((name) => RESERVED_VARIABLES.test(name));
  if (reserved.length === 0) return;
  throw new TemplateUnsupported(
    `Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys that are currently not supported for modification: ${reserved.join(', ')}`,
  );
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
    maximumRetryAttempts: numberIn(
      'EventInvokeConfig.MaximumRetryAttempts',
      properties['MaximumRetryAttempts'],
    ),
    maximumEventAgeSeconds: numberIn(
      'EventInvokeConfig.MaximumEventAgeInSeconds',
      properties['MaximumEventAgeInSeconds'],
    ),
    onFailure: destinations.OnFailure?.Destination,
  };
}

/**
 * Refuses a destination that is not there, or that the function's role may not send to. Lambda tries both when the
 * configuration is put. Source: Lambda API reference, PutFunctionEventInvokeConfig; the words before the bracket are its
 * own.
 */
function assertTold(fn: Resource, destination: string | undefined, assembly: Assembly, iam: Iam): void {
  if (destination === undefined) return;
  if (destination === arnOf(fn)) {
    throw new TemplateUnsupported(
      "InvalidParameterValueException: You can't specify the function as a destination for itself.",
    );
  }
  const refused = (why: string) =>
    new TemplateUnsupported(
      `InvalidParameterValueException: The provided destination config DestinationConfig(onSuccess=null, onFailure=OnFailure(destination=${destination})) is invalid. (${why})`,
    );
  const isThere = assembly.resources.some((one) => DESTINATIONS.has(one.type) && arnOf(one) === destination);
  if (!isThere) throw refused("the assembly doesn't hold it as a function or a queue");
  try {
    iam.authorizeRole(textOf(fn.properties, 'Role'), deliveryCall(destination));
  } catch (error) {
    if (!isAccessDenied(error)) throw error;
    throw refused(error.message);
  }
}
