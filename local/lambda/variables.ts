import { tmpdir } from 'node:os';
import path from 'node:path';
import type { FunctionDefinition } from './definition.ts';

/** Credentials of a role; the access key id tells the embedded cloud who calls. */
export interface RoleCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

/** Where the tracer's segments go: the discard port, which nobody listens on; UDP to it is lost without an error. */
const XRAY_NOWHERE = '127.0.0.1:9';

/** Compiled code shared by all environments and runs, so that a cold start doesn't compile the bundle again. */
const COMPILE_CACHE = path.join(tmpdir(), 'tanker-compile-cache');

/**
 * The variables of an execution environment: those that Lambda defines, then the function's own.
 * Nothing of the parent's environment but PATH. Source: Lambda's "Defined runtime environment variables".
 */
export function environmentVariables(
  definition: FunctionDefinition,
  region: string,
  credentials: RoleCredentials,
  endpoint: string,
  logStream: string,
): Record<string, string> {
  return {
    ...definition.environment,
    PATH: process.env['PATH'] ?? '',
    TZ: ':UTC',
    LANG: 'en_US.UTF-8',
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_LAMBDA_FUNCTION_NAME: definition.name,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(definition.memoryMb),
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${definition.name}`,
    AWS_LAMBDA_LOG_STREAM_NAME: logStream,
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_SESSION_TOKEN: credentials.sessionToken,
    AWS_ENDPOINT_URL: endpoint,
    AWS_XRAY_DAEMON_ADDRESS: XRAY_NOWHERE,
    AWS_XRAY_CONTEXT_MISSING: 'IGNORE_ERROR',
    LAMBDA_TASK_ROOT: definition.codeDirectory,
    _HANDLER: definition.handler,
    NODE_COMPILE_CACHE: COMPILE_CACHE,
  };
}
