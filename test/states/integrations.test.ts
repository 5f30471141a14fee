import { afterEach, describe, expect, test } from '@jest/globals';
import type { Json } from '../../local/asl/json.ts';
import type { ExecutionRecord } from '../../local/states/executions.ts';
import { type Bench, type BenchPorts, lambdaAnswer, openBench, REGION, ROLE_ARN, until } from './support.ts';

let bench: Bench;
afterEach(() => bench.close());

/** Runs a machine of one task to its end. */
async function runTask(task: object, ports: BenchPorts): Promise<ExecutionRecord['execution']> {
  bench = await openBench(ports);
  const stateMachineArn = bench.put('one-task', machineOf(task));
  const { execution } = bench.states.startExecution({ region: REGION, stateMachineArn });
  await execution.done;
  return execution;
}

function machineOf(task: object): object {
  return {
    QueryLanguage: 'JSONata',
    StartAt: 'Call',
    States: { Call: { Type: 'Task', End: true, ...task } },
  };
}

const INVOKE = 'arn:aws:states:::lambda:invoke';

describe('lambda:invoke', () => {
  test('calls the function with the payload and role, and gives its answer parsed', async () => {
    const calls: unknown[] = [];
    const execution = await runTask(
      {
        Resource: INVOKE,
        Arguments: { FunctionName: 'f', Payload: { a: 1 } },
        Output: '{% $states.result.Payload %}',
      },
      {
        invokeLambda: async ({ payload, ...call }) => {
          calls.push({ ...call, payload: payload.toString() });
          return lambdaAnswer({ b: 2 });
        },
      },
    );
    expect(execution.result).toEqual({ status: 'SUCCEEDED', output: { b: 2 } });
    expect(calls).toEqual([
      {
        functionNameOrArn: 'f',
        region: REGION,
        roleArn: ROLE_ARN,
        invocationType: 'RequestResponse',
        payload: '{"a":1}',
      },
    ]);
  });

  test("fails with the function's own error type and its answer as the cause", async () => {
    const answer = { errorType: 'CompanyBusy', errorMessage: 'in use' };
    const execution = await runTask(
      { Resource: INVOKE, Arguments: { FunctionName: 'f' } },
      { invokeLambda: async () => lambdaAnswer(answer, 'Unhandled') },
    );
    expect(execution.result).toEqual({
      status: 'FAILED',
      error: 'CompanyBusy',
      cause: JSON.stringify(answer),
    });
  });

  test('takes no argument that it would ignore, nor one that an expression makes', async () => {
    const execution = await runTask(
      { Resource: INVOKE, Arguments: "{% {'FunctionName': 'f', 'Qualifier': 'live'} %}" },
      { invokeLambda: async () => lambdaAnswer({}) },
    );
    expect(execution.result).toMatchObject({
      error: 'States.Runtime',
      cause: 'lambda:invoke, Qualifier: the embedded cloud does not implement this argument',
    });
  });

  test("refuses an ARN of another region in AWS's words, without calling", async () => {
    const execution = await runTask(
      { Resource: INVOKE, Arguments: { FunctionName: 'arn:aws:lambda:us-east-1:111111111111:function:f' } },
      { invokeLambda: () => Promise.reject(new Error('must not be called')) },
    );
    expect(execution.result).toMatchObject({
      error: 'Lambda.ResourceNotFoundException',
      cause: expect.stringContaining(
        `Functions from 'us-east-1' are not reachable in this region ('${REGION}')`,
      ),
    });
  });

  test('names a refusal of the service after it', async () => {
    const refusal = {
      name: 'ResourceNotFoundException',
      message: 'Function not found: f',
      requestId: 'r-1',
      statusCode: 404,
    };
    const execution = await runTask(
      { Resource: INVOKE, Arguments: { FunctionName: 'f' } },
      { invokeLambda: () => Promise.reject(refusal) },
    );
    expect(execution.result).toEqual({
      status: 'FAILED',
      error: 'Lambda.ResourceNotFoundException',
      cause:
        'Function not found: f (Service: AWSLambda; Status Code: 404; Error Code: ResourceNotFoundException; Request ID: r-1; Proxy: null)',
    });
  });
});

