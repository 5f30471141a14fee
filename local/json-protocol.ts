import type { IncomingMessage, ServerResponse } from 'node:http';
import { crc32 } from 'node:zlib';
import type { WireHandler } from './wire.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

/** An answer of a JSON service that is not a success; `name` is the exception's, as the SDK shows it. */
export class JsonServiceError extends Error {
  override readonly name: string;
  readonly status: number;
  readonly requestId: string;
  /** Further members of the answer, e.g. the item of a failed condition. */
  readonly members: JsonObject;

  constructor(
    name: string,
    message: string,
    requestId: string,
    options: { status?: number; members?: JsonObject } = {},
  ) {
    super(message);
    this.name = name;
    this.requestId = requestId;
    this.status = options.status ?? 400;
    this.members = options.members ?? {};
  }
}

/** One call as it came over the wire. */
export interface JsonCall {
  readonly region: string;
  readonly accessKeyId: string;
  readonly operation: string;
  readonly input: JsonObject;
}

export interface JsonService {
  /** What `x-amz-target` begins with, e.g. `DynamoDB_20120810`. */
  readonly target: string;
  readonly contentType: 'application/x-amz-json-1.0' | 'application/x-amz-json-1.1';
  /** What stands before an exception's name in `__type`, e.g. `com.amazonaws.dynamodb.v20120810#`. */
  readonly errorPrefix: string;
  readonly largestRequestBytes: number;
  newRequestId(): string;
  /** @throws JsonServiceError */
  run(call: JsonCall, requestId: string): Promise<JsonObject>;
}

/** AWS JSON protocol 1.0 or 1.1 around a function that answers one call. Source: Smithy, "AWS JSON protocols". */
export function createJsonHandler(service: JsonService): WireHandler {
  return async (wire, response) => {
    const requestId = service.newRequestId();
    const send = (status: number, content: JsonObject) =>
      answer(response, status, service.contentType, requestId, content);
    const fail = (error: JsonServiceError) =>
      send(error.status, {
        __type: `${service.errorPrefix}${error.name}`,
        message: error.message,
        ...error.members,
      });
    try {
      const [target, operation] = String(wire.http.headers['x-amz-target'] ?? '').split('.');
      if (target !== service.target || !operation) {
        throw new JsonServiceError('UnknownOperationException', `There is no ${target}`, requestId);
      }
      const input = await readInput(wire.http, service.largestRequestBytes, requestId);
      const { region, accessKeyId } = wire;
      send(200, await service.run({ region, accessKeyId, operation, input }, requestId));
    } catch (error) {
      // A caller who went away gets no answer.
      if (wire.http.socket.destroyed) return;
      if (error instanceof JsonServiceError) return fail(error);
      console.error(`Embedded ${service.target} failed:`, error);
      fail(
        new JsonServiceError('InternalServerError', 'The request failed inside', requestId, { status: 500 }),
      );
    }
  };
}

async function readInput(
  http: IncomingMessage,
  largestBytes: number,
  requestId: string,
): Promise<JsonObject> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  // The rest of a body that is too large is read and dropped, so that the caller gets to read the answer.
  for await (const chunk of http) {
    sizeBytes += (chunk as Buffer).length;
    if (sizeBytes <= largestBytes) chunks.push(chunk as Buffer);
  }
  if (sizeBytes > largestBytes) {
    const message = `The request has ${sizeBytes} bytes; at most ${largestBytes} are taken.`;
    throw new JsonServiceError('RequestEntityTooLargeException', message, requestId, { status: 413 });
  }
  try {
    const input: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    if (typeof input === 'object' && input !== null) return input as JsonObject;
  } catch {
    // Answered below, like JSON that is no object.
  }
  throw new JsonServiceError('SerializationException', 'The request is no JSON object', requestId);
}

function answer(
  response: ServerResponse,
  status: number,
  contentType: string,
  requestId: string,
  content: JsonObject,
): void {
  const body = Buffer.from(JSON.stringify(content));
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': body.length,
    'x-amzn-requestid': requestId,
    'x-amz-crc32': String(crc32(body)),
  });
  response.end(body);
}
