import type { IncomingMessage } from 'node:http';
import {
  CompanyId,
  type ContractOperation,
  DatacenterName,
  type Fence,
  FenceHeaders,
  HookName,
  type Location,
  mistakesOf,
  PROVIDER_BASE,
  PROVIDER_OPERATIONS,
  type ProviderOperation,
  ServerName,
  TankerError,
} from '@tanker/contract/index.ts';
import { z } from 'zod';

/** An import's manifest is the largest JSON body: 10,000 parts × 150 octets and 1,000 collections × 120 are 1.6 MB. */
export const MAX_JSON_BYTES = 4 * 2 ** 20;

const SessionId = z.string().min(1).max(64);
const PATH_SCHEMAS: Readonly<Record<string, z.ZodType>> = {
  datacenter: DatacenterName,
  server: ServerName,
  company: CompanyId,
  export: SessionId,
  session: SessionId,
  part: z
    .string()
    .regex(/^\d{1,9}$/, 'a part number')
    .transform(Number),
  hook: HookName,
};

interface Route {
  readonly id: ProviderOperation;
  readonly operation: ContractOperation;
  readonly pattern: RegExp;
}

const ROUTES: readonly Route[] = Object.values(PROVIDER_OPERATIONS).map((operation) => ({
  id: operation.id,
  operation,
  pattern: new RegExp(`^${(PROVIDER_BASE + operation.path).replace(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`),
}));

/** A request whose path, query, headers and JSON body match the contract. */
export interface ParsedRequest {
  readonly id: ProviderOperation;
  readonly operation: ContractOperation;
  readonly location: Location;
  /** Empty for operations without one. */
  readonly company: string;
  readonly session: string;
  readonly part: number;
  readonly hook: HookName | undefined;
  readonly query: unknown;
  /** Present exactly when the operation is fenced. */
  readonly fence: Fence | undefined;
  /** The checked JSON body; undefined for operations without one or with octets. */
  readonly body: unknown;
}

/** Finds the operation. Throws ResourceUnknown when the contract has no such path or method. */
function route(method: string, path: string): { route: Route; groups: Record<string, string> } {
  for (const candidate of ROUTES) {
    if (candidate.operation.method.toUpperCase() !== method) continue;
    const match = candidate.pattern.exec(path);
    if (match) return { route: candidate, groups: { ...match.groups } };
  }
  throw new TankerError('ResourceUnknown', {
    what: 'The contract has no such path with this method.',
    now: 'Nothing was done.',
    next: `Look the path up in the contract's OpenAPI document; all of them begin with ${PROVIDER_BASE}.`,
  });
}

/** A schema's complaints without the values they are about. */
function check<T>(schema: z.ZodType<T>, value: unknown, where: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw invalid(
    mistakesOf(
      parsed.error.issues.map(({ path, message }) => ({ path: [where, ...path], message })),
      where,
    ),
  );
}

const invalid = (what: string): TankerError =>
  new TankerError('RequestInvalid', {
    what: `The request does not match the contract: ${what}.`,
    now: 'Nothing was touched.',
    next: 'Send what the contract describes.',
  });

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_JSON_BYTES) throw invalid(`body: more than ${MAX_JSON_BYTES} octets`);
    chunks.push(chunk);
  }
  if (size === 0) return {};
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw invalid('body: not JSON');
  }
}

function fenceOf(request: IncomingMessage): Fence {
  const epoch = request.headers['tanker-epoch'];
  // Number('') is 0: an empty header must not pass as the first epoch.
  if (typeof epoch !== 'string' || !/^\d{1,15}$/.test(epoch)) {
    throw invalid('headers.tanker-epoch: a whole number');
  }
  const headers = check(FenceHeaders, request.headers, 'headers');
  return {
    task: headers['tanker-task'],
    epoch: headers['tanker-epoch'],
    holder: headers['tanker-holder'],
    incarnation: headers['tanker-incarnation'],
  };
}

/** Reads a request, its JSON body included. Throws ResourceUnknown or RequestInvalid, naming fields, never values. */
export async function parseRequest(request: IncomingMessage): Promise<ParsedRequest> {
  const url = new URL(request.url ?? '/', 'http://provider');
  const { route: found, groups } = route(request.method ?? '', url.pathname);
  const { operation } = found;
  const path: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(groups)) {
    path[name] = check(PATH_SCHEMAS[name] ?? z.never(), value, `path.${name}`);
  }
  const query = operation.query
    ? check(operation.query, Object.fromEntries(url.searchParams), 'query')
    : undefined;
  const fence = operation.fenced ? fenceOf(request) : undefined;
  const schema = operation.request;
  const body =
    schema === undefined || schema === 'octets' ? undefined : check(schema, await readJson(request), 'body');
  return {
    id: found.id,
    operation,
    location: { datacenter: path['datacenter'] as string, server: path['server'] as string },
    company: (path['company'] as string | undefined) ?? '',
    session: ((path['session'] ?? path['export']) as string | undefined) ?? '',
    part: (path['part'] as number | undefined) ?? 0,
    hook: path['hook'] as HookName | undefined,
    query,
    fence,
    body,
  };
}
