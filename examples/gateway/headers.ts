import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Detail } from './answers.ts';

type Headers = NodeJS.Dict<string | string[]>;

/** Carried inward, so that a service can refuse a request that was routed by an older placement. */
export const PLACEMENT_VERSION_HEADER = 'x-placement-version';

/** Headers of one connection, not of the message. Source: RFC 9110 section 7.6.1. Node frames each side by itself. */
const HOP_BY_HOP = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

/** Where a message ends and for whom it is: `Connection` may name them as often as it likes, they stay. */
const OF_THE_MESSAGE = ['content-length', 'host'];

export interface HeaderFault {
  readonly status: 400 | 501;
  readonly detail: Detail;
}

/** Why these headers could mean one thing here and another at the service; nothing when they can't. */
export function headerFault(
  request: Pick<IncomingMessage, 'headers' | 'headersDistinct'>,
): HeaderFault | undefined {
  const { 'transfer-encoding': coding, 'content-length': length } = request.headers;
  if ((request.headersDistinct['host']?.length ?? 0) > 1) return fault(400, 'hosts');
  if (coding === undefined) return undefined;
  if (length !== undefined) return fault(400, 'lengths');
  if (coding.toLowerCase() !== 'chunked') return fault(501, 'coding');
  return undefined;
}

const fault = (status: HeaderFault['status'], detail: Detail): HeaderFault => ({ status, detail });

/** A request's headers for the service. The placement version is the gateway's word, whatever the client sent. */
export function inwardHeaders(headers: IncomingHttpHeaders, version: number): Headers {
  const inward = withoutHops(headers);
  for (const name of Object.keys(inward)) if (namesVersion(name)) delete inward[name];
  // Without it Node would send no body with the methods that usually have none.
  if (headers['transfer-encoding'] !== undefined) inward['transfer-encoding'] = 'chunked';
  return { ...inward, [PLACEMENT_VERSION_HEADER]: String(version) };
}

/** Services that hand headers on as variables don't tell `_` from `-`. */
const namesVersion = (name: string): boolean => name.replaceAll('_', '-') === PLACEMENT_VERSION_HEADER;

/** The headers of the message itself: without those of its connection and those that `Connection` names. */
export function withoutHops(headers: IncomingHttpHeaders): Headers {
  const named = String(headers.connection ?? '')
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => !OF_THE_MESSAGE.includes(name));
  const dropped = new Set([...HOP_BY_HOP, ...named]);
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !dropped.has(name)));
}
