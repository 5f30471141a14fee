import {
  DescribeExecutionCommand,
  DescribeStateMachineCommand,
  GetExecutionHistoryCommand,
  ListActivitiesCommand,
  ListExecutionsCommand,
  ListStateMachinesCommand,
  RedriveExecutionCommand,
  SendTaskFailureCommand,
  SendTaskHeartbeatCommand,
  SendTaskSuccessCommand,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type Bench, lambdaAnswer, openBench, REGION, ROLE_ARN, until } from './support.ts';

const ECHO = {
  QueryLanguage: 'JSONata',
  StartAt: 'Hand on',
  States: {
    'Hand on': { Type: 'Pass', Assign: { seen: 1 }, Output: { got: '{% $states.input %}' }, End: true },
  },
};
const WAITING = {
  QueryLanguage: 'JSONata',
  StartAt: 'Ask',
  States: {
    Ask: {
      Type: 'Task',
      Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken',
      Arguments: { FunctionName: 'ask', Payload: { token: '{% $states.context.Task.Token %}' } },
      TimeoutSeconds: 600,
      HeartbeatSeconds: 60,
      End: true,
    },
  },
};

describe('the Step Functions API over the AWS SDK', () => {
  let bench: Bench;
  const tokens: string[] = [];

  beforeEach(async () => {
    tokens.length = 0;
    bench = await openBench({
      invokeLambda: async ({ payload }) => {
        tokens.push(JSON.parse(payload.toString()).token);
        return lambdaAnswer({ asked: true });
      },
    });
  });
  afterEach(() => bench.close());

  const nameOf = async (call: Promise<unknown>): Promise<string> =>
    call.then(
      () => 'no error',
      (error: Error) => error.name,
    );

  test('starts an execution and describes its end', async () => {
    const stateMachineArn = bench.put('echo', ECHO);
    const { executionArn, startDate } = await bench.client.send(
      new StartExecutionCommand({ stateMachineArn, name: 'first', input: '{"a":1}' }),
    );
    await until(() => bench.states.runningCount() === 0);
    const described = await bench.client.send(new DescribeExecutionCommand({ executionArn }));
    expect(described).toMatchObject({
      executionArn: `arn:aws:states:${REGION}:111111111111:execution:echo:first`,
      status: 'SUCCEEDED',
      input: '{"a":1}',
      output: '{"got":{"a":1}}',
      startDate,
      redriveStatus: 'NOT_REDRIVABLE',
    });
  });

  test('answers the running execution for the same name and input, and refuses another input', async () => {
    const stateMachineArn = bench.put('waiting', WAITING);
    const start = { stateMachineArn, name: 'once', input: '{"a":1}' };
    const first = await bench.client.send(new StartExecutionCommand(start));
    const again = await bench.client.send(new StartExecutionCommand(start));
    expect(again.executionArn).toBe(first.executionArn);
    expect(again.startDate).toEqual(first.startDate);
    expect(await nameOf(bench.client.send(new StartExecutionCommand({ ...start, input: '{"a": 1}' })))).toBe(
      'ExecutionAlreadyExists',
    );
    await bench.client.send(new StopExecutionCommand({ executionArn: first.executionArn }));
    expect(await nameOf(bench.client.send(new StartExecutionCommand(start)))).toBe('ExecutionAlreadyExists');
  });

  test('refuses bad names, input that is no JSON or over 256 KiB, and machines that are not there', async () => {
    const stateMachineArn = bench.put('echo', ECHO);
    const start = (more: object): Promise<string> =>
      nameOf(bench.client.send(new StartExecutionCommand({ stateMachineArn, ...more })));
    expect(await start({ name: 'a b' })).toBe('InvalidName');
    expect(await start({ name: 'a'.repeat(81) })).toBe('InvalidName');
    expect(await start({ input: '{' })).toBe('InvalidExecutionInput');
    expect(await start({ input: JSON.stringify('a'.repeat(262_144)) })).toBe('ValidationException');
    expect(await start({ stateMachineArn: `${stateMachineArn}x` })).toBe('StateMachineDoesNotExist');
    expect(await start({ stateMachineArn: 'echo' })).toBe('InvalidArn');
  });

  test('keeps regions apart', async () => {
    const stateMachineArn = bench.put('echo', ECHO);
    const elsewhere = bench.clientOf('us-east-1');
    const { executionArn } = await bench.client.send(new StartExecutionCommand({ stateMachineArn }));
    expect(await nameOf(elsewhere.send(new StartExecutionCommand({ stateMachineArn })))).toBe(
      'StateMachineDoesNotExist',
    );
    expect(await nameOf(elsewhere.send(new DescribeExecutionCommand({ executionArn })))).toBe(
      'ExecutionDoesNotExist',
    );
    expect((await elsewhere.send(new ListStateMachinesCommand({}))).stateMachines).toEqual([]);
  });

  test('gives the history in AWS form, in pages, in both directions and without data', async () => {
    const stateMachineArn = bench.put('echo', ECHO);
    const { executionArn } = await bench.client.send(
      new StartExecutionCommand({ stateMachineArn, input: '{"a":1}' }),
    );
    await until(() => bench.states.runningCount() === 0);
    const first = await bench.client.send(new GetExecutionHistoryCommand({ executionArn, maxResults: 3 }));
    expect(first.events).toMatchObject([
      {
        id: 1,
        previousEventId: 0,
        type: 'ExecutionStarted',
        executionStartedEventDetails: { roleArn: ROLE_ARN },
      },
      { id: 2, previousEventId: 0, stateEnteredEventDetails: { name: 'Hand on', input: '{"a":1}' } },
      {
        id: 3,
        stateExitedEventDetails: { output: '{"got":{"a":1}}', assignedVariables: { seen: '1' } },
      },
    ]);
    const { nextToken } = first;
    const second = await bench.client.send(
      new GetExecutionHistoryCommand({ executionArn, maxResults: 3, nextToken }),
    );
    expect(second.events?.map(({ type }) => type)).toEqual(['ExecutionSucceeded']);
    expect(second.nextToken).toBeUndefined();
    const reverse = await bench.client.send(
      new GetExecutionHistoryCommand({ executionArn, reverseOrder: true, includeExecutionData: false }),
    );
    expect(reverse.events?.map(({ id }) => id)).toEqual([4, 3, 2, 1]);
    expect(reverse.events?.[0]?.executionSucceededEventDetails?.output).toBeUndefined();
    expect(
      await nameOf(
        bench.client.send(new GetExecutionHistoryCommand({ executionArn, nextToken: 'nonsense' })),
      ),
    ).toBe('InvalidToken');
  });

  test('lists executions by status, the newest first, in pages', async () => {
    const stateMachineArn = bench.put('echo', ECHO);
    for (const name of ['a', 'b', 'c']) {
      await bench.client.send(new StartExecutionCommand({ stateMachineArn, name }));
    }
    await until(() => bench.states.runningCount() === 0);
    const first = await bench.client.send(new ListExecutionsCommand({ stateMachineArn, maxResults: 2 }));
    expect(first.executions?.map(({ name }) => name)).toEqual(['c', 'b']);
    const rest = await bench.client.send(
      new ListExecutionsCommand({ stateMachineArn, maxResults: 2, nextToken: first.nextToken }),
    );
    expect(rest.executions?.map(({ name }) => name)).toEqual(['a']);
    const running = await bench.client.send(
      new ListExecutionsCommand({ stateMachineArn, statusFilter: 'RUNNING' }),
    );
    expect(running.executions).toEqual([]);
  });

  test('describes a state machine with its definition', async () => {
    const stateMachineArn = bench.put('echo', ECHO);
    const described = await bench.client.send(new DescribeStateMachineCommand({ stateMachineArn }));
    expect(JSON.parse(described.definition ?? '')).toEqual(ECHO);
    expect(described).toMatchObject({ status: 'ACTIVE', type: 'STANDARD', roleArn: ROLE_ARN });
  });

  test('takes a task token once: success, then the task is gone', async () => {
    const stateMachineArn = bench.put('waiting', WAITING);
    const { executionArn } = await bench.client.send(new StartExecutionCommand({ stateMachineArn }));
    await until(() => tokens.length === 1);
    const taskToken = tokens[0];
    await bench.client.send(new SendTaskHeartbeatCommand({ taskToken }));
    expect(await nameOf(bench.client.send(new SendTaskSuccessCommand({ taskToken, output: 'x' })))).toBe(
      'InvalidOutput',
    );
    await bench.client.send(new SendTaskSuccessCommand({ taskToken, output: '{"done":true}' }));
    await until(() => bench.states.runningCount() === 0);
    expect((await bench.client.send(new DescribeExecutionCommand({ executionArn }))).output).toBe(
      '{"done":true}',
    );
    const after = new SendTaskSuccessCommand({ taskToken, output: '{}' });
    expect(await nameOf(bench.client.send(after))).toBe('TaskTimedOut');
    expect(await nameOf(bench.clientOf('us-east-1').send(after))).toBe('TaskDoesNotExist');
    expect(await nameOf(bench.client.send(new SendTaskHeartbeatCommand({ taskToken: 'nonsense' })))).toBe(
      'InvalidToken',
    );
  });

  test('fails a task with the error that its holder sends', async () => {
    const stateMachineArn = bench.put('waiting', WAITING);
    const { executionArn } = await bench.client.send(new StartExecutionCommand({ stateMachineArn }));
    await until(() => tokens.length === 1);
    const taskToken = tokens[0];
    const tooLong = new SendTaskFailureCommand({ taskToken, error: 'e'.repeat(257) });
    expect(await nameOf(bench.client.send(tooLong))).toBe('ValidationException');
    await bench.client.send(
      new SendTaskFailureCommand({ taskToken, error: 'ExportRefused', cause: 'no room' }),
    );
    await until(() => bench.states.runningCount() === 0);
    expect(await bench.client.send(new DescribeExecutionCommand({ executionArn }))).toMatchObject({
      status: 'FAILED',
      error: 'ExportRefused',
      cause: 'no room',
    });
  });

  test('closes the waiting tokens of a stopped execution', async () => {
    const stateMachineArn = bench.put('waiting', WAITING);
    const { executionArn } = await bench.client.send(new StartExecutionCommand({ stateMachineArn }));
    await until(() => tokens.length === 1);
    await bench.client.send(new StopExecutionCommand({ executionArn, error: 'Cancelled', cause: 'by hand' }));
    const described = await bench.client.send(new DescribeExecutionCommand({ executionArn }));
    expect(described).toMatchObject({ status: 'ABORTED', error: 'Cancelled', cause: 'by hand' });
    expect(await nameOf(bench.client.send(new SendTaskHeartbeatCommand({ taskToken: tokens[0] })))).toBe(
      'TaskTimedOut',
    );
    const { events } = await bench.client.send(
      new GetExecutionHistoryCommand({ executionArn, reverseOrder: true }),
    );
    expect(events?.[0]).toMatchObject({
      type: 'ExecutionAborted',
      executionAbortedEventDetails: { error: 'Cancelled' },
    });
  });

  test('refuses a redrive and operations that do not exist here', async () => {
    const stateMachineArn = bench.put('echo', ECHO);
    const { executionArn } = await bench.client.send(new StartExecutionCommand({ stateMachineArn }));
    expect(await nameOf(bench.client.send(new RedriveExecutionCommand({ executionArn })))).toBe(
      'ExecutionNotRedrivable',
    );
    expect(await nameOf(bench.client.send(new ListActivitiesCommand({})))).toBe('UnknownOperationException');
  });

  test('announces each start and end as the EventBridge event that AWS sends', async () => {
    const stateMachineArn = bench.put('echo', ECHO);
    const { executionArn } = await bench.client.send(
      new StartExecutionCommand({ stateMachineArn, name: 'told', input: '{"a":1}' }),
    );
    await until(() => bench.events.length === 2);
    expect(bench.events.map(({ detail }) => detail.status)).toEqual(['RUNNING', 'SUCCEEDED']);
    expect(bench.events[1]).toMatchObject({
      source: 'aws.states',
      'detail-type': 'Step Functions Execution Status Change',
      region: REGION,
      resources: [executionArn],
      detail: {
        executionArn,
        stateMachineArn,
        name: 'told',
        input: '{"a":1}',
        inputDetails: { included: true },
        output: '{"got":{"a":1}}',
        outputDetails: { included: true },
      },
    });
  });
});
