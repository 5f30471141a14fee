import type { ExecutionResult } from '../asl/execution.ts';
import type { Json, JsonObject } from '../asl/json.ts';
import type { TokenAnswer } from '../asl/token-book.ts';
import { StatesApiError } from './errors.ts';
import { toApiEvent } from './event-form.ts';
import type { ExecutionRecord, Executions } from './executions.ts';
import type { Machines } from './machines.ts';
import { page } from './paging.ts';
import type { Parameters } from './parameters.ts';

/** What the operations work on. */
export interface Backend {
  readonly machines: Machines;
  readonly executions: Executions;
}

type Operation = (backend: Backend, region: string, parameters: Parameters) => JsonObject;

/** The operations of the Step Functions API that exist here, by name. @throws StatesApiError */
export const OPERATIONS: { readonly [name: string]: Operation } = {
  StartExecution: startExecution,
  StopExecution: stopExecution,
  DescribeExecution: describeExecution,
  GetExecutionHistory: getExecutionHistory,
  ListExecutions: listExecutions,
  ListStateMachines: listStateMachines,
  DescribeStateMachine: describeStateMachine,
  SendTaskSuccess: sendTaskSuccess,
  SendTaskFailure: sendTaskFailure,
  SendTaskHeartbeat: sendTaskHeartbeat,
  RedriveExecution: redriveExecution,
};

function startExecution({ executions }: Backend, region: string, parameters: Parameters): JsonObject {
  const name = parameters.optionalText('name');
  const input = parameters.optionalText('input');
  const { execution } = executions.start({
    region,
    stateMachineArn: parameters.text('stateMachineArn'),
    ...(name === undefined ? {} : { name }),
    ...(input === undefined ? {} : { input }),
  });
  return { executionArn: execution.arn, startDate: seconds(execution.startDate) };
}

function stopExecution({ executions }: Backend, region: string, parameters: Parameters): JsonObject {
  const { execution } = executions.get(region, parameters.text('executionArn'));
  execution.stop(parameters.optionalText('error'), parameters.optionalText('cause'));
  return { stopDate: seconds(execution.stopDate ?? 0) };
}

function describeExecution({ executions }: Backend, region: string, parameters: Parameters): JsonObject {
  const record = executions.get(region, parameters.text('executionArn'));
  const { execution, input } = record;
  const { result } = execution;
  const redrivable = result !== undefined && result.status !== 'SUCCEEDED';
  return {
    ...summary(record),
    input,
    inputDetails: { included: true },
    ...ending(result),
    redriveStatus: 'NOT_REDRIVABLE',
    redriveStatusReason: redrivable
      ? 'The embedded cloud redrives no executions'
      : `Execution is ${execution.status} and cannot be redriven`,
  };
}

function ending(result: ExecutionResult | undefined): JsonObject {
  if (result === undefined) return {};
  if (result.status === 'SUCCEEDED') {
    return { output: JSON.stringify(result.output), outputDetails: { included: true } };
  }
  const { error, cause } = result;
  return { ...(error === undefined ? {} : { error }), ...(cause === undefined ? {} : { cause }) };
}

function summary({ execution }: ExecutionRecord): JsonObject {
  const { arn, options, startDate, status, stopDate } = execution;
  return {
    executionArn: arn,
    stateMachineArn: options.stateMachineArn,
    name: options.name,
    status,
    startDate: seconds(startDate),
    ...(stopDate === undefined ? {} : { stopDate: seconds(stopDate) }),
    redriveCount: 0,
  };
}

function getExecutionHistory({ executions }: Backend, region: string, parameters: Parameters): JsonObject {
  const { execution } = executions.get(region, parameters.text('executionArn'));
  const reverse = parameters.flag('reverseOrder', false);
  const events = reverse ? [...execution.history].reverse() : execution.history;
  const list = `history:${execution.arn}:${reverse}`;
  const { items, ...more } = page(events, parameters.pageSize(), list, parameters.optionalText('nextToken'));
  const includeData = parameters.flag('includeExecutionData', true);
  return { events: items.map((event) => toApiEvent(event, includeData)), ...more };
}

