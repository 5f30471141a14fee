import type { AttributeDefinition, GlobalSecondaryIndex, KeySchemaElement } from '@aws-sdk/client-dynamodb';
import { type Clock, systemClock } from '../clock.ts';
import { isAccessDenied, type ServiceCall, type ServiceHooks } from '../hooks.ts';
import { createJsonHandler, type JsonCall } from '../json-protocol.ts';
import type { WireHandler } from '../wire.ts';
import type { Input, Output } from './engine.ts';
import { DynamoError, newRequestId } from './errors.ts';
import { type Item, Region } from './region.ts';
import type { StreamView, TableStream } from './stream.ts';

export { DynamoError } from './errors.ts';
export type { Item } from './region.ts';

/** Largest request: 16 MB, of a BatchWriteItem. Source: Amazon DynamoDB API Reference, "BatchWriteItem". */
const LARGEST_REQUEST_BYTES = 16 * 1024 * 1024;

export interface DynamoOptions extends ServiceHooks {
  /** Dates the records of streams; the machine's own when absent. */
  readonly clock?: Clock;
  /** Twelve digits, in ARNs. */
  readonly accountId: string;
}

/** A table as its template describes it; it is billed per request. */
export interface TableConfig {
  readonly region: string;
  readonly name: string;
  readonly keySchema: readonly KeySchemaElement[];
  readonly attributeDefinitions: readonly AttributeDefinition[];
  readonly gsis?: readonly Omit<GlobalSecondaryIndex, 'ProvisionedThroughput'>[];
  readonly ttlAttribute?: string;
  /** What its stream shows of a change; without it the table has no stream. */
  readonly stream?: StreamView;
}

/** One call, also by a part of the embedded cloud itself, e.g. a state machine's integration in that part's role. */
export type DynamoCall = JsonCall;

export interface EmbeddedDynamo {
  readonly handle: WireHandler;
  /** Answers when the table is active. @throws DynamoError */
  createTable(config: TableConfig): Promise<void>;
  /** Answers the operation's output. @throws DynamoError with name, message and requestId */
  call(call: DynamoCall): Promise<Output>;
  /** Every item in DynamoDB's typed form, for inspection; nothing is authorized. @throws DynamoError */
  scanTable(table: { readonly region: string; readonly name: string }): Promise<Item[]>;
  /** The stream of that ARN, which only its table's region has. */
  stream(arn: string): TableStream | undefined;
  /**
   * Deletes what has expired at `now` (milliseconds), in all regions at once, and answers how many items that were; AWS
   * takes up to a few days.
   */
  expire(now: number): Promise<number>;
}

/** A DynamoDB of all regions, each with tables of its own, in memory. */
export function createDynamo(options: DynamoOptions): EmbeddedDynamo {
  const regions = new Map<string, Region>();
  const { now } = options.clock ?? systemClock;
  const regionOf = (name: string): Region => {
    const known = regions.get(name);
    if (known) return known;
    const region = new Region(name, options.accountId, now);
    regions.set(name, region);
    return region;
  };
  const call = async (given: DynamoCall, requestId = newRequestId()): Promise<Output> => {
    const region = regionOf(given.region);
    await permit(options, given, region, requestId);
    return region.run(given.operation, given.input, requestId);
  };
  return {
    handle: createJsonHandler({
      target: 'DynamoDB_20120810',
      contentType: 'application/x-amz-json-1.0',
      errorPrefix: 'com.amazonaws.dynamodb.v20120810#',
      largestRequestBytes: LARGEST_REQUEST_BYTES,
      newRequestId,
      run: call,
    }),
    call: (given) => call(given),
    createTable: ({ region, ttlAttribute, stream, ...table }) =>
      regionOf(region).createTable(tableInput(table), { ttlAttribute, stream }, newRequestId()),
    stream: (arn) => regions.get(arn.split(':')[3] ?? '')?.stream(arn),
    scanTable: ({ region, name }) => regionOf(region).scan(name, newRequestId()),
    async expire(now) {
      let expired = 0;
      for (const region of regions.values()) {
        for (const count of (await region.expire(now, newRequestId())).values()) expired += count;
      }
      return expired;
    },
  };
}

function tableInput(table: Omit<TableConfig, 'region' | 'ttlAttribute' | 'stream'>): Input {
  return {
    TableName: table.name,
    KeySchema: table.keySchema,
    AttributeDefinitions: table.attributeDefinitions,
    BillingMode: 'PAY_PER_REQUEST',
    ...(table.gsis && table.gsis.length > 0 && { GlobalSecondaryIndexes: table.gsis }),
  };
}

/** Asks the authorizer for each table or index that the call touches, then once for an injected fault. */
async function permit(
  options: DynamoOptions,
  { region: regionName, accessKeyId, operation, input }: DynamoCall,
  region: Region,
  requestId: string,
): Promise<void> {
  if (!options.authorize && !options.fault) return;
  const arn = `arn:aws:dynamodb:${regionName}:${options.accountId}:table/`;
  const resources = resourcesOf(input).map((name) => `${arn}${name}`);
  const leading = await region.partitionValue(
    String(input['TableName']),
    input['Key'] ?? input['Item'],
    requestId,
  );
  const calls = (resources.length > 0 ? resources : ['*']).map(
    (resource): ServiceCall => ({
      action: `dynamodb:${operation}`,
      resource,
      region: regionName,
      accessKeyId,
      operation,
      context: leading === undefined ? {} : { 'dynamodb:LeadingKeys': [leading] },
    }),
  );
  try {
    for (const call of calls) await options.authorize?.(call);
  } catch (error) {
    if (isAccessDenied(error)) throw new DynamoError('AccessDeniedException', error.message, requestId);
    throw error;
  }
  const fault = calls[0] && options.fault?.(calls[0]);
  if (fault) {
    throw new DynamoError(fault.code, fault.message ?? 'Injected fault', requestId, { status: fault.status });
  }
}

/** Names below `table/`: the table, its index if one is read, or all tables of a batch. */
function resourcesOf(input: Input): readonly string[] {
  if (input['RequestItems'] !== undefined) return Object.keys(input['RequestItems'] as object);
  if (input['TableName'] === undefined) return [];
  const index = input['IndexName'];
  return [index === undefined ? String(input['TableName']) : `${input['TableName']}/index/${index}`];
}
