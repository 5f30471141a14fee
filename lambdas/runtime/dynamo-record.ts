import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import {
  DeleteCommand,
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { type Topology, tableName } from '@tanker/contract/index.ts';
import type { z } from 'zod';
import { documentClient } from './clients/dynamodb.ts';

export interface Key {
  readonly pk: string;
  readonly sk: string;
}

type Item = Record<string, unknown> & Key;

/** A condition in DynamoDB's language with its values; `#name` stands for an attribute of that name. */
export interface Condition {
  readonly expression: string;
  readonly values?: Readonly<Record<string, unknown>>;
}

const attributeNames = (text: string): Record<string, string> =>
  Object.fromEntries([...text.matchAll(/#(\w+)/g)].map((match) => [match[0], match[1] as string]));

const prefixed = (values: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [`:${name}`, value]));

/** The installation's table: single items, conditional writes, consistent reads. Keys come from the contract. */
export class RecordTable {
  readonly #client: DynamoDBDocumentClient;
  readonly #name: string;

  constructor(client: DynamoDBDocumentClient, name: string) {
    this.#client = client;
    this.#name = name;
  }

  /** The record of that key by its schema, or undefined. Always a consistent read. */
  async get<S extends z.ZodType>(key: Key, schema: S): Promise<z.infer<S> | undefined> {
    const { Item } = await this.#client.send(
      new GetCommand({ TableName: this.#name, Key: key, ConsistentRead: true }),
    );
    return Item === undefined ? undefined : parseRecord(Item, schema);
  }

  /** Every record of a partition, or below a prefix of its sort keys, in key order. */
  list<S extends z.ZodType>(at: { pk: string; prefix?: string }, schema: S): Promise<z.infer<S>[]> {
    return at.prefix === undefined
      ? this.#query('pk = :pk', { ':pk': at.pk }, schema)
      : this.#query('pk = :pk AND begins_with(sk, :prefix)', { ':pk': at.pk, ':prefix': at.prefix }, schema);
  }

  /** The records of a partition whose sort keys are from `first` to `last`, in key order. */
  between<S extends z.ZodType>(
    at: { pk: string; first: string; last: string },
    schema: S,
  ): Promise<z.infer<S>[]> {
    const values = { ':pk': at.pk, ':first': at.first, ':last': at.last };
    return this.#query('pk = :pk AND sk BETWEEN :first AND :last', values, schema);
  }

  /**
   * The records of a partition whose sort key is at most `last`, in key order, and the keys of items that are none by
   * the schema.
   */
  async upTo<S extends z.ZodType>(
    at: { pk: string; last: string },
    schema: S,
  ): Promise<{ records: z.infer<S>[]; unreadable: Key[] }> {
    const items = await this.#items('pk = :pk AND sk <= :last', { ':pk': at.pk, ':last': at.last });
    const records: z.infer<S>[] = [];
    const unreadable: Key[] = [];
    for (const item of items) {
      const parsed = schema.safeParse(withoutKeys(item));
      if (parsed.success) records.push(parsed.data);
      else unreadable.push({ pk: item.pk, sk: item.sk });
    }
    return { records, unreadable };
  }

  async #query<S extends z.ZodType>(
    condition: string,
    values: Readonly<Record<string, string>>,
    schema: S,
  ): Promise<z.infer<S>[]> {
    return (await this.#items(condition, values)).map((item) => parseRecord(item, schema));
  }

  /** All pages, read consistently. */
  async #items(condition: string, values: Readonly<Record<string, string>>): Promise<Item[]> {
    const items: Item[] = [];
    let start: Record<string, unknown> | undefined;
    do {
      const page = await this.#client.send(
        new QueryCommand({
          TableName: this.#name,
          KeyConditionExpression: condition,
          ExpressionAttributeValues: values,
          ConsistentRead: true,
          ...(start ? { ExclusiveStartKey: start } : {}),
        }),
      );
      items.push(...((page.Items ?? []) as Item[]));
      start = page.LastEvaluatedKey;
    } while (start);
    return items;
  }

  /** The keys of the items that an index holds under a value, in its order. An index can't be read consistently. */
  async indexed(at: { index: string; attribute: string; value: string }): Promise<Key[]> {
    const found: Key[] = [];
    let start: Record<string, unknown> | undefined;
    do {
      const page = await this.#client.send(
        new QueryCommand({
          TableName: this.#name,
          IndexName: at.index,
          KeyConditionExpression: '#attribute = :value',
          ExpressionAttributeNames: { '#attribute': at.attribute },
          ExpressionAttributeValues: { ':value': at.value },
          ...(start ? { ExclusiveStartKey: start } : {}),
        }),
      );
      for (const item of page.Items ?? []) found.push({ pk: item['pk'], sk: item['sk'] });
      start = page.LastEvaluatedKey;
    } while (start);
    return found;
  }

  /** A repeat is fine. */
  async remove(key: Key): Promise<void> {
    await this.#client.send(new DeleteCommand({ TableName: this.#name, Key: key }));
  }

  /** Writes the record whole. False when the condition did not hold. */
  async put(key: Key, record: object, condition?: Condition): Promise<boolean> {
    return this.#conditionally(async () => {
      await this.#client.send(
        new PutCommand({
          TableName: this.#name,
          Item: { ...key, ...record },
          ...this.#conditionOf(condition, ''),
        }),
      );
    });
  }

  /** Sets attributes (undefined ones are left alone) and adds to counters. False when the condition did not hold. */
  async update(
    key: Key,
    changes: {
      set: Readonly<Record<string, unknown>>;
      remove?: readonly string[];
      add?: Readonly<Record<string, number>>;
    },
    condition: Condition,
  ): Promise<boolean> {
    const set = Object.entries(changes.set).filter(([, value]) => value !== undefined);
    const add = Object.entries(changes.add ?? {});
    const text = [
      set.length > 0 ? `SET ${set.map(([name]) => `#${name} = :set_${name}`).join(', ')}` : '',
      add.length > 0 ? `ADD ${add.map(([name]) => `#${name} :add_${name}`).join(', ')}` : '',
      changes.remove?.length ? `REMOVE ${changes.remove.map((name) => `#${name}`).join(', ')}` : '',
    ].join(' ');
    const values = Object.fromEntries([
      ...set.map(([name, value]) => [`set_${name}`, value]),
      ...add.map(([name, value]) => [`add_${name}`, value]),
    ]);
    return this.#conditionally(async () => {
      await this.#client.send(
        new UpdateCommand({
          TableName: this.#name,
          Key: key,
          UpdateExpression: text.trim(),
          ...this.#conditionOf({ ...condition, values: { ...values, ...condition.values } }, text),
        }),
      );
    });
  }

  #conditionOf(condition: Condition | undefined, otherText: string) {
    if (!condition) return {};
    const names = attributeNames(condition.expression + otherText);
    const values = prefixed(condition.values ?? {});
    return {
      ConditionExpression: condition.expression,
      ...(Object.keys(names).length > 0 ? { ExpressionAttributeNames: names } : {}),
      ...(Object.keys(values).length > 0 ? { ExpressionAttributeValues: values } : {}),
    };
  }

  async #conditionally(write: () => Promise<void>): Promise<boolean> {
    try {
      await write();
      return true;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false;
      throw error;
    }
  }
}

/** A record as it was read. A field that the schema does not know is left out: keys and newer versions' fields. */
function parseRecord<S extends z.ZodType>(item: Record<string, unknown>, schema: S): z.infer<S> {
  return schema.parse(withoutKeys(item));
}

function withoutKeys({ pk: _pk, sk: _sk, ...record }: Record<string, unknown>): Record<string, unknown> {
  return record;
}

export const recordTable = (topology: Topology): RecordTable =>
  new RecordTable(documentClient(topology.controlRegion), tableName(topology));

/** When a record of a closed task may go, in epoch seconds: what the table's TTL attribute holds. */
export const ttlAfter = (now: Date, days: number): number => Math.floor(now.getTime() / 1000) + days * 86_400;
