import { z } from 'zod';
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject } from 'zod-openapi';
import { ERRORS, type ErrorName } from './errors.ts';
import { GATEWAY_BASE, GATEWAY_OPERATIONS } from './gateway.ts';
import { CompanyId, DatacenterName, ServerName } from './names.ts';
import { HookName } from './operations.ts';
import { PROBLEM_MEDIA_TYPE, Problem } from './problem.ts';
import { CONTRACT_VERSION, FenceHeaders, PROVIDER_BASE } from './provider.ts';
import { type ContractOperation, PROVIDER_OPERATIONS } from './provider-operations.ts';

const PATH_PARAMETERS: Record<string, z.ZodType> = {
  company: CompanyId,
  datacenter: DatacenterName,
  server: ServerName,
  export: z.string(),
  session: z.string(),
  part: z.int().min(0),
  hook: HookName,
};

const OCTETS = { 'application/octet-stream': { schema: z.string().meta({ format: 'binary' }) } };
const content = (schema: z.ZodType | 'octets') =>
  schema === 'octets' ? OCTETS : { 'application/json': { schema } };

function problems(operation: ContractOperation): Record<string, object> {
  const names = [
    ...operation.errors,
    'RequestInvalid',
    'RequestUnauthorized',
    'InternalFailure',
  ] as ErrorName[];
  const byStatus = Map.groupBy(names, (name) => ERRORS[name].status);
  return Object.fromEntries(
    [...byStatus].map(([status, group]) => [
      String(status),
      {
        description: group.map((name) => `${name}: ${ERRORS[name].about}`).join('; '),
        content: { [PROBLEM_MEDIA_TYPE]: { schema: Problem } },
      },
    ]),
  );
}

function describeOperation(operation: ContractOperation, path: string): ZodOpenApiOperationObject {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] as string);
  return {
    operationId: operation.id,
    summary: operation.summary,
    requestParams: {
      path: z.object(Object.fromEntries(names.map((name) => [name, PATH_PARAMETERS[name] as z.ZodType]))),
      ...(operation.query ? { query: operation.query } : {}),
      ...(operation.fenced ? { header: FenceHeaders } : {}),
    },
    ...(operation.request ? { requestBody: { required: true, content: content(operation.request) } } : {}),
    responses: {
      '200': { description: 'done', content: content(operation.response) },
      ...problems(operation),
    },
  } as ZodOpenApiOperationObject;
}

function paths(base: string, operations: Record<string, ContractOperation>): ZodOpenApiPathsObject {
  const result: Record<string, Record<string, ZodOpenApiOperationObject>> = {};
  for (const operation of Object.values(operations)) {
    const path = base + operation.path;
    result[path] = { ...result[path], [operation.method]: describeOperation(operation, path) };
  }
  return result;
}

const document = (title: string, description: string, all: ZodOpenApiPathsObject) =>
  createDocument({
    openapi: '3.1.0',
    info: {
      title,
      version: String(CONTRACT_VERSION),
      description,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    security: [{ bearer: [] }],
    components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
    paths: all,
  });

/** Both contracts as OpenAPI 3.1 documents, by the file that holds each. */
export const openApiDocuments = (): Record<string, object> => ({
  'provider.openapi.json': document(
    'Tanker provider contract',
    'What a company data provider answers. Every call may be repeated.',
    paths(PROVIDER_BASE, PROVIDER_OPERATIONS),
  ),
  'gateway.openapi.json': document(
    'Tanker gateway contract',
    'The authority record of each company, and the traffic lock. Every call may be repeated.',
    paths(GATEWAY_BASE, GATEWAY_OPERATIONS),
  ),
});

/** A document as its file holds it. */
export const openApiText = (value: object): string => `${JSON.stringify(value, null, 2)}\n`;
