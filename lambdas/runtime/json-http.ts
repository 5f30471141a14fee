import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorOfProblem, TankerError } from '@tanker/contract/index.ts';
import type { z } from 'zod';
import { type HttpRequest, sendRequest } from './http-request.ts';
import type { Bearer } from './secrets.ts';

/** Waits before the repeats of a call that did not get through; each call of the contracts may be repeated. */
const REPEAT_AFTER_MS = [100, 400] as const;

/** Answers of proxies and of servers that just start or end: the call may not have arrived. */
const TRANSIENT_STATUSES = new Set([500, 502, 503, 504]);

/** Who is called, and how errors name it. */
export interface Peer {
  /** As a sentence names it: `the provider contacts at eu/db1`. */
  readonly name: string;
  /** The contract's base URL; the paths of calls follow it. */
  readonly base: string;
  readonly bearer: Bearer;
  readonly unreachable: 'ProviderUnreachable' | 'GatewayUnreachable';
}

export interface Call {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON unless it is a stream. */
  readonly body?: unknown;
  readonly stream?: { readonly stream: Readable; readonly bytes: number };
  /** For one try, the answer's body included unless that is octets. */
  readonly timeoutMs: number;
  /** The work itself may take that long: a try that has used it up is not repeated, because the next would too. */
  readonly long?: boolean;
  /** At most 1 + the number of waits. A stream is sent once: it can't be read again. */
  readonly tries?: 1 | 2 | 3;
  readonly silenceMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * A JSON call: sends, repeats what did not get through, renews a refused token once, and parses the answer.
 *
 * @throws the named error that the other side answered; `unreachable` when no answer came, CallTooLong when that was a long
 *   call's whole time; ContractUnsupported when the answer is no answer of this contract; the signal's reason when it was
 *   aborted
 */
export async function callJson<S extends z.ZodType>(peer: Peer, call: Call, schema: S): Promise<z.infer<S>> {
  return exchange(peer, call, async (response) => {
    const parsed = schema.safeParse(parseJson(await text(response)));
    if (parsed.success) return parsed.data;
    const fields = parsed.error.issues.map(fieldText);
    throw new TankerError('ContractUnsupported', {
      what: `${peer.name} answered ${asText(call)} with ${fields.join(', ')} not as the contract says.`,
      now: 'What the call did is unknown; its answer was not used.',
      next: 'Run the contract test against that service and deploy a version that passes.',
    });
  });
}

/** Zod's own words may hold what was answered; the contract's don't. */
function fieldText({ path, code, message }: z.core.$ZodIssue): string {
  const field = path.map(String).join('.') || '(the body)';
  return code === 'custom' ? `${field} (${message})` : field;
}

/** A call that is answered with octets. The body is the caller's; destroying it ends the call. Errors as callJson. */
export function callOctets(peer: Peer, call: Call): Promise<IncomingMessage> {
  return exchange(peer, call, (response) => Promise.resolve(response), { untilHeaders: true });
}

/** `POST /companies/acme/lock` */
const asText = ({ method, path }: Call): string => `${method.toUpperCase()} ${path}`;

async function exchange<R>(
  peer: Peer,
  call: Call,
  read: (response: IncomingMessage) => Promise<R>,
  options: { untilHeaders?: boolean } = {},
): Promise<R> {
  const tries = call.stream ? 1 : (call.tries ?? 3);
  let token = await peer.bearer.token();
  let renewed = call.stream !== undefined;
  for (let number = 1; ; number += 1) {
    try {
      return await once(peer, call, token, read, options);
    } catch (error) {
      call.signal?.throwIfAborted();
      if (error instanceof Transient && number < tries) {
        await sleep(REPEAT_AFTER_MS[number - 1] ?? 0, undefined, call.signal ? { signal: call.signal } : {});
      } else if (error instanceof Transient) {
        throw error.final;
      } else if (error instanceof TankerError && error.name === 'RequestUnauthorized' && !renewed) {
        token = await peer.bearer.renew(token);
        renewed = true;
        number -= 1;
      } else {
        throw error;
      }
    }
  }
}

/** A failure after which the same call is sent again; `final` is what the caller gets when it was the last try. */
class Transient extends Error {
  readonly final: TankerError;
  constructor(final: TankerError) {
    super(final.message);
    this.final = final;
  }
}

async function once<R>(
  peer: Peer,
  call: Call,
  token: string,
  read: (response: IncomingMessage) => Promise<R>,
  { untilHeaders }: { untilHeaders?: boolean },
): Promise<R> {
  const timeout = new AbortController();
  const timer = setTimeout(
    () => timeout.abort(new Error(`no answer within ${call.timeoutMs} ms`)),
    call.timeoutMs,
  );
  const signal = call.signal ? AbortSignal.any([call.signal, timeout.signal]) : timeout.signal;
  try {
    const response = await sendRequest(requestOf(peer, call, token, signal));
    const ok = response.statusCode === 200;
    if (ok && untilHeaders) return await read(response);
    if (!ok) throw await refusal(peer, call, response);
    return await read(response);
  } catch (error) {
    if (error instanceof TankerError || error instanceof Transient) throw error;
    if (timeout.signal.aborted && call.long) throw tooLong(peer, call);
    const why = timeout.signal.aborted ? timeout.signal.reason : error;
    throw new Transient(unreachable(peer, call, why));
  } finally {
    clearTimeout(timer);
  }
}

function requestOf(peer: Peer, call: Call, token: string, signal: AbortSignal): HttpRequest {
  const body = call.stream ?? (call.body === undefined ? undefined : Buffer.from(JSON.stringify(call.body)));
  return {
    method: call.method.toUpperCase(),
    url: new URL(peer.base + call.path),
    headers: {
      authorization: `Bearer ${token}`,
      accept: 'application/json, application/problem+json, application/octet-stream',
      'accept-encoding': 'identity',
      ...(body === undefined
        ? {}
        : { 'content-type': call.stream ? 'application/octet-stream' : 'application/json' }),
      ...call.headers,
    },
    ...(body === undefined ? {} : { body }),
    signal,
    ...(call.silenceMs === undefined ? {} : { silenceMs: call.silenceMs }),
  };
}

async function refusal(peer: Peer, call: Call, response: IncomingMessage): Promise<Error> {
  const status = response.statusCode ?? 0;
  const told = errorOfProblem(parseJson(await text(response)));
  call.stream?.stream.destroy();
  if (told) return told.name === 'InternalFailure' ? new Transient(told) : told;
  if (status === 401 || status === 403) {
    return new TankerError('RequestUnauthorized', {
      what: `${peer.name} refused the bearer token of ${asText(call)} with HTTP ${status}.`,
      now: 'The call had no effect.',
      next: 'Store the token that this service accepts as the secret that the topology names.',
    });
  }
  const error = unreachable(peer, call, new Error(`HTTP ${status} without a problem of the contract`));
  return TRANSIENT_STATUSES.has(status) ? new Transient(error) : error;
}

function unreachable(peer: Peer, call: Call, why: unknown): TankerError {
  const { code, message } = why as { code?: string; message?: string };
  return new TankerError(
    peer.unreachable,
    {
      what: `${peer.name} did not answer ${asText(call)}: ${code ?? message ?? 'no reason given'}.`,
      now: 'Whether the call had an effect is unknown; it may be repeated.',
      next: 'Check that the service runs and that its endpoint can be reached from the caller.',
    },
    { cause: why },
  );
}

const tooLong = (peer: Peer, call: Call): TankerError =>
  new TankerError('CallTooLong', {
    what: `${peer.name} did not end ${asText(call)} within the ${call.timeoutMs / 1000} s that one call may take.`,
    now: 'The call was given up, and is not made again at once: it would take as long. Whether it had an effect is unknown.',
    next: 'Find out what held it up there: a lock, a missing index, an overload. If it is the size of the company, docs/providers.md says what the provider can do ("How long a call may take").',
  });

/** What JSON.parse makes of it, or undefined: its own error would quote the text. */
function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
