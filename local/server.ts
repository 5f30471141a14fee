import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FaultPort, FaultSubject } from './faults.ts';
import type { WireHandler, WireRequest } from './wire.ts';

/** Idle connections live long: the SDK's agents reuse them, and closing one under a request looks like an outage. */
const KEEP_ALIVE_MS = 10 * 60_000;

/** What the front can do to a request of any service. */
const WIRE_EFFECTS = ['drop', 'delay', 'answer-lost'] as const;

/** Services that know more about a call than the front does, and ask the faults with that. */
const ASK_THEMSELVES: ReadonlySet<string> = new Set(['lambda', 'ecs', 'events']);

export interface FrontOptions {
  /** Signing name of a service (lambda, states, s3, …) to its handler. */
  readonly services: Readonly<Record<string, WireHandler>>;
  /** Answers requests below /_local/, which need no signature. */
  local(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void>;
  /** Whether an access key is one of this cloud. */
  knows(accessKeyId: string): boolean;
  /** Asked for each request to a service about losing the request, its answer, or time. */
  readonly fault?: FaultPort;
  /** Told what no handler caught: a defect of the embedded cloud. */
  onDefect(error: unknown, where: string): void;
  /** Milliseconds since 1970, for the date of each answer: the SDKs take it for the service's own and sign by it. */
  now(): number;
  /** 0 takes any free port. */
  readonly port: number;
}

export interface Front {
  readonly endpoint: string;
  stop(): Promise<void>;
}

/** One HTTP server on 127.0.0.1 for all services and regions. */
export async function startFront(options: FrontOptions): Promise<Front> {
  const server = createServer((request, response) => {
    response.setHeader('date', new Date(options.now()).toUTCString());
    answer(options, request, response).catch((error) => {
      options.onDefect(error, `${request.method} ${request.url}`);
      if (response.headersSent) response.destroy();
      else plain(response, 500, 'InternalFailure', 'The embedded cloud failed; its log says how.');
    });
  });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.headersTimeout = KEEP_ALIVE_MS + 1000;
  server.requestTimeout = 0;
  server.timeout = 0;
  await listen(server, options.port);
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  options: FrontOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://127.0.0.1');
  if (url.pathname.startsWith('/_local/')) return options.local(request, response, url);
  const scope = credentialScope(request, url);
  if (!scope) return plain(response, 403, 'MissingAuthenticationToken', 'Missing Authentication Token');
  const misused = scopeProblem(scope, request);
  if (misused) return plain(response, 403, 'InvalidSignatureException', misused);
  const handler = options.services[scope.service];
  if (!handler) {
    const known = Object.keys(options.services).join(', ');
    const message = `The embedded cloud has no service '${scope.service}'. It has: ${known}.`;
    return plain(response, 501, 'ServiceNotImplemented', message);
  }
  const raw = request.url ?? '/';
  const path = raw.split('?', 1)[0] ?? '/';
  const wire: WireRequest = {
    http: request,
    method: request.method ?? 'GET',
    path,
    query: url.searchParams,
    ...scope,
  };
  if (!options.knows(scope.accessKeyId)) {
    const message = 'The security token included in the request is invalid.';
    return plain(response, 403, 'UnrecognizedClientException', message);
  }
  const fault = options.fault?.(subjectOf(wire), WIRE_EFFECTS);
  if (fault?.kind === 'drop') return void request.socket.destroy();
  if (fault?.kind === 'delay') await new Promise((resolve) => setTimeout(resolve, fault.milliseconds));
  if (fault?.kind === 'answer-lost') loseAnswer(response);
  await handler(wire, response);
}

/** A request as faults see it before its service does: the operation is known for the JSON protocols only. */
function subjectOf(wire: WireRequest): FaultSubject {
  const target = String(wire.http.headers['x-amz-target'] ?? '');
  const operation = target.slice(target.indexOf('.') + 1) || wire.method;
  const { service, region } = wire;
  return {
    service,
    region,
    operation,
    path: decodeURIComponent(wire.path),
    query: decodeURIComponent(String(wire.query)),
    namedOnly: ASK_THEMSELVES.has(service),
  };
}

/** The service does its work and answers; the caller sees the connection end instead. */
function loseAnswer(response: ServerResponse): void {
  response.writeHead = () => response;
  response.write = () => true;
  response.end = () => {
    response.destroy();
    return response;
  };
}

interface Scope extends Pick<WireRequest, 'accessKeyId' | 'region' | 'service'> {
  readonly date: string;
}

/**
 * Who calls which service of which region, from the SigV4 credential `<key>/<date>/<region>/<service>/aws4_request`
 * in the Authorization header or, for a presigned URL, in X-Amz-Credential. Signatures are not checked.
 */
function credentialScope(request: IncomingMessage, url: URL): Scope | undefined {
  const header = /Credential=([^,\s]+)/.exec(request.headers.authorization ?? '')?.[1];
  const [accessKeyId, date, region, service, end] = (
    header ??
    url.searchParams.get('X-Amz-Credential') ??
    ''
  ).split('/');
  if (!accessKeyId || !date || !region || !service || end !== 'aws4_request') return undefined;
  return { accessKeyId, date, region, service };
}

/** Which service the operation of a JSON protocol belongs to, by the first word of X-Amz-Target. */
const TARGET_SERVICES: Readonly<Record<string, string>> = {
  AWSEvents: 'events',
  AWSStepFunctions: 'states',
  AmazonEC2ContainerServiceV20141113: 'ecs',
  DynamoDB_20120810: 'dynamodb',
  secretsmanager: 'secretsmanager',
};

/** Regions as AWS names them. */
const REGION = /^[a-z]{2}(-[a-z]+)+-\d+$/;

/**
 * What is wrong with a credential's scope, in AWS's words: another service than the operation's, no region, another
 * day than the request's. Source: IAM, "Troubleshoot Signature Version 4 requests", credential scope.
 */
function scopeProblem(scope: Scope, { headers }: IncomingMessage): string | undefined {
  const target = String(headers['x-amz-target'] ?? '').split('.')[0] ?? '';
  const service = TARGET_SERVICES[target];
  if (service !== undefined && service !== scope.service)
    return `Credential should be scoped to correct service: '${service}'.`;
  if (!REGION.test(scope.region))
    return `Credential should be scoped to a valid region, not '${scope.region}'.`;
  const day = String(headers['x-amz-date'] ?? '').slice(0, 8);
  if (day !== '' && day !== scope.date)
    return `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${scope.date}' != '${day}'.`;
  return undefined;
}

function plain(response: ServerResponse, status: number, code: string, message: string): void {
  const body = JSON.stringify({ __type: code, message });
  response.writeHead(status, { 'content-type': 'application/json', 'x-amzn-errortype': code });
  response.end(body);
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve();
    });
  });
}
