import type { Matcher } from '../events/pattern.ts';

/** An event source mapping of a table's stream as the template defines it. */
export interface StreamMapping {
  readonly region: string;
  readonly streamArn: string;
  readonly functionArn: string;
  /** The function's role: what reads the stream and sends to the destination does it in this role. */
  readonly roleArn: string;
  readonly batchSize: number;
  /** A record that none of them matches is skipped; without any, none is. */
  readonly filters: readonly Matcher[];
  readonly bisects: boolean;
  /** Whether the function may answer from which record on it failed. */
  readonly reportsFailures: boolean;
  /** Repeats after the first try of a batch; infinite when absent. */
  readonly maximumRetryAttempts?: number;
  /** Seconds; a record's 24 hours in the stream when absent. */
  readonly maximumRecordAgeSeconds?: number;
  /** The queue that is told of batches given up. */
  readonly onFailure?: string;
}

/** What Lambda asks of the function's role. Source: DynamoDB, "IAM policy to allow an AWS Lambda function to access DynamoDB stream records". */
export const STREAM_ACTIONS = ['DescribeStream', 'GetRecords', 'GetShardIterator', 'ListStreams'] as const;
