import { isJsonObject, type Json, type JsonObject } from '../../asl/json.ts';
import type { TaskContext } from '../../asl/tasks.ts';
import { asServiceError, sdkMetadata, serviceFailure } from './service-error.ts';

export interface DynamoCall {
  readonly operation: 'GetItem' | 'PutItem' | 'UpdateItem' | 'DeleteItem';
  readonly input: JsonObject;
  readonly region: string;
  readonly roleArn: string;
}

/** Calls DynamoDB's low-level API. @throws ServiceError-shaped errors */
export type CallDynamo = (call: DynamoCall) => Promise<object>;

/** Codes that the SDK behind the integration has no exception for (recorded for ValidationException). */
const UNNAMED_CODES: ReadonlySet<string> = new Set(['ValidationException', 'AccessDeniedException']);

/** `dynamodb:getItem` and its like, on items in DynamoDB's own JSON. */
export async function runDynamo(
  call: CallDynamo,
  operation: DynamoCall['operation'],
  args: Json,
  { region, roleArn }: TaskContext,
): Promise<Json> {
  const input = isJsonObject(args) ? args : {};
  const answer = await call({ operation, input, region, roleArn }).catch((error: unknown) => {
    const problem = asServiceError(error);
    const code = UNNAMED_CODES.has(problem.name) ? 'AmazonDynamoDBException' : problem.name;
    throw serviceFailure('DynamoDB', 'AmazonDynamoDBv2', code, problem);
  });
  return { ...(JSON.parse(JSON.stringify(answer)) as JsonObject), ...sdkMetadata('none') };
}
