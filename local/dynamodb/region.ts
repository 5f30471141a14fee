import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import {
  createEngine,
  type Engine,
  type EngineOperation,
  type Input,
  isEngineOperation,
  knownMembers,
  type Output,
} from './engine.ts';
import { DynamoError, newRequestId } from './errors.ts';
import { Turns } from './serial.ts';
import type { StreamView, TableStream } from './stream.ts';
import { type ItemPlace, Streams } from './streams.ts';
import { isExpired, TimeToLive } from './time-to-live.ts';

export type Item = Record<string, AttributeValue>;

interface TableDescription {
  readonly TableStatus: string;
  readonly KeySchema: readonly { readonly AttributeName: string }[];
}

const OLD_ITEM_OPERATIONS: readonly string[] = ['PutItem', 'UpdateItem', 'DeleteItem'];

/** Member that dynalite doesn't know and this front does. */
const OLD_ITEM_MEMBER = 'ReturnValuesOnConditionCheckFailure';

/** One region's tables: dynalite and what it lacks. */
export class Region {
  readonly #engine: Engine;
  readonly #turns = new Turns();
  readonly #timeToLive = new TimeToLive();
  readonly #keys = new Map<string, readonly string[]>();
  readonly #streams: Streams;

  /** `now` answers milliseconds since 1970, for the records of streams. */
  constructor(region: string, accountId: string, now: () => number) {
    this.#engine = createEngine(region, accountId);
    this.#streams = new Streams({ region, accountId, now }, (place) => this.#read(place));
  }

  /** @throws DynamoError, UnknownOperationException for what is not implemented */
  async run(operation: string, input: Input, requestId: string): Promise<Output> {
    const table = String(input['TableName'] ?? '');
    if (operation === 'DescribeTimeToLive') {
      await this.#engine.run('DescribeTable', { TableName: table }, requestId);
      return this.#timeToLive.describe(table);
    }
    if (operation === 'UpdateTimeToLive') {
      await this.#engine.run('DescribeTable', { TableName: table }, requestId);
      return this.#timeToLive.update(table, input, requestId);
    }
    if (!isEngineOperation(operation)) throw notImplemented(operation, requestId);
    refuseUnknownMembers(operation, input, requestId);
    if (OLD_ITEM_OPERATIONS.includes(operation)) return this.#write(operation, table, input, requestId);
    if (operation === 'BatchWriteItem') return this.#writeBatch(input, requestId);
    if (operation === 'DeleteTable') {
      this.#timeToLive.forget(table);
      this.#streams.forget(table);
      this.#keys.delete(table);
    }
    const output = await this.#engine.run(operation, input, requestId);
    return operation === 'DescribeTable' ? this.#withStream(table, output) : output;
  }

