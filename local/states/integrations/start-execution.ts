import { TaskError } from '../../asl/errors.ts';
import { isJsonObject, type Json, type JsonObject } from '../../asl/json.ts';
import type { TaskContext } from '../../asl/tasks.ts';
import { isAccessDenied, type RoleAuthority } from '../../hooks.ts';
import type { Throttles } from '../../throttles.ts';
import { StatesApiError } from '../errors.ts';
import type { ExecutionRecord, StartInput } from '../executions.ts';
import { sdkMetadata, serviceFailure } from './service-error.ts';

/** Step Functions as its own machines use it, in their region and in their role. */
export interface NestedExecutions {
  /** @throws StatesApiError */
  start(start: StartInput): ExecutionRecord;
  readonly authority?: RoleAuthority;
  readonly throttles?: Pick<Throttles, 'take'>;
}

type ExecutionAction = 'StartExecution' | 'DescribeExecution' | 'StopExecution';

/** `states:startExecution`: done when the child has started. */
export async function runStart(nested: NestedExecutions, args: Json, context: TaskContext): Promise<Json> {
  return started(startChild(nested, args, context));
}

/**
 * `states:startExecution.sync:2`: waits for the child's end, and stops the child when the wait is ended, if the role
 * may; what the child ended with is read by DescribeExecution. Source: Step Functions developer guide, "Service
 * integration IAM policies", Step Functions.
 * @throws TaskError `States.TaskFailed` with the child's description as the cause (recorded for `.sync`)
 */
export async function runSync(nested: NestedExecutions, args: Json, context: TaskContext): Promise<Json> {
  const record = startChild(nested, args, context);
  const { execution } = record;
  const stopChild = (): void => stopIfAllowed(nested, context, record);
  context.signal.addEventListener('abort', stopChild);
  context.submitted(started(record));
  const result = await execution.done;
  context.signal.removeEventListener('abort', stopChild);
  permit(nested, context, 'DescribeExecution', execution.arn);
  if (result.status === 'SUCCEEDED')
    return description(record, execution.options.input, {
      Output: result.output,
      OutputDetails: { Included: true },
    });
  const { error, cause } = result;
  const failed = {
    ...(error === undefined ? {} : { Error: error }),
    ...(cause === undefined ? {} : { Cause: cause }),
  };
  throw new TaskError('States.TaskFailed', JSON.stringify(description(record, record.input, failed)));
}

/** Best effort, as on AWS: a role that may not stop it leaves the child running. */
function stopIfAllowed(nested: NestedExecutions, context: TaskContext, { execution }: ExecutionRecord): void {
  try {
    permit(nested, context, 'StopExecution', execution.arn);
    execution.stop();
  } catch (error) {
    if (!(error instanceof TaskError)) throw error;
  }
}

/** @throws TaskError when the machine's role doesn't allow it */
function permit(
  { authority }: NestedExecutions,
  { region, roleArn }: TaskContext,
  operation: ExecutionAction,
  resource: string,
): void {
  try {
    authority?.authorizeRole(roleArn, { action: `states:${operation}`, resource, region, operation });
  } catch (error) {
    if (!isAccessDenied(error)) throw error;
    throw refusal('AWSStepFunctionsException', 'AccessDeniedException', error.message);
  }
}

const refusal = (code: string, name: string, message: string): TaskError =>
  serviceFailure('StepFunctions', 'AWSStepFunctions', code, { name, message });

function startChild(nested: NestedExecutions, args: Json, context: TaskContext): ExecutionRecord {
  const { Input, Name, StateMachineArn }: JsonObject = isJsonObject(args) ? args : {};
  const { region } = context;
  const stateMachineArn = String(StateMachineArn);
  permit(nested, context, 'StartExecution', stateMachineArn);
  if (nested.throttles?.take('states:StartExecution', region) === false) {
    throw refusal('ThrottlingException', 'ThrottlingException', 'Rate exceeded');
  }
  try {
    return nested.start({
      region,
      stateMachineArn,
      input: JSON.stringify(Input ?? {}),
      ...(typeof Name === 'string' ? { name: Name } : {}),
    });
  } catch (error) {
    if (!(error instanceof StatesApiError)) throw error;
    const { code, message } = error;
    throw refusal(`${code}Exception`, code, message);
  }
}

function started({ execution }: ExecutionRecord): JsonObject {
  return {
    ExecutionArn: execution.arn,
    StartDate: new Date(execution.startDate).toISOString(),
    ...sdkMetadata('none'),
  };
}

/** DescribeExecution's answer as integrations write it. */
function description({ execution }: ExecutionRecord, input: Json, end: JsonObject): JsonObject {
  const { arn, options, startDate, status, stopDate } = execution;
  return {
    ExecutionArn: arn,
    Input: input,
    InputDetails: { Included: true },
    Name: options.name,
    ...end,
    StartDate: startDate,
    StateMachineArn: options.stateMachineArn,
    Status: status,
    StopDate: stopDate ?? null,
  };
}