function listExecutions(
  { executions, machines }: Backend,
  region: string,
  parameters: Parameters,
): JsonObject {
  parameters.refuse('mapRunArn');
  parameters.refuse('redriveFilter');
  const machine = machines.get(region, parameters.text('stateMachineArn'));
  const status = parameters.optionalText('statusFilter');
  const all = executions
    .of(machine)
    .filter(({ execution }) => status === undefined || execution.status === status);
  const list = `executions:${machine.arn}:${status}`;
  const { items, ...more } = page(all, parameters.pageSize(), list, parameters.optionalText('nextToken'));
  return { executions: items.map(summary), ...more };
}

function listStateMachines({ machines }: Backend, region: string, parameters: Parameters): JsonObject {
  const { items, ...more } = page(
    machines.list(region),
    parameters.pageSize(),
    `machines:${region}`,
    parameters.optionalText('nextToken'),
  );
  const stateMachines = items.map(({ arn, creationDate, name }) => ({
    stateMachineArn: arn,
    name,
    type: 'STANDARD',
    creationDate: seconds(creationDate),
  }));
  return { stateMachines, ...more };
}

function describeStateMachine({ machines }: Backend, region: string, parameters: Parameters): JsonObject {
  const machine = machines.get(region, parameters.text('stateMachineArn'));
  return {
    stateMachineArn: machine.arn,
    name: machine.name,
    status: 'ACTIVE',
    definition: machine.definitionText,
    roleArn: machine.roleArn,
    type: 'STANDARD',
    creationDate: seconds(machine.creationDate),
    loggingConfiguration: { level: 'OFF', includeExecutionData: false },
    tracingConfiguration: { enabled: false },
  };
}

function sendTaskSuccess({ executions }: Backend, region: string, parameters: Parameters): JsonObject {
  const token = parameters.text('taskToken');
  const output = parseOutput(parameters.text('output'));
  return tokenAnswer(executions.tokens(region).settle(token, { kind: 'succeeded', output }));
}

function sendTaskFailure({ executions }: Backend, region: string, parameters: Parameters): JsonObject {
  const token = parameters.text('taskToken');
  const error = parameters.optionalText('error');
  const cause = parameters.optionalText('cause');
  return tokenAnswer(executions.tokens(region).settle(token, { kind: 'failed', error, cause }));
}

function sendTaskHeartbeat({ executions }: Backend, region: string, parameters: Parameters): JsonObject {
  return tokenAnswer(executions.tokens(region).heartbeat(parameters.text('taskToken')));
}

function redriveExecution({ executions }: Backend, region: string, parameters: Parameters): JsonObject {
  const { execution } = executions.get(region, parameters.text('executionArn'));
  throw new StatesApiError(
    'ExecutionNotRedrivable',
    `'${execution.arn}' can't be redriven: the embedded cloud has no RedriveExecution. Start a new execution.`,
  );
}

function parseOutput(output: string): Json {
  try {
    return JSON.parse(output) as Json;
  } catch (error) {
    throw new StatesApiError('InvalidOutput', `Invalid Output: '${(error as Error).message}'`);
  }
}

function tokenAnswer(answer: TokenAnswer): JsonObject {
  switch (answer) {
    case 'taken':
      return {};
    case 'closed':
      throw new StatesApiError('TaskTimedOut', "Task Timed Out: 'Provided task does not exist anymore'");
    case 'foreign':
      throw new StatesApiError(
        'TaskDoesNotExist',
        'Task Does Not Exist: its token belongs to another region',
      );
    case 'unknown':
      throw new StatesApiError('InvalidToken', "Invalid Token: 'Invalid token'");
  }
}

/** Dates of AWS JSON 1.0: seconds since 1970, with milliseconds as the fraction. */
function seconds(milliseconds: number): number {
  return milliseconds / 1000;
}