describe('dynamodb', () => {
  const PUT = {
    Resource: 'arn:aws:states:::dynamodb:putItem',
    Arguments: { TableName: 't', Item: { id: { S: '1' } } },
  };

  test('calls the operation and gives its answer', async () => {
    const execution = await runTask(
      {
        Resource: 'arn:aws:states:::dynamodb:getItem',
        Arguments: { TableName: 't', Key: { id: { S: '1' } } },
        Output: '{% $states.result.Item %}',
      },
      { callDynamo: async ({ operation, input }) => ({ Item: { operation, key: input['Key'] } }) },
    );
    expect(execution.result).toMatchObject({ output: { operation: 'GetItem', key: { id: { S: '1' } } } });
  });

  test('names a failed condition as AWS does', async () => {
    const refusal = {
      name: 'ConditionalCheckFailedException',
      message: 'The conditional request failed',
      requestId: 'r',
    };
    const execution = await runTask(PUT, { callDynamo: () => Promise.reject(refusal) });
    expect(execution.result).toMatchObject({
      error: 'DynamoDB.ConditionalCheckFailedException',
      cause:
        'The conditional request failed (Service: AmazonDynamoDBv2; Status Code: 400; Error Code: ConditionalCheckFailedException; Request ID: r; Proxy: null)',
    });
  });

  test('has no name of its own for a validation error', async () => {
    const refusal = { name: 'ValidationException', message: 'Missing key', requestId: 'r' };
    const execution = await runTask(PUT, { callDynamo: () => Promise.reject(refusal) });
    expect(execution.result).toMatchObject({ error: 'DynamoDB.AmazonDynamoDBException' });
  });
});

describe('states:startExecution', () => {
  const CHILD_ARN = `arn:aws:states:${REGION}:111111111111:stateMachine:child`;
  const parent = machineOf({
    Resource: 'arn:aws:states:::states:startExecution.sync:2',
    Arguments: { StateMachineArn: CHILD_ARN, Name: 'kid', Input: '{% $states.input %}' },
  });

  async function runParent(child: object, input: Json): Promise<ExecutionRecord['execution']> {
    bench = await openBench();
    bench.put('child', child);
    const stateMachineArn = bench.put('parent', parent);
    return bench.states.startExecution({ region: REGION, stateMachineArn, input: JSON.stringify(input) })
      .execution;
  }

  test('sync:2 waits for the child and parses its input and output', async () => {
    const pass = {
      QueryLanguage: 'JSONata',
      StartAt: 'P',
      States: { P: { Type: 'Pass', Output: { done: true }, End: true } },
    };
    const execution = await runParent(pass, { a: 1 });
    expect(await execution.done).toMatchObject({
      status: 'SUCCEEDED',
      output: { Name: 'kid', Input: { a: 1 }, Output: { done: true }, Status: 'SUCCEEDED' },
    });
    expect(execution.history.map(({ type }) => type)).toContain('TaskSubmitted');
  });

  test('sync:2 fails with States.TaskFailed and the description of the failed child', async () => {
    const fail = { QueryLanguage: 'JSONata', StartAt: 'F', States: { F: { Type: 'Fail', Error: 'Broken' } } };
    const result = await (await runParent(fail, {})).done;
    expect(result).toMatchObject({ status: 'FAILED', error: 'States.TaskFailed' });
    const cause = JSON.parse((result as { cause: string }).cause);
    expect(cause).toMatchObject({ Status: 'FAILED', Error: 'Broken', Input: '{}' });
  });

  test('stopping the parent stops the child of a sync:2 task', async () => {
    const wait = {
      QueryLanguage: 'JSONata',
      StartAt: 'W',
      States: { W: { Type: 'Wait', Seconds: 3600, End: true } },
    };
    const execution = await runParent(wait, {});
    await until(() => bench.states.runningCount() === 2);
    execution.stop();
    await until(() => bench.states.runningCount() === 0);
    expect(execution.status).toBe('ABORTED');
  });

  test('a machine that is not there is an error of the task', async () => {
    bench = await openBench();
    const stateMachineArn = bench.put('parent', parent);
    const { execution } = bench.states.startExecution({ region: REGION, stateMachineArn });
    expect(await execution.done).toMatchObject({ error: 'StepFunctions.StateMachineDoesNotExistException' });
  });
});

describe('many executions at once', () => {
  test('50 executions with 20 iterations each end with their own results', async () => {
    bench = await openBench({
      invokeLambda: async ({ payload }) => lambdaAnswer(JSON.parse(payload.toString())),
    });
    const stateMachineArn = bench.put('many', {
      QueryLanguage: 'JSONata',
      StartAt: 'For each',
      States: {
        'For each': {
          Type: 'Map',
          Items: '{% $range(1, 20, 1) %}',
          ItemProcessor: {
            StartAt: 'Call',
            States: {
              Call: {
                Type: 'Task',
                Resource: INVOKE,
                Arguments: { FunctionName: 'f', Payload: { n: '{% $states.input %}' } },
                Output: '{% $states.result.Payload.n %}',
                End: true,
              },
            },
          },
          Output: '{% $sum($states.result) + $states.input.offset %}',
          End: true,
        },
      },
    });
    const executions = Array.from({ length: 50 }, (_, offset) =>
      bench.states.startExecution({ region: REGION, stateMachineArn, input: JSON.stringify({ offset }) }),
    );
    const results = await Promise.all(executions.map(({ execution }) => execution.done));
    expect(results).toEqual(
      Array.from({ length: 50 }, (_, offset) => ({ status: 'SUCCEEDED', output: 210 + offset })),
    );
  });
});
