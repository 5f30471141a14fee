import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';

/**
 * Stands between Tanker and every provider and the gateway, so that one company's calls can be cut off, held back, or
 * left without an answer, while those of the others pass. Customers go to the gateway itself.
 */

export interface FrontCall {
  /** `gateway`, or `<datacenter>/<provider>`. */
  readonly peer: string;
  /** Of a provider. */
  readonly server: string;
  readonly company: string;
  readonly method: string;
  /** What follows the company in the path. */
  readonly path: string;
  /** Parsed JSON; undefined for streams and calls without a body. */
  readonly body: unknown;
  /** The execution that asks; empty where a call names none. */
  readonly holder: string;
}

/**
 * `cut`: the connection ends and nothing arrives. `lose-answer`: it arrives, and the connection ends instead of the
 * answer. `hold-call` and `hold-answer`: it waits there until the barrier is lifted, and so do the later ones of the same
 * execution, but not those of its recovery. `watch`: it passes.
 */
export type Act = 'cut' | 'lose-answer' | 'hold-call' | 'hold-answer' | 'watch';

export interface BarrierOptions {
  readonly matches: (call: FrontCall) => boolean;
  readonly act: Act;
  readonly times?: number;
  /** Called at the first hit, before anything happens to it. */
  readonly onHit?: () => void;
}

export interface Barrier {
  /** How many calls it has struck; of those that it holds, how many have come to where they wait. */
  readonly hits: () => number;
  /** No call is hit any more. Those that are held arrive now, however late, or never. */
  lift(held?: 'arrive' | 'drop'): void;
}

export interface Front {
  /** The URL to call instead of a peer's own. */
  readonly of: (peer: string, url: string) => string;
  raise(options: BarrierOptions): Barrier;
  /** Calls of a company under way, held ones too. */
  underWay(company: string): number;
  stop(): Promise<void>;
}

interface Raised extends BarrierOptions {
  hits: number;
  /** Calls, or answers to calls that have done their work, that wait or have waited for the lift. */
  held: number;
  /** Of the first call that it struck. */
  holder?: string;
  readonly lifted: PromiseWithResolvers<'arrive' | 'drop'>;
}

const isHold = (act: Act): boolean => act === 'hold-call' || act === 'hold-answer';

const ROUTE = /^\/(\d+)(\/.*)$/;
const COMPANY = /\/companies\/([^/?]+)([^?]*)/;
const SERVER = /\/locations\/[^/]+\/([^/]+)/;

export async function startFront(): Promise<Front> {
  const peers: { readonly peer: string; readonly url: URL }[] = [];
  const raised = new Set<Raised>();
  const underWay = new Map<string, number>();
  const agent = new Agent({ keepAlive: true });

  const hit = (call: FrontCall): Raised | undefined => {
    for (const one of raised) {
      if (one.hits >= (one.times ?? Number.POSITIVE_INFINITY) || !one.matches(call)) continue;
      if (isHold(one.act) && (one.holder ?? call.holder) !== call.holder) continue;
      one.holder = call.holder;
      one.hits += 1;
      if (one.hits === 1) one.onHit?.();
      if (one.act !== 'watch') return one;
    }
    return undefined;
  };

  const pass = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const [, index = '', path = ''] = ROUTE.exec(incoming.url ?? '') ?? [];
    const target = peers[Number(index)];
    if (!target) return void response.writeHead(404).end();
    const [, company = '', rest = ''] = COMPANY.exec(path) ?? [];
    // Only parts of an import are streams: what they carry may be large, and nobody looks into it.
    const isStream = incoming.headers['content-type'] === 'application/octet-stream';
    const body = isStream ? undefined : await buffer(incoming);
    const parsed = body?.length ? (JSON.parse(body.toString('utf8')) as { holder?: unknown }) : undefined;
    const call: FrontCall = {
      peer: target.peer,
      server: SERVER.exec(path)?.[1] ?? '',
      company: decodeURIComponent(company),
      method: incoming.method ?? '',
      path: rest,
      body: parsed,
      holder: String(incoming.headers['tanker-holder'] ?? parsed?.holder ?? ''),
    };
    count(underWay, call.company, 1);
    try {
      await bring(hit(call), incoming, response, { url: target.url, path, body, agent });
    } finally {
      count(underWay, call.company, -1);
    }
  };

  const server = createServer({ requestTimeout: 0, keepAliveTimeout: 75_000 }, (incoming, response) => {
    // A caller or a peer that ends its connection is what this is for.
    pass(incoming, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    of: (peer, url) => `http://127.0.0.1:${port}/${peers.push({ peer, url: new URL(url) }) - 1}`,
    raise(options) {
      const one: Raised = { ...options, hits: 0, held: 0, lifted: Promise.withResolvers() };
      raised.add(one);
      return {
        hits: () => (isHold(one.act) ? one.held : one.hits),
        lift: (held = 'arrive') => {
          raised.delete(one);
          one.lifted.resolve(held);
        },
      };
    },
    underWay: (company) => underWay.get(company) ?? 0,
    async stop() {
      for (const one of raised) one.lifted.resolve('drop');
      agent.destroy();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

function count(counts: Map<string, number>, key: string, by: number): void {
  counts.set(key, (counts.get(key) ?? 0) + by);
}

interface Forward {
  readonly url: URL;
  readonly path: string;
  readonly body: Buffer | undefined;
  readonly agent: Agent;
}

async function bring(
  barrier: Raised | undefined,
  incoming: IncomingMessage,
  response: ServerResponse,
  forward: Forward,
): Promise<void> {
  if (barrier?.act === 'cut') return void response.destroy();
  if (barrier?.act === 'hold-call' && (await holdAt(barrier)) === 'drop') return void response.destroy();
  const answer = await send(incoming, forward);
  if (barrier === undefined || barrier.act === 'hold-call') {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    await pipeline(answer, response);
    return;
  }
  const octets = await buffer(answer);
  if (barrier.act === 'lose-answer' || (await holdAt(barrier)) === 'drop') return void response.destroy();
  response.writeHead(answer.statusCode ?? 502, answer.headers);
  response.end(octets);
}

function holdAt(barrier: Raised): Promise<'arrive' | 'drop'> {
  barrier.held += 1;
  return barrier.lifted.promise;
}

/** Sends the request on, also when its caller has gone meanwhile: a call on the way arrives. */
function send(incoming: IncomingMessage, { url, path, body, agent }: Forward): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        agent,
        host: url.hostname,
        port: url.port,
        method: incoming.method,
        path: `${url.pathname.replace(/\/$/, '')}${path}`,
        headers: { ...incoming.headers, host: url.host },
      },
      resolve,
    );
    outgoing.once('error', reject);
    if (body !== undefined) return void outgoing.end(body);
    pipeline(incoming, outgoing).catch((error: Error) => outgoing.destroy(error));
  });
}
