import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { LOCKED_RETRY_AFTER_SECONDS, LOCKED_STATUS, PROBLEM_MEDIA_TYPE } from '@tanker/contract/index.ts';

/** What customers get instead of an answer of the product: problem details without a type of their own (RFC 9457). */
export function refuse(response: ServerResponse, status: number, detail: string): void {
  const problem = { type: 'about:blank', title: STATUS_CODES[status], status, detail };
  response.writeHead(status, { 'content-type': PROBLEM_MEDIA_TYPE });
  response.end(JSON.stringify(problem));
}

export function refuseLocked(response: ServerResponse): void {
  response.setHeader('retry-after', LOCKED_RETRY_AFTER_SECONDS);
  refuse(response, LOCKED_STATUS, 'This company is being moved. Nothing was changed; try again shortly.');
}

/** The answer to CONNECT, which Node hands over as a bare connection: the gateway is nobody's tunnel. */
export function refuseTunnel(_request: unknown, socket: Duplex): void {
  socket.on('error', () => {});
  socket.end('HTTP/1.1 405 Method Not Allowed\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
}
