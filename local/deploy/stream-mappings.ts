import type { Assembly, Resource } from '../assembly/assembly.ts';
import { TemplateUnsupported } from '../assembly/intrinsics.ts';
import { compilePattern, type Matcher } from '../events/pattern.ts';
import type { Iam } from '../iam/iam.ts';
import { deliveryCall } from '../lambda/destination.ts';
import { STREAM_ACTIONS, type StreamMapping } from '../streams/mapping.ts';
import { numberIn } from './limits.ts';
import { arnOf, checkProperties, textOf } from './properties.ts';

const MAPPING = {
  used: [
    'BatchSize',
    'BisectBatchOnFunctionError',
    'DestinationConfig',
    'Enabled',
    'EventSourceArn',
    'FilterCriteria',
    'FunctionName',
    'FunctionResponseTypes',
    'MaximumRecordAgeInSeconds',
    'MaximumRetryAttempts',
    'StartingPosition',
  ],
  ignored: ['Tags'],
};

/** The least age that Lambda takes, except for -1, which is none. Source: API reference, CreateEventSourceMapping. */
const LEAST_AGE_SECONDS = 60;

/** Filters of one mapping. Source: Lambda, "Control which events Lambda sends to your function". */
const MOST_FILTERS = 5;

/** What a filter may look at: `dynamodb` by the documentation, and `eventName` by what was recorded. */
const FILTERED = new Set(['dynamodb', 'eventName']);

/**
 * AWS::Lambda::EventSourceMapping of a table's stream. Refuses what Lambda refuses when the mapping is made, a role that
 * may not read the stream among it; undefined when the mapping is switched off.
 */
export function readStreamMapping(
  resource: Resource,
  assembly: Assembly,
  iam: Iam,
): StreamMapping | undefined {
  const { properties, region } = resource;
  checkProperties(properties, MAPPING);
  const streamArn = textOf(properties, 'EventSourceArn');
  if (!/^arn:aws:dynamodb:[^:]+:\d+:table\/[^/]+\/stream\//.test(streamArn)) {
    throw new TemplateUnsupported(`event source ${streamArn}; only streams of tables are implemented`);
  }
  checkPosition(properties['StartingPosition']);
  const fn = functionOf(resource, assembly);
  const mapping = {
    region,
    streamArn,
    functionArn: arnOf(fn),
    roleArn: textOf(fn.properties, 'Role'),
    batchSize: numberIn('BatchSize', properties['BatchSize']) ?? 100,
    filters: readFilters(properties['FilterCriteria']),
    bisects: properties['BisectBatchOnFunctionError'] === true,
    reportsFailures: readResponseTypes(properties['FunctionResponseTypes']),
    ...limitsOf(properties),
    ...destinationOf(properties['DestinationConfig'], assembly),
  };
  assertReadable(mapping, iam);
  assertTold(mapping, iam);
  return properties['Enabled'] === false ? undefined : mapping;
}

/** A mapping is here before the first record, so that both positions are the same. */
function checkPosition(position: unknown): void {
  if (position === 'TRIM_HORIZON' || position === 'LATEST') return;
  throw new TemplateUnsupported(`StartingPosition ${position}; of a table's stream TRIM_HORIZON and LATEST`);
}

function functionOf(mapping: Resource, assembly: Assembly): Resource {
  const name = textOf(mapping.properties, 'FunctionName');
  const found = assembly.resources.find(
    (one) =>
      one.type === 'AWS::Lambda::Function' &&
      one.region === mapping.region &&
      (one.ref === name || arnOf(one) === name),
  );
  if (!found) throw new TemplateUnsupported(`function ${name}, which the assembly doesn't hold`);
  return found;
}

/** -1 is Lambda's word for no limit. */
function limitsOf(
  properties: Readonly<Record<string, unknown>>,
): Pick<StreamMapping, 'maximumRetryAttempts' | 'maximumRecordAgeSeconds'> {
  const retries = numberIn('MaximumRetryAttempts', properties['MaximumRetryAttempts']) ?? -1;
  const age = numberIn('MaximumRecordAgeInSeconds', properties['MaximumRecordAgeInSeconds']) ?? -1;
  if (age !== -1 && age < LEAST_AGE_SECONDS) {
    throw new TemplateUnsupported(`MaximumRecordAgeInSeconds ${age}, which is below ${LEAST_AGE_SECONDS}`);
  }
  return {
    ...(retries !== -1 && { maximumRetryAttempts: retries }),
    ...(age !== -1 && { maximumRecordAgeSeconds: age }),
  };
}

function readFilters(criteria: unknown): Matcher[] {
  const { Filters = [] } = (criteria ?? {}) as { Filters?: { Pattern?: string }[] };
  if (Filters.length > MOST_FILTERS)
    throw new TemplateUnsupported(`${Filters.length} filters, over ${MOST_FILTERS}`);
  return Filters.map(({ Pattern = '{}' }) => {
    const pattern = parsePattern(Pattern);
    const others = Object.keys(pattern).filter((key) => !FILTERED.has(key));
    if (others.length > 0) {
      throw new TemplateUnsupported(
        `a filter on ${others.join(', ')}; mappings of DynamoDB filter on dynamodb`,
      );
    }
    return compilePattern(pattern);
  });
}

/** Recorded words. */
function parsePattern(text: string): object {
  try {
    const pattern: unknown = JSON.parse(text);
    if (typeof pattern === 'object' && pattern !== null && !Array.isArray(pattern)) return pattern;
  } catch {
    // Answered below, like JSON that is no object.
  }
  throw new TemplateUnsupported('Invalid filter pattern definition.');
}

function readResponseTypes(types: unknown): boolean {
  if (types === undefined) return false;
  const unknown = (types as unknown[]).filter((type) => type !== 'ReportBatchItemFailures');
  if (unknown.length > 0) throw new TemplateUnsupported(`FunctionResponseTypes ${unknown.join(', ')}`);
  return (types as unknown[]).length > 0;
}

function destinationOf(config: unknown, assembly: Assembly): Pick<StreamMapping, 'onFailure'> {
  const { OnFailure } = (config ?? {}) as { OnFailure?: { Destination?: string } };
  const onFailure = OnFailure?.Destination;
  if (onFailure === undefined) return {};
  const isQueue = assembly.resources.some(
    (one) => one.type === 'AWS::SQS::Queue' && arnOf(one) === onFailure,
  );
  if (!isQueue)
    throw new TemplateUnsupported(`destination ${onFailure}; only queues of the assembly are implemented`);
  return { onFailure };
}

/** The words are Lambda's own. */
function assertReadable({ region, streamArn, roleArn }: StreamMapping, iam: Iam): void {
  try {
    for (const operation of STREAM_ACTIONS) {
      iam.authorizeRole(roleArn, {
        action: `dynamodb:${operation}`,
        resource: streamArn,
        region,
        operation,
      });
    }
  } catch (error) {
    throw new TemplateUnsupported(
      `Cannot access stream ${streamArn}. Please ensure the role can perform the GetRecords, GetShardIterator, DescribeStream, and ListStreams Actions on your stream in IAM. (${(error as Error).message})`,
    );
  }
}

/** On AWS a destination that the role may not send to would never be told, without a word. */
function assertTold({ roleArn, onFailure }: StreamMapping, iam: Iam): void {
  if (onFailure !== undefined) iam.authorizeRole(roleArn, deliveryCall(onFailure));
}
