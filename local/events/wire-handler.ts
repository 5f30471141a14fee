import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Authorize, isAccessDenied } from '../hooks.ts';
import type { WireHandler, WireRequest } from '../wire.ts';
import type { EventInput } from './events.ts';

interface Entry {
  readonly Source?: string;
  readonly DetailType?: string;
  readonly Detail?: string;
  readonly Resources?: readonly string[];
  readonly Time?: number;
  readonly EventBusName?: string;
}

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

/** EventBridge's JSON protocol, of which the embedded cloud has PutEvents to the default bus. */
export function createEventsHandler(
  putEvent: (region: string, event: EventInput) => string,
  ports: { account: string; authorize?: Authorize },
): WireHandler {
  async function putEvents(request: WireRequest, response: ServerResponse): Promise<void> {
    const { region, accessKeyId } = request;
    const resource = `arn:aws:events:${region}:${ports.account}:event-bus/default`;
    await ports.authorize?.({
      action: 'events:PutEvents',
      resource,
      region,
      accessKeyId,
      operation: 'PutEvents',
    });
    const { Entries: entries = [] } = JSON.parse(await readText(request.http)) as { Entries?: Entry[] };
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
    const bus = entry.EventBusName ?? 'default';
    if (bus !== 'default' && !bus.endsWith(`:${region}:${ports.account}:event-bus/default`)) {
      return { ErrorCode: 'ResourceNotFoundException', ErrorMessage: `Event bus ${bus} does not exist.` };
    }
    if (!entry.Source || !entry.DetailType || !entry.Detail) {
      return {
        ErrorCode: 'InvalidArgument',
        ErrorMessage: 'Parameters Source, DetailType and Detail are needed.',
      };
    }
    if (entry.Source.startsWith('aws.')) {
      return { ErrorCode: 'NotAuthorizedForSourceException', ErrorMessage: 'Not authorized for the source.' };
    }
    let detail: unknown;
    try {
      detail = JSON.parse(entry.Detail);
    } catch {
      return { ErrorCode: 'MalformedDetail', ErrorMessage: 'Detail is malformed.' };
    }
    const time = entry.Time === undefined ? undefined : new Date(entry.Time * 1000).toISOString();
    const input = {
      source: entry.Source,
      'detail-type': entry.DetailType,
      detail,
      resources: entry.Resources,
      time,
    };
    return { EventId: putEvent(region, input) };
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
