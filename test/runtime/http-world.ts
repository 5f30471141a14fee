import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { problemOf, type TankerError } from '@tanker/contract/index.ts';
import type { Bearer } from '../../lambdas/runtime/secrets.ts';

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
}

/** A server whose answers a test sets, one for each request; the last one stays. */
export async function startServer() {
  const answers: Answer[] = [];
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    seen.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers });
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    answer?.(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    answerWith(...next: Answer[]) {
      answers.splice(0, answers.length, ...next);
      seen.length = 0;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export const json =
  (value: unknown, status = 200): Answer =>
  (request, response) => {
    request.resume();
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
  };

export const refusal =
  (error: TankerError): Answer =>
  (request, response) => {
    request.resume();
    const told = problemOf(error);
    response.writeHead(told.status, { 'content-type': 'application/problem+json' }).end(JSON.stringify(told));
  };

/** Ends the connection without an answer. */
export const hangUp: Answer = (request) => {
  request.socket.destroy();
};

/** A bearer whose secret was rotated: renew tells the new one. */
export function rotating(): Bearer & { renewals: number } {
  let current = 'old';
  return {
    renewals: 0,
    token: async () => current,
    async renew() {
      this.renewals += 1;
      current = 'new';
      return current;
    },
  };
}
