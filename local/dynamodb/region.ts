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
import { DynamoError } from './errors.ts';
import { Turns } from './serial.ts';
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

  constructor(region: string, accountId: string) {
    this.#engine = createEngine(region, accountId);
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
    if (operation === 'BatchWriteItem') {
      const tables = Object.keys((input['RequestItems'] ?? {}) as object);
      return this.#turns.take(tables, () => this.#engine.run(operation, input, requestId));
    }
    if (operation === 'DeleteTable') {
      this.#timeToLive.forget(table);
      this.#keys.delete(table);
    }
    return this.#engine.run(operation, input, requestId);
  }

  /** Makes a table, and answers when it's active. */
  async createTable(input: Input, ttlAttribute: string | undefined, requestId: string): Promise<void> {
    await this.#engine.run('CreateTable', input, requestId);
    const name = String(input['TableName']);
    while ((await this.#describe(name, requestId)).TableStatus !== 'ACTIVE') {
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (ttlAttribute !== undefined) this.#timeToLive.enable(name, ttlAttribute);
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
          const input = { TableName: table, Key: await this.#keyOf(table, item, requestId) };
          await this.#engine.run('DeleteItem', input, requestId);
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
        return await this.#engine.run(operation, rest, requestId);
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

  async #keyOf(table: string, item: Item, requestId: string): Promise<Partial<Item>> {
    const names = await this.#keyNames(table, requestId);
    return Object.fromEntries(names.map((name) => [name, item[name]]));
  }
}

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
