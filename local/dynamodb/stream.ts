import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { itemSize } from './engine.ts';
import type { Item } from './region.ts';
import { STREAM_LABEL, streamArn } from './stream-arn.ts';

/** Which images a record holds. Source: DynamoDB API Reference, "StreamSpecification". */
export const STREAM_VIEWS = ['KEYS_ONLY', 'NEW_IMAGE', 'OLD_IMAGE', 'NEW_AND_OLD_IMAGES'] as const;
export type StreamView = (typeof STREAM_VIEWS)[number];

/** A record as Lambda hands it to a function. Source: Lambda, "Using AWS Lambda with Amazon DynamoDB"; recorded forms. */
export interface StreamRecord {
  readonly eventID: string;
  readonly eventName: 'INSERT' | 'MODIFY' | 'REMOVE';
  readonly eventVersion: '1.1';
  readonly eventSource: 'aws:dynamodb';
  readonly awsRegion: string;
  readonly dynamodb: {
    /** Whole seconds since 1970. */
    readonly ApproximateCreationDateTime: number;
    readonly Keys: Item;
    readonly NewImage?: Item;
    readonly OldImage?: Item;
    readonly SequenceNumber: string;
    readonly SizeBytes: number;
    readonly StreamViewType: StreamView;
  };
  readonly eventSourceARN: string;
  /** Only of a deletion by time to live. */
  readonly userIdentity?: { readonly type: 'Service'; readonly principalId: 'dynamodb.amazonaws.com' };
}

/** What a write made of one item; undefined where there is none. */
export interface ItemChange {
  readonly keys: Item;
  readonly before: Item | undefined;
  readonly after: Item | undefined;
  /** Whether time to live deleted it. */
  readonly expired?: boolean;
}

/** Takes the records of one stream in the order of their writes; must not throw. */
export type StreamListener = (record: StreamRecord) => void;

export interface TableStream {
  readonly arn: string;
  readonly label: string;
  readonly view: StreamView;
  /** Makes the record of a write and hands it on, unless the write changed nothing. */
  note(change: ItemChange): void;
  /** Hears of every write from now on. */
  listen(listener: StreamListener): void;
  /** Whether anybody listens: without one no images need to be read. */
  readonly heard: boolean;
}

/** Sequence numbers have 21 to 40 digits and grow: this one is the first. Source: DynamoDB API Reference, "StreamRecord". */
const FIRST_SEQUENCE = 10n ** 20n;

export interface StreamPlace {
  readonly region: string;
  readonly accountId: string;
  readonly table: string;
  readonly view: StreamView;
  /** Milliseconds since 1970. */
  now(): number;
}

/** The stream of a table: one shard, and nothing is kept beyond its listeners. */
export function createStream({ region, accountId, table, view, now }: StreamPlace): TableStream {
  const arn = streamArn(`arn:aws:dynamodb:${region}:${accountId}:table/${table}`);
  const listeners: StreamListener[] = [];
  let next = FIRST_SEQUENCE;

  function recordOf({ keys, before, after, expired }: ItemChange): StreamRecord {
    const sequence = next;
    next += 1n;
    const images = {
      ...(after && view.includes('NEW') && { NewImage: after }),
      ...(before && view.includes('OLD') && { OldImage: before }),
    };
    return {
      eventID: randomBytes(16).toString('hex'),
      eventName: before ? (after ? 'MODIFY' : 'REMOVE') : 'INSERT',
      eventVersion: '1.1',
      eventSource: 'aws:dynamodb',
      awsRegion: region,
      dynamodb: {
        ApproximateCreationDateTime: Math.floor(now() / 1000),
        Keys: keys,
        ...images,
        SequenceNumber: String(sequence),
        SizeBytes: [keys, ...Object.values(images)].reduce((sum, item) => sum + itemSize(item), 0),
        StreamViewType: view,
      },
      eventSourceARN: arn,
      ...(expired && { userIdentity: { type: 'Service', principalId: 'dynamodb.amazonaws.com' } }),
    };
  }

  return {
    arn,
    label: STREAM_LABEL,
    view,
    // A write that changes nothing has no record. Source: DynamoDB Developer Guide, "Change data capture for DynamoDB Streams".
    note(change) {
      const { before, after } = change;
      if (isDeepStrictEqual(before, after)) return;
      const record = recordOf(change);
      for (const listener of listeners) listener(record);
    },
    listen(listener) {
      listeners.push(listener);
    },
    get heard() {
      return listeners.length > 0;
    },
  };
}
