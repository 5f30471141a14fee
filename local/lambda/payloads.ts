import {
  ASYNC_PAYLOAD_LIMIT_BYTES,
  type InvocationType,
  type InvokeResult,
  LambdaApiError,
  RESPONSE_LIMIT_BYTES,
  SYNC_PAYLOAD_LIMIT_BYTES,
} from './definition.ts';

/** Refuses a payload that is too large for its kind of invocation or is no JSON. */
export function assertRequest(payload: string, type: InvocationType): void {
  const limit = type === 'Event' ? ASYNC_PAYLOAD_LIMIT_BYTES : SYNC_PAYLOAD_LIMIT_BYTES;
  if (Buffer.byteLength(payload) > limit) {
    const message = `Request must be smaller than ${limit} bytes for the InvokeFunction operation`;
    throw new LambdaApiError('RequestTooLargeException', 413, message);
  }
  try {
    JSON.parse(payload);
  } catch (error) {
    const message = `Could not parse request body into json: ${(error as Error).message}`;
    throw new LambdaApiError('InvalidRequestContentException', 400, message);
  }
}

/** Replaces an answer that is too large by the error that Lambda gives for it. */
export function limitAnswer(result: InvokeResult): InvokeResult {
  if (Buffer.byteLength(result.payload) <= RESPONSE_LIMIT_BYTES) return result;
  const errorMessage = `Response payload size exceeded maximum allowed payload size (${RESPONSE_LIMIT_BYTES} bytes).`;
  const payload = JSON.stringify({ errorType: 'Function.ResponseSizeTooLarge', errorMessage });
  return { ...result, payload, functionError: 'Unhandled' };
}
