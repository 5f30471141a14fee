import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const OPERATOR = 'operator-token-operator-token-operator';
export const READER = 'reader-token-reader-token-reader-token';
const MAIN = new URL('../../examples/gateway/main.ts', import.meta.url).pathname;

export const US = { datacenter: 'us', server: 'db1' };
export const EU = { datacenter: 'eu', server: 'db1' };
export const home = (location: { datacenter: string; server: string }) => ({ state: 'home', location });

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: answers of every shape are compared by the tests
  readonly body: any;
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** A service of the product behind the gateway, whose handler a test replaces. */
export async function startService() {
  const seen: IncomingMessage[] = [];
  const service = {
    seen,
    handle: ((_request, response) => response.end('{"served":true}')) as Handler,
    port: 0,
    stop: async () => {
      server.close();
      server.closeAllConnections();
    },
  };
  const server = createServer((request, response) => {
    seen.push(request);
    service.handle(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  service.port = (server.address() as AddressInfo).port;
  return service;
}

export type Service = Awaited<ReturnType<typeof startService>>;

/** A gateway in a child process of its own, over real HTTP. */
export class GatewayProcess {
  readonly directory = mkdtempSync(join(tmpdir(), 'tanker-gateway-'));
  readonly #routes: Record<string, string>;
  #child: ChildProcess | undefined;
  url = '';

  constructor(routes: Record<string, string>) {
    this.#routes = routes;
  }

  async start(): Promise<this> {
    const config = join(this.directory, 'gateway.json');
    writeFileSync(
      config,
      JSON.stringify({
        port: 0,
        database: join(this.directory, 'authority.db'),
        operatorToken: OPERATOR,
        readerToken: READER,
        routes: this.#routes,
      }),
    );
    const child = fork(MAIN, [config], { execArgv: ['--disable-warning=ExperimentalWarning'], silent: true });
    let log = '';
    child.stderr?.on('data', (chunk) => {
      log += chunk;
    });
    child.once('exit', (code) => code && process.stderr.write(log));
    this.#child = child;
    const [ready] = (await once(child, 'message')) as [{ port: number }];
    this.url = `http://127.0.0.1:${ready.port}`;
    return this;
  }

  /** Kills the process without a word to it. */
  async crash(): Promise<void> {
    const child = this.#child as ChildProcess;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  async stop(): Promise<void> {
    if (this.#child?.exitCode === null && this.#child.signalCode === null) await this.crash();
    rmSync(this.directory, { recursive: true });
  }

  async request(path: string, init: RequestInit = {}): Promise<Answer> {
    const response = await fetch(`${this.url}${path}`, init);
    const text = await response.text();
    const json = response.headers.get('content-type')?.includes('json') || text.startsWith('{');
    return { status: response.status, headers: response.headers, body: json ? JSON.parse(text) : text };
  }

  async post(path: string, body: unknown, token = OPERATOR): Promise<Answer> {
    return this.request(path, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  }

  async read(company: string, token = READER): Promise<Answer> {
    return this.request(`/tanker/v1/companies/${company}`, { headers: { authorization: `Bearer ${token}` } });
  }

  signUp(company: string, location = US): Promise<Answer> {
    return this.post(`/signup/${company}`, { location });
  }

  call(verb: 'claim' | 'lock' | 'unlock' | 'commit', company: string, body: object): Promise<Answer> {
    return this.post(`/tanker/v1/companies/${company}/${verb}`, body);
  }
}

/** The claimant of an epoch, with a task of its own unless another is named. */
export const claimant = (epoch: number, task = `task-${epoch}`, execution = task) => ({
  task,
  epoch,
  holder: `${task}/${execution}`,
});

export const problemName = (answer: Answer): string => String(answer.body.type).replace('urn:tanker:', '');
