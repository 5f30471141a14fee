import type { Readable } from 'node:stream';
import {
  type Fence,
  formatLocation,
  type Location,
  PROVIDER_BASE,
  PROVIDER_CALL_SECONDS,
  PROVIDER_OPERATIONS,
  type ProviderOperation,
  type TopologyProvider,
} from '@tanker/contract/index.ts';
import type { z } from 'zod';
import type { ClosedCompanies, Provider } from '../../core/ports.ts';
import { type Call, callJson, callOctets, type Peer } from './json-http.ts';
import type { Bearer } from './secrets.ts';

/** Calls that only look something up. */
const QUICK_TIMEOUT_MS = 10_000;

/** Calls that compute over the company's rows. */
const LONG_TIMEOUT_MS = PROVIDER_CALL_SECONDS * 1000;

/** A part's stream on which nothing passes for this long is dead; a heartbeat alone would keep it waiting. */
const STREAM_SILENCE_MS = 120_000;

const QUICK: ReadonlySet<ProviderOperation> = new Set(['describe', 'drain', 'exportRelease', 'importAbort']);

export interface ProviderAt {
  readonly provider: TopologyProvider;
  readonly location: Location;
  readonly company: string;
  readonly bearer: Bearer;
}

/**
 * Core's Provider over the provider contract, bound to one location and company. An endpoint that the topology does not
 * have for the datacenter is a defect of the topology, which its schema refuses.
 */
export function httpProvider({ company, ...at }: ProviderAt): Provider {
  const peer = providerPeer(at);
  const send = <O extends JsonOperation>(operation: O, options: SendOptions) =>
    callJson(peer, callOf(operation, company, options), PROVIDER_OPERATIONS[operation].response) as Promise<
      Answer<O>
    >;
  return {
    describe: (signal) => send('describe', { signal }),
    summary: ({ digest }, signal) => send('summary', { query: digest ? '?digest=true' : '', signal }),
    drain: (signal) => send('drain', { signal }),
    exportBegin: (fence, grant, signal) => send('exportBegin', { fence, body: { grant }, signal }),
    exportPart: (fence, session, part, signal) =>
      callOctets(peer, callOf('exportPart', company, { fence, path: { export: session, part }, signal })),
    exportFinish: (fence, session, signal) =>
      send('exportFinish', { fence, path: { export: session }, body: {}, signal }),
    async exportRelease(fence, session, signal) {
      await send('exportRelease', { fence, path: { export: session }, signal });
    },
    async open(fence, signal) {
      await send('open', { fence, body: {}, signal });
    },
    importBegin: (fence, manifest, signal) => send('importBegin', { fence, body: manifest, signal }),
    importPart: (fence, session, part, body, bytes, signal) =>
      send('importPart', { fence, path: { session, part }, stream: { stream: body, bytes }, signal }),
    importPublish: (fence, session, signal) =>
      send('importPublish', { fence, path: { session }, body: {}, signal }),
    async importAbort(fence, session, signal) {
      await send('importAbort', { fence, path: { session }, signal });
    },
    seal: (fence, signal) => send('seal', { fence, body: {}, signal }),
    async fence(fence, signal) {
      await send('fence', { fence, body: {}, signal });
    },
    erase: (fence, order, signal) => send('erase', { fence, body: order, signal }),
    hook: async (fence, hook, order, signal) =>
      (await send('hook', { fence, path: { hook }, body: order, signal })).ran,
  };
}

/** The calls of the region's own schedule, which asks again a minute later: one short try each. */
const SCHEDULED_TIMEOUT_MS = 5000;

/** Core's ClosedCompanies over the provider contract: one location, every company. */
export function httpClosedCompanies(at: Omit<ProviderAt, 'company'>): ClosedCompanies {
  const peer = providerPeer(at);
  const send = <O extends JsonOperation>(operation: O, company: string, options: SendOptions) =>
    callJson(
      peer,
      { ...callOf(operation, company, options), timeoutMs: SCHEDULED_TIMEOUT_MS, long: false, tries: 1 },
      PROVIDER_OPERATIONS[operation].response,
    ) as Promise<Answer<O>>;
  return {
    closings: (after) => send('closings', '', { query: after ? `?after=${encodeURIComponent(after)}` : '' }),
    async openExpired(company, fence, grant) {
      await send('open', company, { fence, body: { grant } });
    },
  };
}

function providerPeer({ provider, location, bearer }: Omit<ProviderAt, 'company'>): Peer {
  const { datacenter, server } = location;
  return {
    name: `The provider ${provider.name} at ${formatLocation(location)}`,
    base:
      provider.endpoints[datacenter] +
      PROVIDER_BASE.replace('{datacenter}', datacenter).replace('{server}', server),
    bearer,
    unreachable: 'ProviderUnreachable',
  };
}

type JsonOperation = Exclude<ProviderOperation, 'exportPart'>;
type Answer<O extends JsonOperation> = z.infer<(typeof PROVIDER_OPERATIONS)[O]['response']>;

interface SendOptions {
  readonly fence?: Fence;
  readonly path?: Readonly<Record<string, string | number>>;
  readonly query?: string;
  readonly body?: object;
  readonly stream?: { readonly stream: Readable; readonly bytes: number };
  readonly signal?: AbortSignal | undefined;
}

function callOf(operation: ProviderOperation, company: string, options: SendOptions): Call {
  const { method, path } = PROVIDER_OPERATIONS[operation];
  const filled = Object.entries({ company, ...options.path }).reduce(
    (result, [name, value]) => result.replace(`{${name}}`, encodeURIComponent(value)),
    path as string,
  );
  return {
    method,
    path: filled + (options.query ?? ''),
    headers: options.fence ? fenceHeaders(options.fence) : {},
    ...(options.body ? { body: options.body } : {}),
    ...(options.stream ? { stream: options.stream } : {}),
    ...(QUICK.has(operation) ? { timeoutMs: QUICK_TIMEOUT_MS } : { timeoutMs: LONG_TIMEOUT_MS, long: true }),
    ...(operation === 'exportPart' || operation === 'importPart' ? { silenceMs: STREAM_SILENCE_MS } : {}),
    signal: options.signal,
  };
}

/** The wire form of a fence. */
const fenceHeaders = (fence: Fence): Record<string, string> => ({
  'tanker-task': fence.task,
  'tanker-epoch': String(fence.epoch),
  'tanker-holder': fence.holder,
  'tanker-incarnation': fence.incarnation,
});
