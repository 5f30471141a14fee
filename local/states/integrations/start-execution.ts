import { TaskError } from '../../asl/errors.ts';
import { isJsonObject, type Json, type JsonObject } from '../../asl/json.ts';
import type { TaskContext } from '../../asl/tasks.ts';
import { StatesApiError } from '../errors.ts';
import type { ExecutionRecord, StartInput } from '../executions.ts';
import { sdkMetadata, serviceFailure } from './service-error.ts';

/** Starts an execution of the same region. @throws StatesApiError */
export type StartChild = (start: StartInput) => ExecutionRecord;

/** `states:startExecution`: done when the child has started. */
export async function runStart(start: StartChild, args: Json, context: TaskContext): Promise<Json> {
  return started(startChild(start, args, context));
}

/**
 * `states:startExecution.sync:2`: waits for the child's end, and stops the child when the wait is ended.
 * @throws TaskError `States.TaskFailed` with the child's description as the cause (recorded for `.sync`)
 */
export async function runSync(start: StartChild, args: Json, context: TaskContext): Promise<Json> {
  const record = startChild(start, args, context);
  const { execution } = record;
  const stopChild = (): void => execution.stop();
  context.signal.addEventListener('abort', stopChild);
  context.submitted(started(record));
  const result = await execution.done;
  context.signal.removeEventListener('abort', stopChild);
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

function startChild(start: StartChild, args: Json, { region }: TaskContext): ExecutionRecord {
  const { Input, Name, StateMachineArn }: JsonObject = isJsonObject(args) ? args : {};
  try {
    return start({
      region,
      stateMachineArn: String(StateMachineArn),
      input: JSON.stringify(Input ?? {}),
      ...(typeof Name === 'string' ? { name: Name } : {}),
    });
  } catch (error) {
    if (!(error instanceof StatesApiError)) throw error;
    const { code, message } = error;
    throw serviceFailure('StepFunctions', 'AWSStepFunctions', `${code}Exception`, { name: code, message });
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
