import http, { type ClientRequest, type IncomingMessage } from 'node:http';
import https from 'node:https';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream';

/**
 * A host that accepts connections does so at once, the farthest after about 300 ms, and its TLS handshake takes two more of
 * these: 0.9 s, with room for one packet that is lost and sent again after 1 s.
 */
export const CONNECT_TIMEOUT_MS = 3000;

/** NAT gateways forget a silent connection after 350 s; calls that compute for minutes are silent. */
const TCP_KEEP_ALIVE_MS = 60_000;

/** Idle sockets close before the usual 5 s of Node servers, so that a call seldom meets a closing one. */
const IDLE_SOCKET_MS = 4000;

const AGENT_OPTIONS = { keepAlive: true, noDelay: true, timeout: IDLE_SOCKET_MS, maxFreeSockets: 16 };
const agents = { 'http:': new http.Agent(AGENT_OPTIONS), 'https:': new https.Agent(AGENT_OPTIONS) };

export interface HttpRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Whole, or a stream of known length: one that ends early or runs over fails the request. */
  readonly body?: Uint8Array | { readonly stream: Readable; readonly bytes: number };
  readonly signal?: AbortSignal | undefined;
  /** How long the connection may be silent in both directions; without it the signal alone ends the wait. */
  readonly silenceMs?: number;
}

/** The connection was made but nothing passed over it for too long. */
class SilentConnection extends Error {
  override readonly name = 'SilentConnection';
}

/**
 * Sends a request over node:http, never fetch, which buffers streamed bodies whole. Resolves with the response whose
 * body is still to be read; destroying it ends the call. Rejects on every transport failure.
 */
export function sendRequest(call: HttpRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const secure = call.url.protocol === 'https:';
    const request = (secure ? https : http).request(call.url, {
      method: call.method,
      agent: agents[secure ? 'https:' : 'http:'],
      headers: { ...call.headers, ...lengthOf(call.body) },
      ...(call.signal ? { signal: call.signal } : {}),
    });
    let answered = false;
    request.on('response', (response) => {
      answered = true;
      resolve(response);
    });
    request.on('error', (error) => {
      if (!answered) reject(error);
    });
    watchSocket(request, secure ? 'secureConnect' : 'connect', call.silenceMs);
    sendBody(request, call.body, reject);
  });
}

function lengthOf(body: HttpRequest['body']): Record<string, string> {
  if (body === undefined) return {};
  return { 'content-length': String('stream' in body ? body.bytes : body.byteLength) };
}

/** `ready` is the socket's event after which the request goes out: of TLS the end of the handshake, not its beginning. */
function watchSocket(
  request: ClientRequest,
  ready: 'connect' | 'secureConnect',
  silenceMs: number | undefined,
): void {
  request.on('socket', (socket) => {
    socket.setKeepAlive(true, TCP_KEEP_ALIVE_MS);
    if (silenceMs !== undefined) {
      request.setTimeout(silenceMs, () =>
        request.destroy(new SilentConnection(`Nothing came or went for ${silenceMs} ms.`)),
      );
    }
    if (!socket.connecting) return;
    const timer = setTimeout(
      () => request.destroy(new Error(`No connection within ${CONNECT_TIMEOUT_MS} ms.`)),
      CONNECT_TIMEOUT_MS,
    );
    socket.once(ready, () => clearTimeout(timer));
    socket.once('close', () => clearTimeout(timer));
  });
}

function sendBody(request: ClientRequest, body: HttpRequest['body'], reject: (error: Error) => void): void {
  if (body === undefined || !('stream' in body)) {
    request.end(body);
    return;
  }
  const { stream, bytes } = body;
  const counted = async function* (source: AsyncIterable<Uint8Array>) {
    let sent = 0;
    for await (const chunk of source) {
      sent += chunk.byteLength;
      if (sent > bytes) throw new Error(`The body is longer than the ${bytes} bytes it was announced with.`);
      yield chunk;
    }
    if (sent < bytes) throw new Error(`The body ended after ${sent} of ${bytes} bytes.`);
  };
  pipeline(stream, counted, request, (error) => {
    if (error) reject(error);
  });
}
