import { Agent, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AuthorityRecord, formatLocation, TankerError } from '@tanker/contract/index.ts';
import { type Detail, refuse, refuseLocked } from './answers.ts';
import type { AuthorityStore } from './authority-store.ts';
import { forward } from './forward.ts';
import { headerFault } from './headers.ts';
import { companyOf, isPlainTarget } from './target.ts';
import type { Traffic } from './traffic.ts';

export interface ProxyOptions {
  readonly store: AuthorityStore;
  readonly traffic: Traffic;
  readonly routes: Readonly<Record<string, string>>;
}

export type Proxy = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * Routes `/c/{company}/…` to the company's home. Every request reads the record, and reading it, deciding and counting
 * the request in is one synchronous step: none can slip between a lock's write and its wait for quiet.
 */
export function gatewayProxy({ store, traffic, routes }: ProxyOptions): Proxy {
  const agent = new Agent({ keepAlive: true });
  return (request, response) => {
    const target = request.url ?? '';
    const fault = headerFault(request);
    if (fault) return refuseForGood(response, fault.status, fault.detail);
    if (!isPlainTarget(target)) return refuseForGood(response, 400, 'path');
    const company = companyOf(target);
    const record = company === undefined ? undefined : readRecord(store, company);
    if (record === undefined) return refuse(response, 404, 'unknown');
    if (record.lock?.state === 'held') return refuseLocked(response);
    if (record.home.state !== 'home') return refuse(response, 410, 'left');
    const route = routes[formatLocation(record.home.location)];
    if (route === undefined) return refuse(response, 502, 'unreachable');
    const leave = traffic.enter(record.company);
    forward(request, response, { route, version: record.version, agent, leave });
  };
}

/** A request that is not understood ends its connection: what follows on it could be part of it. */
function refuseForGood(response: ServerResponse, status: number, detail: Detail): void {
  response.setHeader('connection', 'close');
  refuse(response, status, detail);
}

function readRecord(store: AuthorityStore, company: string): AuthorityRecord | undefined {
  try {
    return store.read(company);
  } catch (error) {
    if (error instanceof TankerError && error.errorName === 'CompanyUnknown') return undefined;
    throw error;
  }
}
