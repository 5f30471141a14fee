/** When a stream was made; here the same for every table and in every run. */
export const STREAM_LABEL = '2026-01-01T00:00:00.000';

/** Source: DynamoDB API Reference, "TableDescription", LatestStreamArn. */
export const streamArn = (tableArn: string): string => `${tableArn}/stream/${STREAM_LABEL}`;
