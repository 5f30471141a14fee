import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PassThrough, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  ERRORS,
  formatLocation,
  PROBLEM_MEDIA_TYPE,
  problemOf,
  TankerError,
} from '@tanker/contract/index.ts';
import { bearerCheck } from './bearer.ts';
import { dispatch } from './provider-dispatch.ts';
import type { ProviderImplementation } from './provider-implementation.ts';
import { type ParsedRequest, parseRequest } from './provider-request.ts';

/** One line for each request: no customer data, no token. `cause` is the unexpected error itself, for the log alone. */
export interface ProviderLogEntry {
  readonly operation: string;
  readonly company: string;
  readonly location: string;
  readonly epoch: number | null;
  readonly status: number;
  readonly milliseconds: number;
  readonly error?: string;
  readonly cause?: unknown;
}

export interface ServeProviderOptions {
  readonly implementation: ProviderImplementation;
  /** Accepted bearer tokens, each of at least 16 characters; several while one is being replaced. */
  readonly tokens: readonly string[];
  readonly log?: (entry: ProviderLogEntry) => void;
}

export interface RunningProvider {
  /** Base URL for the topology's `endpoints`: `http://127.0.0.1:<port>`. */
  readonly url: string;
  close(): Promise<void>;
}

export interface ProviderServer {
  /** For a server of one's own, such as one with TLS. */
  readonly listener: RequestListener;
  /** Starts a plain HTTP server. Default: any free port on loopback. */
  listen(at?: { readonly port?: number; readonly host?: string }): Promise<RunningProvider>;
}

const UPLOAD_BUFFER_BYTES = 256 * 1024;

/** What is left of a refused upload is read for this long, so that the client sees the answer before the end. */
const REFUSED_UPLOAD_MS = 2_000;

/**
 * Puts an implementation on the wire, on node:http itself: parts are streams of up to 1 GiB both ways, and Node's own
 * streams carry them with backpressure and without a conversion. A request is refused before anything is touched when
 * its token, path, headers or body are wrong. The answers are checked too, since a wrong one would show much later.
 */
export function serveProvider(options: ServeProviderOptions): ProviderServer {
  const authorized = bearerCheck(options.tokens);
  const listener: RequestListener = (request, response) => {
    void handle(options, authorized, request, response);
  };
  const listen = async ({ port = 0, host = '127.0.0.1' } = {}): Promise<RunningProvider> => {
    const server = createServer({ requestTimeout: 0 }, listener);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, resolve);
    });
    return {
      url: `http://${host}:${(server.address() as AddressInfo).port}`,
      close: () =>
        new Promise((resolve) => {
          server.close(() => resolve());
          server.closeAllConnections();
        }),
    };
  };
  return { listener, listen };
}

async function handle(
  options: ServeProviderOptions,
  authorized: (header: string | undefined) => boolean,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const started = performance.now();
  const gone = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) gone.abort(new Error('The client went away.'));
  });
  let parsed: ParsedRequest | undefined;
  let failure: unknown;
  try {
    if (!authorized(request.headers.authorization)) throw unauthorized();
    parsed = await parseRequest(request);
    const answer = await dispatch(options.implementation, parsed, uploadOf(parsed, request), gone.signal);
    await send(parsed, answer, response);
  } catch (error) {
    failure = error;
    refuse(error, request, response);
  }
  options.log?.({
    operation: parsed?.id ?? 'unknown',
    company: parsed?.company ?? '',
    location: parsed ? formatLocation(parsed.location) : '',
    epoch: parsed?.fence?.epoch ?? null,
    status: response.statusCode,
    milliseconds: Math.round(performance.now() - started),
    ...(failure instanceof TankerError ? { error: failure.name } : {}),
    ...(failure !== undefined && !(failure instanceof TankerError)
      ? { error: 'InternalFailure', cause: failure }
      : {}),
  });
}

/** The body apart from its socket: an implementation may destroy it, and the client still gets the answer. */
function uploadOf(parsed: ParsedRequest, request: IncomingMessage): Readable {
  if (parsed.operation.request !== 'octets') return request;
  const upload = new PassThrough({ highWaterMark: UPLOAD_BUFFER_BYTES });
  // An implementation that reads it hears of its end there. After a refusal nobody reads it, and an error that nobody
  // hears ends the process.
  upload.on('error', () => undefined);
  request.once('error', (error) => upload.destroy(error));
  request.once('close', () => {
    if (!request.complete) upload.destroy(new Error('The upload ended before its end.'));
  });
  return request.pipe(upload);
}

async function send(parsed: ParsedRequest, answer: unknown, response: ServerResponse): Promise<void> {
  const schema = parsed.operation.response;
  if (schema === 'octets') {
    response.writeHead(200, { 'content-type': 'application/octet-stream' });
    await pipeline(answer as Readable, response);
    return;
  }
  const text = JSON.stringify(schema.parse(answer));
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  response.end(text);
}

/** Answers a problem; once octets are on their way only breaking the connection tells that they are not whole. */
function refuse(error: unknown, request: IncomingMessage, response: ServerResponse): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const named = error instanceof TankerError ? error : internalFailure();
  const text = JSON.stringify(problemOf(named));
  response.writeHead(ERRORS[named.errorName].status, {
    'content-type': PROBLEM_MEDIA_TYPE,
    'content-length': Buffer.byteLength(text),
    ...(request.complete ? {} : { connection: 'close' }),
  });
  response.end(text);
  if (request.complete) return;
  request.on('error', () => undefined);
  request.unpipe();
  request.resume();
  const patience = setTimeout(() => request.destroy(), REFUSED_UPLOAD_MS);
  patience.unref();
  request.once('close', () => clearTimeout(patience));
}

const unauthorized = () =>
  new TankerError('RequestUnauthorized', {
    what: 'The bearer token is missing or is not one that this provider accepts.',
    now: 'Nothing was touched.',
    next: "Send `Authorization: Bearer <token>` with the token of the provider's secret.",
  });

const internalFailure = () =>
  new TankerError('InternalFailure', {
    what: 'The provider failed unexpectedly.',
    now: 'A transaction that was under way has been rolled back, or its outcome is unknown.',
    next: "Look at the provider's log, then repeat the call.",
  });
