import { TaskError } from '../../asl/errors.ts';
import type { JsonObject } from '../../asl/json.ts';

/** What a port throws when a service refuses. */
export interface ServiceError {
  readonly name: string;
  readonly message: string;
  readonly requestId?: string;
  /** HTTP status; 400 when absent. */
  readonly statusCode?: number;
}

/**
 * A service's refusal as optimised integrations give it (recorded for Lambda and DynamoDB).
 * @param service as the error name has it: `Lambda`, `DynamoDB`, `StepFunctions`
 * @param client as the cause has it: `AWSLambda`, `AmazonDynamoDBv2`, `AWSStepFunctions`
 */
export function serviceFailure(
  service: string,
  client: string,
  code: string,
  error: ServiceError,
): TaskError {
  const { message, name, requestId = 'none', statusCode = 400 } = error;
  return new TaskError(
    `${service}.${code}`,
    `${message} (Service: ${client}; Status Code: ${statusCode}; Error Code: ${name}; Request ID: ${requestId}; Proxy: null)`,
  );
}

/** What a port threw, with the members that a plain Error lacks filled in. */
export function asServiceError(error: unknown): ServiceError {
  if (error instanceof Error || (typeof error === 'object' && error !== null && 'name' in error)) {
    return error as ServiceError;
  }
  return { name: 'SdkClientException', message: String(error) };
}

/** The members that optimised integrations add to a result. */
export function sdkMetadata(requestId: string): JsonObject {
  return {
    SdkHttpMetadata: { AllHttpHeaders: {}, HttpHeaders: {}, HttpStatusCode: 200 },
    SdkResponseMetadata: { RequestId: requestId },
  };
}
