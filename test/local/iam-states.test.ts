import {
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  ListStateMachinesCommand,
  SendTaskHeartbeatCommand,
  SendTaskSuccessCommand,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import { afterEach, describe, expect, test } from '@jest/globals';
import { AccessDenied, type RoleAuthority, type ServiceCall } from '../../local/hooks.ts';
import { createThrottles } from '../../local/throttles.ts';
import { ACCOUNT, type Bench, lambdaAnswer, openBench, REGION, ROLE_ARN } from '../states/support.ts';
import { eventually } from './lambda-world.ts';

const MACHINE = `arn:aws:states:${REGION}:${ACCOUNT}:stateMachine`;
const EXECUTION = MACHINE.replace('stateMachine', 'execution');
const waits = {
  QueryLanguage: 'JSONata',
  StartAt: 'Wait',
  States: {
    Wait: {
      Type: 'Task',
      Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken',
      Arguments: { FunctionName: 'f', Payload: '{% $states.context.Task.Token %}' },
      End: true,
    },
  },
};
const nests = {
  QueryLanguage: 'JSONata',
  StartAt: 'Nest',
  States: {
    Nest: {
      Type: 'Task',
      Resource: 'arn:aws:states:::states:startExecution.sync:2',
      Arguments: { StateMachineArn: `${MACHINE}:child`, Name: 'child' },
      End: true,
    },
  },
};
const done = { QueryLanguage: 'JSONata', StartAt: 'Done', States: { Done: { Type: 'Succeed' } } };

/** An authority that refuses what the test names, and remembers what it was asked. */
function authorityWithout(refused: string) {
  const asked: string[] = [];
  const authority: RoleAuthority = {
    assertTrusts: () => {},
    authorizeRole(_, { action, resource }) {
      asked.push(`${action} ${resource}`);
      if (action === refused) throw new AccessDenied(`not ${action}`);
    },
  };
  return { authority, asked };
}

let bench: Bench | undefined;
afterEach(() => bench?.close());

async function statusOf(executionArn: string) {
  return bench?.client.send(new DescribeExecutionCommand({ executionArn }));
}

async function run(name: string) {
  const start = new StartExecutionCommand({ stateMachineArn: `${MACHINE}:${name}`, name });
  await bench?.client.send(start);
  return eventually(async () => {
    const execution = await statusOf(`${EXECUTION}:${name}:${name}`);
    return execution?.status === 'RUNNING' ? undefined : execution;
  });
}

// Source: Service Authorization Reference, "AWS Step Functions"; for SendTask* AWS's refusals, which name the machine.
test('a call is authorized by the ARN of its machine, its execution, or the machine that gave the token out', async () => {
  const calls: ServiceCall[] = [];
  const tokens: string[] = [];
  bench = await openBench({
    authorize: (call) => void calls.push(call),
    invokeLambda: async ({ payload }) => {
      tokens.push(JSON.parse(payload.toString()));
      return lambdaAnswer({});
    },
  });
  bench.put('waits', waits);
  const { client } = bench;
  const executionArn = `${EXECUTION}:waits:one`;
  await client.send(new StartExecutionCommand({ stateMachineArn: `${MACHINE}:waits`, name: 'one' }));
  const taskToken = await eventually(() => tokens[0]);
  await client.send(new SendTaskHeartbeatCommand({ taskToken }));
  await client.send(new SendTaskSuccessCommand({ taskToken, output: '{}' }));
  await client.send(new SendTaskHeartbeatCommand({ taskToken })).catch(() => {});
  await client.send(new StopExecutionCommand({ executionArn }));
  await client.send(new ListStateMachinesCommand({}));
  expect(calls.map(({ action, resource }) => `${action} ${resource}`)).toEqual([
    `states:StartExecution ${MACHINE}:waits`,
    `states:SendTaskHeartbeat ${MACHINE}:waits`,
    `states:SendTaskSuccess ${MACHINE}:waits`,
    `states:SendTaskHeartbeat ${MACHINE}:waits`,
    `states:StopExecution ${executionArn}`,
    'states:ListStateMachines *',
  ]);
});

// Source: Step Functions developer guide, "Service integration IAM policies", Step Functions.
describe('a machine that waits for a nested execution', () => {
  test.each(['events:PutRule', 'events:PutTargets', 'events:DescribeRule'])(
    'is refused when its role lacks %s',
    async (action) => {
      bench = await openBench({ authority: authorityWithout(action).authority });
      expect(() => bench?.put('nests', nests)).toThrow(
        `'${ROLE_ARN}' is not authorized to create managed-rule.`,
      );
    },
  );

  test.each(['states:StartExecution', 'states:DescribeExecution'])(
    'fails when its role lacks %s',
    async (action) => {
      bench = await openBench({ authority: authorityWithout(action).authority });
      bench.put('child', done);
      bench.put('nests', nests);
      expect(await run('nests')).toMatchObject({
        status: 'FAILED',
        error: 'StepFunctions.AWSStepFunctionsException',
        cause: expect.stringContaining('Error Code: AccessDeniedException'),
      });
    },
  );

  test('asks for the rights of its role by ARN', async () => {
    const { authority, asked } = authorityWithout('nothing');
    bench = await openBench({ authority });
    bench.put('child', done);
    bench.put('nests', nests);
    expect((await run('nests')).status).toBe('SUCCEEDED');
    expect(asked.slice(3)).toEqual([
      `states:StartExecution ${MACHINE}:child`,
      `states:DescribeExecution ${EXECUTION}:child:child`,
    ]);
  });

  test.each([
    ['stops the nested one when it is stopped', 'nothing', 'ABORTED'],
    ['leaves it running when its role lacks states:StopExecution', 'states:StopExecution', 'RUNNING'],
  ])('%s', async (_, refused, expected) => {
    bench = await openBench({ authority: authorityWithout(refused).authority });
    bench.put('child', waits);
    bench.put('nests', nests);
    await bench.client.send(
      new StartExecutionCommand({ stateMachineArn: `${MACHINE}:nests`, name: 'nests' }),
    );
    const child = `${EXECUTION}:child:child`;
    await eventually(() => statusOf(child).catch(() => undefined));
    await bench.client.send(new StopExecutionCommand({ executionArn: `${EXECUTION}:nests:nests` }));
    expect((await statusOf(child))?.status).toBe(expected);
  });
});

// Source: Step Functions developer guide, "IAM policies for using Distributed Map states".
describe('a distributed Map', () => {
  const spreads = (Items: unknown[]) => ({
    QueryLanguage: 'JSONata',
    StartAt: 'Each',
    States: {
      Each: {
        Type: 'Map',
        Items,
        ItemProcessor: {
          ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' },
          StartAt: 'Done',
          States: { Done: { Type: 'Pass', End: true } },
        },
        End: true,
      },
    },
  });

  test('asks once, by the ARN of its own machine, before its first child', async () => {
    const { authority, asked } = authorityWithout('nothing');
    bench = await openBench({ authority });
    bench.put('spreads', spreads([1, 2, 3]));
    expect((await run('spreads')).status).toBe('SUCCEEDED');
    expect(asked).toEqual([`states:StartExecution ${MACHINE}:spreads`]);
  });

  test('fails when the role of its machine lacks states:StartExecution, and starts no child', async () => {
    bench = await openBench({ authority: authorityWithout('states:StartExecution').authority });
    bench.put('spreads', spreads([1]));
    expect(await run('spreads')).toMatchObject({
      status: 'FAILED',
      error: 'States.Permissions',
      cause: 'not states:StartExecution',
    });
    const executionArn = `${EXECUTION}:spreads:spreads`;
    const { events } = await bench.client.send(new GetExecutionHistoryCommand({ executionArn }));
    expect(events?.map(({ type }) => type).slice(-4)).toEqual([
      'MapRunStarted',
      'MapRunFailed',
      'MapStateFailed',
      'ExecutionFailed',
    ]);
    expect(bench.states.runningCount()).toBe(0);
  });

  test('without items asks nothing', async () => {
    const { authority, asked } = authorityWithout('states:StartExecution');
    bench = await openBench({ authority });
    bench.put('spreads', spreads([]));
    expect((await run('spreads')).status).toBe('SUCCEEDED');
    expect(asked).toEqual([]);
  });
});

// Source: Step Functions service quotas, "State throttling": transitions wait, they don't fail.
test('a throttled machine goes on later, and a throttled nested start fails the task', async () => {
  const clock = { now: () => Date.now(), after: () => () => {} };
  const throttles = createThrottles(clock);
  throttles.set({ enabled: true, limits: { 'states:StartExecution': { burst: 1, perSecond: 0.001 } } });
  throttles.take('states:StartExecution', REGION);
  bench = await openBench({ throttles: { take: throttles.take, turn: () => 1 } });
  bench.put('child', done);
  bench.put('nests', nests);
  expect(await run('nests')).toMatchObject({ status: 'FAILED', error: 'StepFunctions.ThrottlingException' });
  expect(throttles.counts()).toEqual({ [`states:StartExecution ${REGION}`]: 1 });
});
