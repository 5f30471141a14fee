import type { StreamRecord } from '../dynamodb/stream.ts';

/**
 * From which record of a batch on the function says it failed: undefined when it says nothing of the kind, 0 for the whole
 * batch, also when it names a record that isn't there or names one in a wrong form. Source: Lambda, "Configuring partial
 * batch response with DynamoDB and Lambda"; recorded with each of these answers.
 */
export function failedFrom(batch: readonly StreamRecord[], payload: string): number | undefined {
  const answer = JSON.parse(payload) as { batchItemFailures?: unknown } | null;
  const failures = answer?.batchItemFailures;
  if (!Array.isArray(failures) || failures.length === 0) return undefined;
  const places = failures.map((failure: { itemIdentifier?: unknown } | null) =>
    batch.findIndex(({ dynamodb }) => dynamodb.SequenceNumber === failure?.itemIdentifier),
  );
  return Math.max(0, Math.min(...places));
}
