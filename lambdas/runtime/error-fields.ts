import { TankerError } from '@tanker/contract/index.ts';

/**
 * What a log line may tell of an error. The message is told only where its writer is known to put no customer data in:
 * Tanker itself, the AWS SDK and Node's system calls. Others may quote what they were given (JSON.parse does).
 */
export function errorFields(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { error: typeof error };
  const told = error as Error & {
    code?: unknown;
    $metadata?: { requestId?: string; httpStatusCode?: number };
  };
  const known = error instanceof TankerError || told.$metadata !== undefined || told.code !== undefined;
  return {
    error: error.name,
    ...(known ? { errorMessage: error.message } : {}),
    ...(told.code === undefined ? {} : { code: told.code }),
    ...(told.$metadata
      ? { awsRequest: told.$metadata.requestId, status: told.$metadata.httpStatusCode }
      : {}),
    ...(error instanceof TankerError ? { retry: error.retry } : {}),
    stack: frames(error),
    ...(error.cause instanceof Error ? { cause: errorFields(error.cause) } : {}),
  };
}

/** The stack without its first lines, which repeat the message. */
const frames = (error: Error): string[] =>
  (error.stack ?? '')
    .split('\n')
    .filter((line) => line.startsWith('    at '))
    .slice(0, 10)
    .map((line) => line.trim());
