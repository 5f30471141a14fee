import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Json, JsonObject } from '../asl/json.ts';
import { isAccessDenied, type ServiceHooks } from '../hooks.ts';
import type { WireHandler, WireRequest } from '../wire.ts';
import { StatesApiError } from './errors.ts';
import { type Backend, OPERATIONS } from './operations.ts';
import { Parameters } from './parameters.ts';
import { resourceOf } from './resources.ts';

/** Longest request: 1 MB. Source: Step Functions service quotas. */
const REQUEST_LIMIT_BYTES = 1024 * 1024;

const TARGET = /^AWSStepFunctions\.(\w+)$/;

/** A refusal that another part of the cloud decided: of IAM, of a fault, of a throttle. */
class Refused extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** Serves the Step Functions API in AWS JSON 1.0. */
export function wireHandler(backend: Backend, hooks: ServiceHooks = {}): WireHandler {
  return async (request, response) => {
    try {
      const body = await readBody(request.http);
      const [name, operation] = operationOf(request.http);
      const parameters = new Parameters(body);
      await permit(hooks, request, name, parameters);
      answer(response, 200, operation(backend, request.region, parameters));
    } catch (error) {
      if (error instanceof StatesApiError)
        answer(response, 400, { __type: error.code, message: error.message });
      else if (error instanceof Refused)
        answer(response, error.status, { __type: error.code, message: error.message });
      else
        answer(response, 500, {
          __type: 'InternalFailure',
          message: `The embedded cloud failed: ${String(error)}`,
        });
    }
  };
}

/** Asks the authorizer, then for an injected fault. Every operation's action has its name. */
async function permit(
  hooks: ServiceHooks,
  { region, accessKeyId }: WireRequest,
  operation: string,
  parameters: Parameters,
): Promise<void> {
  const resource = resourceOf(operation, parameters);
  const call = { action: `states:${operation}`, resource, region, accessKeyId, operation };
  try {
    await hooks.authorize?.(call);
  } catch (error) {
    if (isAccessDenied(error)) throw new Refused(400, 'AccessDeniedException', error.message);
    throw error;
  }
  const fault = hooks.fault?.(call);
  if (fault) throw new Refused(fault.status, fault.code, fault.message ?? 'Injected fault');
}

function operationOf(http: IncomingMessage): readonly [string, (typeof OPERATIONS)[string]] {
  const target = String(http.headers['x-amz-target'] ?? '');
  const name = TARGET.exec(target)?.[1] ?? '';
  const operation = Object.hasOwn(OPERATIONS, name) ? OPERATIONS[name] : undefined;
  if (operation !== undefined) return [name, operation];
  throw new StatesApiError(
    'UnknownOperationException',
    `The embedded cloud has no operation '${name || target}' of Step Functions; it has ${Object.keys(OPERATIONS).join(', ')}.`,
  );
}

async function readBody(http: IncomingMessage): Promise<Json> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of http as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= REQUEST_LIMIT_BYTES) chunks.push(chunk);
  }
  if (bytes > REQUEST_LIMIT_BYTES) {
    throw new StatesApiError(
      'ValidationException',
      `The request is longer than ${REQUEST_LIMIT_BYTES} bytes.`,
    );
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8') || '{}') as Json;
  } catch {
    throw new StatesApiError('SerializationException', 'The body is not JSON.');
  }
}

function answer(response: ServerResponse, status: number, body: JsonObject): void {
  const text = Buffer.from(JSON.stringify(body));
  response.writeHead(status, {
    'content-type': 'application/x-amz-json-1.0',
    'content-length': text.length,
    'x-amzn-requestid': randomUUID(),
  });
  response.end(text);
}
