/** A function as the template defines it. */
export interface FunctionDefinition {
  readonly name: string;
  /** arn:aws:lambda:<region>:<account>:function:<name> */
  readonly arn: string;
  /** Directory that holds the bundle (LAMBDA_TASK_ROOT). */
  readonly codeDirectory: string;
  /** <file stem>.<export>, such as index.handler. */
  readonly handler: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutSeconds: number;
  readonly memoryMb: number;
  readonly roleArn: string;
  readonly eventInvokeConfig?: EventInvokeConfig;
  readonly reservedConcurrency?: number;
}

/** How asynchronous invocations are retried, and where those go that are given up. */
export interface EventInvokeConfig {
  /** 0 to 2; 2 when absent. */
  readonly maximumRetryAttempts?: number;
  /** 60 to 21600; 21600 when absent. */
  readonly maximumEventAgeSeconds?: number;
  /** Function (same region) or queue that gets a record of each invocation given up. */
  readonly onFailure?: string;
}

export type InvocationType = 'RequestResponse' | 'Event' | 'DryRun';

/** How an invocation ended, as the Invoke API answers it. */
export interface InvokeResult {
  /** 200 synchronous, 202 accepted, 204 dry run. */
  readonly statusCode: number;
  readonly requestId: string;
  readonly executedVersion: '$LATEST';
  /** JSON text: the handler's answer, or the error document when `functionError` is set. */
  readonly payload: string;
  readonly functionError?: 'Unhandled';
}

/** A call that Lambda's API itself refuses (the function did not run, or its answer is not known). */
export class LambdaApiError extends Error {
  readonly code: string;
  readonly statusCode: number;
  readonly detail: Readonly<Record<string, unknown>>;

  constructor(code: string, statusCode: number, message: string, detail: Record<string, unknown> = {}) {
    super(message);
    this.name = code;
    this.code = code;
    this.statusCode = statusCode;
    this.detail = detail;
  }
}

/** The connection ends without an answer; only a fault causes it. */
export class ConnectionLost extends Error {
  constructor() {
    super('The connection was closed before an answer (injected fault)');
    this.name = 'ConnectionLost';
  }
}

/** Synchronous payload, request and answer: 6 MB. Source: Lambda quotas. */
export const SYNC_PAYLOAD_LIMIT_BYTES = 6 * 1024 * 1024;

/** The limit that Lambda names when an answer is too large: 6 MB and 100 bytes. Source: error text seen on AWS. */
export const RESPONSE_LIMIT_BYTES = SYNC_PAYLOAD_LIMIT_BYTES + 100;

/** Asynchronous payload: 1 MB since October 2025. Source: Lambda quotas. */
export const ASYNC_PAYLOAD_LIMIT_BYTES = 1024 * 1024;

/** The parts of a function's name, partial ARN or ARN. */
export interface FunctionReference {
  readonly name: string;
  readonly region?: string;
  readonly qualifier?: string;
}

/** Reads every form that the Invoke API takes: name, name:qualifier, account:function:name and the whole ARN. */
export function parseFunctionReference(text: string): FunctionReference {
  const match =
    /^(?:arn:[\w-]+:lambda:(?<region>[\w-]*):)?(?:\d{12}:)?(?:function:)?(?<name>[\w-]+)(?::(?<qualifier>[\w$-]+))?$/.exec(
      text,
    );
  const name = match?.groups?.['name'];
  if (!name) {
    throw new LambdaApiError(
      'ValidationException',
      400,
      `Value '${text}' at 'functionName' is not a function name`,
    );
  }
  return { name, region: match?.groups?.['region'], qualifier: match?.groups?.['qualifier'] };
}
