import {
  Agent,
  request as httpRequest,
  type IncomingMessage,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import {
  type AuthorityRecord,
  CompanyId,
  formatLocation,
  LOCKED_RETRY_AFTER_SECONDS,
  LOCKED_STATUS,
  PROBLEM_MEDIA_TYPE,
  TankerError,
} from '@tanker/contract/index.ts';
import type { AuthorityStore } from './authority-store.ts';
import type { Traffic } from './traffic.ts';

export interface ProxyOptions {
  readonly store: AuthorityStore;
  readonly traffic: Traffic;
  readonly routes: Readonly<Record<string, string>>;
}

export type Proxy = (request: IncomingMessage, response: ServerResponse) => void;

/** Carried inward, so that a service can refuse a request that was routed by an older placement. */
export const PLACEMENT_VERSION_HEADER = 'x-placement-version';

/** Headers of one connection, not of the message. Source: RFC 9110 section 7.6.1. Node frames each side by itself. */
const HOP_BY_HOP = ['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'upgrade'];

/**
 * Routes `/c/{company}/…` to the company's home. Every request reads the record, and reading it, deciding and counting
 * the request in is one synchronous step: none can slip between a lock's write and its wait for quiet.
 */
export function gatewayProxy({ store, traffic, routes }: ProxyOptions): Proxy {
  const agent = new Agent({ keepAlive: true });
  return (request, response) => {
    const company = /^\/c\/([^/?]+)/.exec(request.url ?? '')?.[1];
    if (!CompanyId.safeParse(company).success) return refuse(response, 404, 'There is no such company.');
    const record = readRecord(store, company as string);
    if (record === undefined) return refuse(response, 404, 'There is no such company.');
    if (record.lock?.state === 'held') return refuseLocked(response);
    if (record.home.state !== 'home') return refuse(response, 410, 'This company has left.');
    const route = routes[formatLocation(record.home.location)];
    if (route === undefined) return refuse(response, 502, 'The home of this company cannot be reached.');
    const leave = traffic.enter(record.company);
    forward(request, response, { route, version: record.version, agent, leave });
  };
}

function readRecord(store: AuthorityStore, company: string): AuthorityRecord | undefined {
  try {
    return store.read(company);
  } catch (error) {
    if (error instanceof TankerError && error.errorName === 'CompanyUnknown') return undefined;
    throw error;
  }
}

interface Leg {
  readonly route: string;
  readonly version: number;
  readonly agent: Agent;
  /** Counts the request out; called when the service has finished, never when only the client has gone. */
  readonly leave: () => void;
}

/**
 * One request to the service and its answer back, streamed both ways. When the client goes away after its request was
 * sent whole, the service works on: its answer is read to the end and thrown away, and only then the request is out of
 * flight. A request that was not sent whole is ended at once: no service accepted it.
 */
function forward(request: IncomingMessage, response: ServerResponse, leg: Leg): void {
  const outward = httpRequest(`${leg.route}${request.url}`, {
    method: request.method,
    headers: { ...inwardHeaders(request), [PLACEMENT_VERSION_HEADER]: String(leg.version) },
    agent: leg.agent,
  });
  outward.on('close', leg.leave);
  outward.on('error', () => {
    if (response.headersSent || response.destroyed) response.destroy();
    else refuse(response, 502, 'The home of this company did not answer; whether it acted is unknown.');
  });
  outward.on('response', (answer) => {
    answer.on('error', () => response.destroy());
    if (response.destroyed) {
      answer.resume();
      return;
    }
    response.writeHead(answer.statusCode ?? 502, withoutHops(answer.headers));
    response.on('close', () => {
      answer.unpipe(response);
      answer.resume();
    });
    answer.pipe(response);
  });
  request.on('close', () => {
    if (!request.complete) outward.destroy();
  });
  request.pipe(outward);
}

function inwardHeaders(request: IncomingMessage): NodeJS.Dict<string | string[]> {
  const headers = withoutHops(request.headers);
  // Without it Node would send no body with the methods that usually have none.
  if (request.headers['transfer-encoding'] !== undefined) headers['transfer-encoding'] = 'chunked';
  return headers;
}

function withoutHops(headers: NodeJS.Dict<string | string[]>): NodeJS.Dict<string | string[]> {
  const named = String(headers['connection'] ?? '')
    .toLowerCase()
    .split(',')
    .map((name) => name.trim());
  const dropped = new Set([...HOP_BY_HOP, 'transfer-encoding', ...named]);
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !dropped.has(name)));
}

function refuseLocked(response: ServerResponse): void {
  response.setHeader('retry-after', LOCKED_RETRY_AFTER_SECONDS);
  refuse(response, LOCKED_STATUS, 'This company is being moved. Nothing was changed; try again shortly.');
}

/** What customers get instead of an answer of the product: problem details without a type of their own (RFC 9457). */
export function refuse(response: ServerResponse, status: number, detail: string): void {
  const problem = { type: 'about:blank', title: STATUS_CODES[status], status, detail };
  response.writeHead(status, { 'content-type': PROBLEM_MEDIA_TYPE });
  response.end(JSON.stringify(problem));
}
