import { TaskError } from '../../asl/errors.ts';
import { isJsonObject, type Json, type JsonObject } from '../../asl/json.ts';
import type { TaskContext } from '../../asl/tasks.ts';
import { asServiceError, sdkMetadata, serviceFailure } from './service-error.ts';

export interface LambdaCall {
  readonly functionNameOrArn: string;
  readonly payload: Buffer;
  readonly region: string;
  readonly roleArn: string;
  readonly invocationType: 'RequestResponse' | 'Event' | 'DryRun';
}

export interface LambdaAnswer {
  readonly statusCode: number;
  readonly payload: Buffer;
  readonly functionError?: string;
  readonly requestId: string;
}

/** Calls a function. @throws ServiceError-shaped errors: unknown function, access denied */
export type InvokeLambda = (call: LambdaCall) => Promise<LambdaAnswer>;

const INVOCATION_TYPES: ReadonlySet<string> = new Set(['RequestResponse', 'Event', 'DryRun']);

/** `lambda:invoke`, with or without a token; a payload of null reaches the function as `{}` (recorded). */
export async function runLambda(invoke: InvokeLambda, args: Json, context: TaskContext): Promise<Json> {
  const call = lambdaCall(args, context);
  refuseForeignRegion(call);
  const answer = await invoke(call).catch((error: unknown) => {
    const problem = asServiceError(error);
    throw serviceFailure('Lambda', 'AWSLambda', problem.name, problem);
  });
  const text = answer.payload.toString('utf8');
  if (answer.functionError !== undefined) throw functionFailure(text);
  return {
    ExecutedVersion: '$LATEST',
    ...(text === '' ? {} : { Payload: parsePayload(text) }),
    StatusCode: answer.statusCode,
    ...sdkMetadata(answer.requestId),
  };
}

function lambdaCall(args: Json, { region, roleArn }: TaskContext): LambdaCall {
  const {
    FunctionName,
    InvocationType = 'RequestResponse',
    Payload,
  }: JsonObject = isJsonObject(args) ? args : {};
  if (typeof FunctionName !== 'string' || !INVOCATION_TYPES.has(String(InvocationType))) {
    throw new TaskError(
      'Lambda.AWSLambdaException',
      `lambda:invoke needs a FunctionName and, if any, an InvocationType of ${[...INVOCATION_TYPES].join(', ')}.`,
    );
  }
  return {
    functionNameOrArn: FunctionName,
    payload: Buffer.from(JSON.stringify(Payload ?? {})),
    region,
    roleArn,
    invocationType: InvocationType as LambdaCall['invocationType'],
  };
}

/** Source: Lambda's answer to an ARN of another region, quoted in aws-lambda-power-tuning issue 18. */
function refuseForeignRegion({ functionNameOrArn, region }: LambdaCall): void {
  const [head, , , ownRegion] = functionNameOrArn.split(':');
  if (head !== 'arn' || ownRegion === region) return;
  throw serviceFailure('Lambda', 'AWSLambda', 'ResourceNotFoundException', {
    name: 'ResourceNotFoundException',
    message: `Functions from '${ownRegion}' are not reachable in this region ('${region}')`,
    statusCode: 404,
  });
}

/** The function's own error type is the error's name; the cause is its answer's text (recorded). */
function functionFailure(text: string): TaskError {
  const payload = parsePayload(text);
  const errorType = isJsonObject(payload) ? payload['errorType'] : undefined;
  if (typeof errorType === 'string') return new TaskError(errorType, JSON.stringify(payload));
  return new TaskError(
    'Lambda.Unknown',
    `The cause could not be determined because Lambda did not return an error type. Returned payload: ${text}`,
  );
}

function parsePayload(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}
