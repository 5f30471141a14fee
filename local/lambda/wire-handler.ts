import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Authorize, isAccessDenied } from '../hooks.ts';
import type { WireHandler, WireRequest } from '../wire.ts';
import {
  ConnectionLost,
  type FunctionDefinition,
  type InvocationType,
  LambdaApiError,
  SYNC_PAYLOAD_LIMIT_BYTES,
} from './definition.ts';
import type { Invoke } from './invoke.ts';

/** What the wire needs of Lambda. */
export interface LambdaCalls {
  readonly invoke: Invoke;
  functions(region: string): readonly FunctionDefinition[];
  /** Throws ResourceNotFoundException. */
  find(region: string, functionName: string): FunctionDefinition;
}

const FUNCTIONS_PATH = '/2015-03-31/functions';

/** Lambda's REST protocol: Invoke, GetFunction, GetFunctionConfiguration, ListFunctions; the rest is refused. */
export function createLambdaHandler(calls: LambdaCalls, ports: { authorize?: Authorize }): WireHandler {
  async function route(request: WireRequest, response: ServerResponse): Promise<void> {
    const rest = request.path.startsWith(FUNCTIONS_PATH)
      ? request.path.slice(FUNCTIONS_PATH.length)
      : undefined;
    const [, encodedName, action] = rest?.split('/') ?? [];
    const name = decodeURIComponent(encodedName ?? '');
    if (request.method === 'POST' && name && action === 'invocations') return invoke(request, response, name);
    if (request.method === 'GET' && rest !== undefined && !name) {
      await authorized(request, 'ListFunctions', 'lambda:ListFunctions', '*');
      return json(response, 200, { Functions: calls.functions(request.region).map(configuration) });
    }
    if (request.method === 'GET' && name && action === undefined) {
      const definition = calls.find(request.region, name);
      await authorized(request, 'GetFunction', 'lambda:GetFunction', definition.arn);
      return json(response, 200, { Configuration: configuration(definition) });
    }
    if (request.method === 'GET' && name && action === 'configuration') {
      const definition = calls.find(request.region, name);
      await authorized(
        request,
        'GetFunctionConfiguration',
        'lambda:GetFunctionConfiguration',
        definition.arn,
      );
      return json(response, 200, configuration(definition));
    }
    const message = `The embedded cloud doesn't implement this call of Lambda: ${request.method} ${request.path}`;
    throw new LambdaApiError('NotImplementedException', 501, message);
  }

  async function invoke(request: WireRequest, response: ServerResponse, name: string): Promise<void> {
    const definition = calls.find(request.region, name);
    await authorized(request, 'Invoke', 'lambda:InvokeFunction', definition.arn);
    const payload = await readBody(request.http);
    const header = request.http.headers['x-amz-invocation-type'];
    const invocationType = (header ?? 'RequestResponse') as InvocationType;
    const result = await calls.invoke({
      region: request.region,
      functionName: name,
      payload,
      invocationType,
    });
    const body = Buffer.from(result.payload);
    response.writeHead(result.statusCode, {
      'content-type': 'application/json',
      'content-length': result.statusCode === 204 ? undefined : body.length,
      'x-amzn-requestid': result.requestId,
      'x-amz-executed-version': result.executedVersion,
      ...(result.functionError && { 'x-amz-function-error': result.functionError }),
    });
    response.end(result.statusCode === 204 ? undefined : body);
  }

  async function authorized(request: WireRequest, operation: string, action: string, resource: string) {
    const { region, accessKeyId } = request;
    await ports.authorize?.({ action, resource, region, accessKeyId, operation });
  }

  return async (request, response) => {
    try {
      await route(request, response);
    } catch (error) {
      if (error instanceof ConnectionLost) request.http.socket.destroy();
      else if (error instanceof LambdaApiError)
        fail(response, error.statusCode, error.code, error.message, error.detail);
      else if (isAccessDenied(error)) fail(response, 403, 'AccessDeniedException', error.message);
      else throw error;
    }
  };
}

function fail(response: ServerResponse, status: number, code: string, message: string, detail = {}): void {
  response.setHeader('x-amzn-errortype', code);
  json(response, status, { Type: status >= 500 ? 'Server' : 'User', Message: message, message, ...detail });
}

function json(response: ServerResponse, status: number, value: unknown): void {
  const body = Buffer.from(JSON.stringify(value));
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': body.length });
  response.end(body);
}

/** Stops reading one byte past the limit, which `invoke` then refuses by size. */
async function readBody(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of message) {
    size += chunk.length;
    if (size <= SYNC_PAYLOAD_LIMIT_BYTES) chunks.push(chunk);
  }
  if (size <= SYNC_PAYLOAD_LIMIT_BYTES) return Buffer.concat(chunks).toString('utf8');
  const message413 = `Request must be smaller than ${SYNC_PAYLOAD_LIMIT_BYTES} bytes for the InvokeFunction operation`;
  throw new LambdaApiError('RequestTooLargeException', 413, message413);
}

function configuration(definition: FunctionDefinition): Record<string, unknown> {
  return {
    FunctionName: definition.name,
    FunctionArn: definition.arn,
    Handler: definition.handler,
    MemorySize: definition.memoryMb,
    Role: definition.roleArn,
    Runtime: 'nodejs24.x',
    State: 'Active',
    LastUpdateStatus: 'Successful',
    Timeout: definition.timeoutSeconds,
    Version: '$LATEST',
  };
}
