/** What the SDK's errors tell beside their name. */
export interface AwsError extends Error {
  readonly $metadata?: { readonly httpStatusCode?: number; readonly attempts?: number };
}

/** Whether an SDK client failed by an answer, and not on the way. */
export const isAnswered = (error: unknown): error is AwsError =>
  error instanceof Error && (error as AwsError).$metadata?.httpStatusCode !== undefined;
