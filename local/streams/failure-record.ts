import { randomUUID } from 'node:crypto';
import type { StreamRecord } from '../dynamodb/stream.ts';
import type { InvokeResult } from '../lambda/definition.ts';
import type { StreamMapping } from './mapping.ts';

/** The one shard that a stream has here. */
const SHARD = 'shardId-00000000000000000001-00000000';

/** Why a batch is given up, in Lambda's words. */
export type GivenUp = 'RetryAttemptsExhausted' | 'RecordAgeExceeded';

/** What was tried before a batch was given up; no result when its function never ran. */
export interface Tries {
  readonly invocations: number;
  readonly result: InvokeResult | undefined;
}

const instant = (seconds: number): string => `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;

/** What the destination is told: which records, not what stood in them. Recorded form. */
export function failureRecord(
  { functionArn, streamArn }: StreamMapping,
  batch: readonly StreamRecord[],
  condition: GivenUp,
  { invocations, result }: Tries,
  now: number,
): string {
  const [first, final] = [batch[0]?.dynamodb, batch.at(-1)?.dynamodb];
  return JSON.stringify({
    requestContext: {
      requestId: result?.requestId ?? randomUUID(),
      functionArn,
      condition,
      approximateInvokeCount: invocations,
    },
    ...(result && {
      responseContext: {
        statusCode: result.statusCode,
        executedVersion: result.executedVersion,
        functionError: result.functionError ?? null,
      },
    }),
    version: '1.0',
    timestamp: new Date(now).toISOString(),
    DDBStreamBatchInfo: {
      shardId: SHARD,
      startSequenceNumber: first?.SequenceNumber,
      endSequenceNumber: final?.SequenceNumber,
      approximateArrivalOfFirstRecord: instant(first?.ApproximateCreationDateTime ?? 0),
      approximateArrivalOfLastRecord: instant(final?.ApproximateCreationDateTime ?? 0),
      batchSize: batch.length,
      streamArn,
    },
  });
}
