import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { LOCKED_RETRY_AFTER_SECONDS, LOCKED_STATUS, PROBLEM_MEDIA_TYPE } from '@tanker/contract/index.ts';

/**
 * What customers are told, by what is in the way: what was wrong, what is true now and what to do next, and never where
 * a company lives.
 */
export const DETAILS = {
  path: 'The path can be read in several ways. Nothing was done. Send it without dots, backslashes, control characters and encoded separators between its slashes.',
  hosts: 'Host is given more than once. Nothing was done. Send it once.',
  lengths: 'Content-Length and Transfer-Encoding exclude each other. Nothing was done. Send one of them.',
  coding: 'The only transfer coding is chunked. Nothing was done. Send the body chunked, or with its length.',
  unknown: 'There is no such company. Nothing was done. Check the company in the path.',
  locked: 'This company is being moved. Nothing was changed. Try again shortly.',
  left: 'This company has left. Nothing was done. Ask whoever runs the product if it should be here.',
  unreachable: 'The home of this company cannot be reached. Nothing was done. Try again later.',
  silent:
    'The home of this company did not answer. Whether it acted is unknown. Look at what is there before you send the request again.',
  failed: 'The gateway failed. The request was not passed on. Try again later.',
} as const;
export type Detail = keyof typeof DETAILS;

/** Problem details without a type of their own (RFC 9457) instead of an answer of the product. */
export function refuse(response: ServerResponse, status: number, detail: Detail): void {
  const problem = { type: 'about:blank', title: STATUS_CODES[status], status, detail: DETAILS[detail] };
  response.writeHead(status, { 'content-type': PROBLEM_MEDIA_TYPE });
  response.end(JSON.stringify(problem));
}

export function refuseLocked(response: ServerResponse): void {
  response.setHeader('retry-after', LOCKED_RETRY_AFTER_SECONDS);
  refuse(response, LOCKED_STATUS, 'locked');
}

/** The answer to CONNECT, which Node hands over as a bare connection: the gateway is nobody's tunnel. */
export function refuseTunnel(_request: unknown, socket: Duplex): void {
  socket.on('error', () => {});
  socket.end('HTTP/1.1 405 Method Not Allowed\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
}
