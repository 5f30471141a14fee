import type { IncomingMessage, ServerResponse } from 'node:http';

/** One AWS request as the front has recognised it: the region and service come from the SigV4 credential scope. */
export interface WireRequest {
  readonly http: IncomingMessage;
  readonly method: string;
  /** Path without the query, still percent-encoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly region: string;
  readonly service: string;
  /** Who calls: each role of the embedded cloud has an access key id of its own. */
  readonly accessKeyId: string;
}

/** A service of the embedded cloud: answers every request itself, its errors included, in its own wire protocol. */
export type WireHandler = (request: WireRequest, response: ServerResponse) => Promise<void>;
