import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Authorize, isAccessDenied } from '../hooks.ts';
import type { WireHandler, WireRequest } from '../wire.ts';
import type { Events } from './events.ts';
import { DEFAULT_BUS } from './rules.ts';

interface Entry {
  readonly Source?: string;
  readonly DetailType?: string;
  readonly Detail?: string;
  readonly Resources?: readonly string[];
  readonly Time?: number;
  readonly EventBusName?: string;
}

/** What an entry must have, in the order in which AWS asks for it. */
const REQUIRED = ['Source', 'DetailType', 'Detail'] as const;

/** Entries of one PutEvents call. Source: API reference, PutEvents. */
const MAXIMUM_ENTRIES = 10;

/** All entries of a call together: 1 MB since January 2026. Source: EventBridge quotas, "PutEvents entry size". */
const ENTRIES_LIMIT_BYTES = 1024 * 1024;

/** As EventBridge counts: source, detail type, detail and resources in UTF-8, and 14 bytes for a time. Source: "Calculating PutEvents event entry size". */
function sizeOf(entry: Entry): number {
  const texts = [entry.Source, entry.DetailType, entry.Detail, ...(entry.Resources ?? [])];
  const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text ?? ''), 0);
  return bytes + (entry.Time === undefined ? 0 : 14);
}

/** EventBridge's JSON protocol, of which the embedded cloud has PutEvents. */
export function createEventsHandler(
  events: Pick<Events, 'putEvent' | 'hasBus'>,
  ports: { account: string; authorize?: Authorize },
): WireHandler {
  async function putEvents(request: WireRequest, response: ServerResponse): Promise<void> {
    const { region, accessKeyId } = request;
    const { Entries: entries = [] } = JSON.parse(await readText(request.http)) as { Entries?: Entry[] };
    for (const bus of new Set(entries.map((entry) => busOf(entry)))) {
      const resource = `arn:aws:events:${region}:${ports.account}:event-bus/${bus}`;
      const operation = 'PutEvents';
      await ports.authorize?.({ action: `events:${operation}`, resource, region, accessKeyId, operation });
    }
    if (entries.length < 1 || entries.length > MAXIMUM_ENTRIES) {
      return answer(response, 400, fault('ValidationException', `Entries must be 1 to ${MAXIMUM_ENTRIES}`));
    }
    if (entries.reduce((sum, entry) => sum + sizeOf(entry), 0) > ENTRIES_LIMIT_BYTES) {
      const message = 'Total size of the entries in the request is over the limit.';
      return answer(response, 400, fault('ValidationException', message));
    }
    const results = entries.map((entry) => putEntry(region, entry));
    const failed = results.filter((result) => 'ErrorCode' in result).length;
    answer(response, 200, { FailedEntryCount: failed, Entries: results });
  }

  function putEntry(region: string, entry: Entry): Record<string, string> {
    const bus = busOf(entry);
    const isOwn =
      !entry.EventBusName?.startsWith('arn:') || entry.EventBusName.includes(`:${region}:${ports.account}:`);
    if (!isOwn || !events.hasBus(region, bus)) {
      return { ErrorCode: 'ResourceNotFoundException', ErrorMessage: `Event bus ${bus} does not exist.` };
    }
    const missing = REQUIRED.find((name) => !entry[name]);
    if (missing !== undefined) {
      const why = `Reason: ${missing} is a required argument.`;
      return { ErrorCode: 'InvalidArgument', ErrorMessage: `Parameter ${missing} is not valid. ${why}` };
    }
    const { Source = '', DetailType = '', Detail = '' } = entry;
    if (Source.startsWith('aws.')) {
      return { ErrorCode: 'NotAuthorizedForSourceException', ErrorMessage: 'Not authorized for the source.' };
    }
    const detail = parseDetail(Detail);
    if (!detail) return { ErrorCode: 'MalformedDetail', ErrorMessage: 'Detail is malformed.' };
    const time = entry.Time === undefined ? undefined : new Date(entry.Time * 1000).toISOString();
    const input = {
      source: Source,
      'detail-type': DetailType,
      detail,
      resources: entry.Resources,
      time,
    };
    return { EventId: events.putEvent(region, input, bus) };
  }

  return async (request, response) => {
    const target = String(request.http.headers['x-amz-target'] ?? '');
    if (target !== 'AWSEvents.PutEvents') {
      const message = `The embedded cloud doesn't implement ${target || 'this call'} of EventBridge, only PutEvents`;
      return answer(response, 501, fault('NotImplementedException', message));
    }
    try {
      await putEvents(request, response);
    } catch (error) {
      if (!isAccessDenied(error)) throw error;
      answer(response, 400, fault('AccessDeniedException', error.message));
    }
  };
}

/** A detail is one JSON object: text, lists and numbers are malformed (recorded). */
function parseDetail(text: string): object | undefined {
  try {
    const detail: unknown = JSON.parse(text);
    return typeof detail === 'object' && detail !== null && !Array.isArray(detail) ? detail : undefined;
  } catch {
    return undefined;
  }
}

/** By name or ARN. */
const busOf = ({ EventBusName }: Entry): string => EventBusName?.split('/').at(-1) ?? DEFAULT_BUS;

function fault(code: string, message: string): Record<string, string> {
  return { __type: code, message };
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' });
  response.end(JSON.stringify(body));
}

async function readText(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