  /** Makes a table, and answers when it's active. */
  async createTable(
    input: Input,
    { ttlAttribute, stream }: { ttlAttribute?: string | undefined; stream?: StreamView | undefined },
    requestId: string,
  ): Promise<void> {
    await this.#engine.run('CreateTable', input, requestId);
    const name = String(input['TableName']);
    while ((await this.#describe(name, requestId)).TableStatus !== 'ACTIVE') {
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (ttlAttribute !== undefined) this.#timeToLive.enable(name, ttlAttribute);
    if (stream !== undefined) this.#streams.enable(name, stream);
  }

  stream(arn: string): TableStream | undefined {
    return this.#streams.find(arn);
  }

  /** Every item of a table. @throws ResourceNotFoundException */
  async scan(table: string, requestId: string): Promise<Item[]> {
    const items: Item[] = [];
    let from: unknown;
    do {
      const input = {
        TableName: table,
        ConsistentRead: true,
        ...(from !== undefined && { ExclusiveStartKey: from }),
      };
      const page = await this.#engine.run('Scan', input, requestId);
      items.push(...((page['Items'] ?? []) as Item[]));
      from = page['LastEvaluatedKey'];
    } while (from !== undefined);
    return items;
  }

  /** Deletes what has expired at `now`; answers how many by table. */
  async expire(now: number, requestId: string): Promise<ReadonlyMap<string, number>> {
    const deleted = new Map<string, number>();
    for (const [table, attribute] of this.#timeToLive.entries()) {
      const count = await this.#turns.take([table], async () => {
        const items = await this.scan(table, requestId);
        const expired = items.filter((item) => isExpired(item[attribute], now));
        for (const item of expired) {
          const key = await this.#keyOf(table, item, requestId);
          await this.#streams.around(
            [{ table, key }],
            () => this.#engine.run('DeleteItem', { TableName: table, Key: key }, requestId),
            { expired: true },
          );
        }
        return expired.length;
      });
      deleted.set(table, count);
    }
    return deleted;
  }

  /** The partition key's value in an item or a key, for authorization; undefined if the table is unknown. */
  async partitionValue(table: string, item: unknown, requestId: string): Promise<string | undefined> {
    const [partition] = await this.#keyNames(table, requestId).catch(() => []);
    const value = partition === undefined ? undefined : (item as Partial<Item> | undefined)?.[partition];
    return value?.S ?? value?.N;
  }

  /**
   * One write at a time in a table, so that the item answered with a failed condition is the one it failed on.
   * Source: Amazon DynamoDB API Reference, "UpdateItem", ReturnValuesOnConditionCheckFailure.
   */
  #write(operation: EngineOperation, table: string, input: Input, requestId: string): Promise<Output> {
    const { [OLD_ITEM_MEMBER]: wanted, ...rest } = input;
    if (wanted !== undefined && wanted !== 'ALL_OLD' && wanted !== 'NONE') {
      throw new DynamoError('ValidationException', `${OLD_ITEM_MEMBER} is ALL_OLD or NONE.`, requestId);
    }
    return this.#turns.take([table], async () => {
      try {
        const places = await this.#placesOf(table, [rest['Key'] ?? rest['Item']], requestId);
        return await this.#streams.around(places, () => this.#engine.run(operation, rest, requestId));
      } catch (error) {
        const failed = error instanceof DynamoError && error.name === 'ConditionalCheckFailedException';
        if (!failed || wanted !== 'ALL_OLD') throw error;
        const Key = rest['Key'] ?? (await this.#keyOf(table, rest['Item'] as Item, requestId));
        const old = await this.#engine.run(
          'GetItem',
          { TableName: table, Key, ConsistentRead: true },
          requestId,
        );
        const members = old['Item'] === undefined ? {} : { Item: old['Item'] };
        throw new DynamoError(error.name, error.message, requestId, { members });
      }
    });
  }

  #writeBatch(input: Input, requestId: string): Promise<Output> {
    const requests = Object.entries((input['RequestItems'] ?? {}) as Readonly<Record<string, unknown>>);
    const tables = requests.map(([table]) => table);
    return this.#turns.take(tables, async () => {
      const places = await Promise.all(
        requests.map(([table, writes]) => this.#placesOf(table, itemsOf(writes), requestId)),
      );
      return this.#streams.around(places.flat(), () => this.#engine.run('BatchWriteItem', input, requestId));
    });
  }

  /** Where the items of a write are, if anybody hears of it. What has no key is the engine's to refuse. */
  async #placesOf(table: string, items: readonly unknown[], requestId: string): Promise<ItemPlace[]> {
    if (!this.#streams.heard(table)) return [];
    const names = await this.#keyNames(table, requestId);
    return items.flatMap((item) => {
      const values = names.map((name) => (item as Partial<Item> | null | undefined)?.[name]);
      if (values.includes(undefined)) return [];
      return [{ table, key: Object.fromEntries(names.map((name, i) => [name, values[i]])) as Item }];
    });
  }

  async #read({ table, key }: ItemPlace): Promise<Item | undefined> {
    const input = { TableName: table, Key: key, ConsistentRead: true };
    try {
      const { Item: item } = await this.#engine.run('GetItem', input, newRequestId());
      return item as Item | undefined;
    } catch (error) {
      // A key of the wrong type: the write that names it is refused with its own words.
      if (error instanceof DynamoError) return undefined;
      throw error;
    }
  }

  /** Source: Amazon DynamoDB API Reference, "TableDescription"; recorded descriptions. */
  #withStream(table: string, output: Output): Output {
    const stream = this.#streams.of(table);
    if (!stream) return output;
    const description = {
      LatestStreamArn: stream.arn,
      LatestStreamLabel: stream.label,
      StreamSpecification: { StreamEnabled: true, StreamViewType: stream.view },
    };
    return { ...output, Table: { ...(output['Table'] as object), ...description } };
  }

  async #describe(table: string, requestId: string): Promise<TableDescription> {
    const { Table } = await this.#engine.run('DescribeTable', { TableName: table }, requestId);
    return Table as TableDescription;
  }

  async #keyNames(table: string, requestId: string): Promise<readonly string[]> {
    const known = this.#keys.get(table);
    if (known) return known;
    const { KeySchema } = await this.#describe(table, requestId);
    const names = KeySchema.map(({ AttributeName }) => AttributeName);
    this.#keys.set(table, names);
    return names;
  }

  async #keyOf(table: string, item: Item, requestId: string): Promise<Item> {
    const names = await this.#keyNames(table, requestId);
    return Object.fromEntries(names.map((name) => [name, item[name]])) as Item;
  }
}

/** The items, or keys of items, of a table's requests in a batch. */
const itemsOf = (writes: unknown): unknown[] =>
  (Array.isArray(writes) ? writes : []).map(
    (write: { PutRequest?: { Item?: unknown }; DeleteRequest?: { Key?: unknown } } | null) =>
      write?.PutRequest?.Item ?? write?.DeleteRequest?.Key,
  );

function notImplemented(operation: string, requestId: string): DynamoError {
  return new DynamoError(
    'UnknownOperationException',
    `The embedded DynamoDB does not implement ${operation}; write single items with conditions, or add it there.`,
    requestId,
  );
}

/** A member that nothing would read changes the outcome on AWS and not here. */
function refuseUnknownMembers(operation: EngineOperation, input: Input, requestId: string): void {
  const known = new Set(knownMembers(operation));
  if (OLD_ITEM_OPERATIONS.includes(operation)) known.add(OLD_ITEM_MEMBER);
  const unknown = Object.keys(input).filter((name) => !known.has(name));
  if (unknown.length === 0) return;
  throw new DynamoError(
    'ValidationException',
    `The embedded DynamoDB does not implement ${unknown.join(', ')} of ${operation}.`,
    requestId,
  );
}
