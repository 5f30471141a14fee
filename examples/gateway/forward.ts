import {
  type Agent,
  type ClientRequest,
  request as httpRequest,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { refuse } from './answers.ts';
import { inwardHeaders, withoutHops } from './headers.ts';

export interface Leg {
  /** Base URL of the services at the company's home. */
  readonly route: string;
  readonly version: number;
  readonly agent: Agent;
  /** Counts the request out; called when the service has ended it, never when only the client has gone. */
  readonly leave: () => void;
}

/**
 * One request to the service and its answer back, streamed both ways. It is in flight until the service has ended its
 * answer or the connection, whatever the client does. A client that goes away
 *
 * - while the service works on a request that it has whole, changes nothing: the answer is read and thrown away;
 * - before its request was sent whole, or in the middle of the answer, is told to the service by the end of the
 *   gateway's side of the connection. Otherwise it would wait for the rest, or send an endless answer, for nobody.
 */
export function forward(request: IncomingMessage, response: ServerResponse, leg: Leg): void {
  const outward = requestTo(request, leg);
  outward.on('close', () => {
    leg.leave();
    request.unpipe(outward).resume();
    if (!response.headersSent) refuseUnknown(response);
  });
  outward.on('error', () => {
    if (!response.headersSent) refuseUnknown(response);
    else if (!response.writableEnded) response.destroy();
  });
  outward.on('response', (answer) => {
    answer.on('error', () => response.destroy());
    answer.on('end', () => {
      if (outward.socket?.writableEnded) outward.destroy();
    });
    passBack(answer, response, () => endOwnSide(outward));
  });
  request.on('close', () => {
    if (!request.readableEnded) endOwnSide(outward);
  });
  request.pipe(outward);
}

/** Host, port and path by themselves: what was checked is what is sent, and no URL is parsed out of a client's text. */
function requestTo(request: IncomingMessage, { route, version, agent, leave }: Leg): ClientRequest {
  try {
    const { hostname, port, pathname } = new URL(route);
    return httpRequest({
      host: hostname.replace(/^\[(.*)\]$/, '$1'),
      port: port || 80,
      path: `${pathname.replace(/\/$/, '')}${request.url}`,
      method: request.method,
      headers: inwardHeaders(request.headers, version),
      agent,
    });
  } catch (error) {
    leave();
    throw error;
  }
}

function passBack(answer: IncomingMessage, response: ServerResponse, forNobody: () => void): void {
  const { statusCode = 0 } = answer;
  if (response.destroyed || statusCode < 200) {
    forNobody();
    answer.resume();
    return;
  }
  response.writeHead(statusCode, withoutHops(answer.headers));
  response.on('close', () => {
    // Once the answer has ended, its connection may carry another request.
    if (!response.writableEnded) forNobody();
    answer.unpipe(response).resume();
  });
  answer.pipe(response);
}

/** The service reads what was sent and then the end; its own side stays open for as long as it works. */
function endOwnSide(outward: ClientRequest): void {
  const { socket } = outward;
  if (!socket || socket.connecting) outward.destroy();
  else socket.end();
}

function refuseUnknown(response: ServerResponse): void {
  if (response.destroyed) return;
  refuse(response, 502, 'silent');
}
