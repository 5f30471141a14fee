import {
  DescribeExecutionCommand,
  ExecutionAlreadyExists,
  ExecutionDoesNotExist,
  GetExecutionHistoryCommand,
  ListExecutionsCommand,
  type SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import {
  executionArn,
  MACHINES,
  type Machine,
  machineArn,
  type Refusal,
  TASK_OPERATIONS,
  type TaskOperation,
  type Topology,
} from '@tanker/contract/index.ts';
import type { Executions } from '@tanker/sdk/start-task.ts';

/** An operation's execution as Step Functions describes it. */
export interface ExecutionState {
  readonly status: string;
  readonly input: string | undefined;
  readonly output: string | undefined;
  readonly error: string | undefined;
  readonly cause: string | undefined;
}

/** The execution of that name of the operation's machine, or undefined. Step Functions forgets one 90 days after its end. */
export async function describeExecution(
  states: SFNClient,
  topology: Topology,
  operation: TaskOperation,
  name: string,
): Promise<ExecutionState | undefined> {
  try {
    const arn = executionArn(topology, operation, name);
    const found = await states.send(new DescribeExecutionCommand({ executionArn: arn }));
    const { status = '', input, output, error, cause } = found;
    return { status, input, output, error, cause };
  } catch (error) {
    if (error instanceof ExecutionDoesNotExist) return undefined;
    throw error;
  }
}

/** The execution of that name, whichever operation's machine it is of; one that runs before one that has ended. */
export async function findExecution(
  states: SFNClient,
  topology: Topology,
  name: string,
): Promise<ExecutionState | undefined> {
  const all = await Promise.all(
    TASK_OPERATIONS.map((operation) => describeExecution(states, topology, operation, name)),
  );
  const found = all.filter((one) => one !== undefined);
  return found.find(({ status }) => status === 'RUNNING') ?? found[0];
}

/** Executions of an operation's machine through the AWS SDK. */
export const operationExecutions = <O extends TaskOperation>(
  states: SFNClient,
  topology: Topology,
  operation: O,
): Executions<O> => ({
  operation,
  async start(name, input) {
    try {
      const stateMachineArn = machineArn(topology, operation);
      await states.send(new StartExecutionCommand({ stateMachineArn, name, input }));
      return 'started';
    } catch (error) {
      if (error instanceof ExecutionAlreadyExists) return 'exists';
      throw error;
    }
  },
  inputOf: async (name) => (await describeExecution(states, topology, operation, name))?.input,
});

/**
 * Stops an execution and says why. One that has ended stays as it ended; one that AWS has forgotten is none.
 *
 * @returns whether AWS knows it
 */
export async function stopExecution(
  states: SFNClient,
  arn: string,
  { error, cause }: Refusal,
): Promise<boolean> {
  try {
    await states.send(new StopExecutionCommand({ executionArn: arn, error, cause }));
    return true;
  } catch (failure) {
    if (failure instanceof ExecutionDoesNotExist) return false;
    throw failure;
  }
}

export interface ExecutionView {
  readonly machine: Machine;
  readonly name: string;
  readonly arn: string;
  readonly status: string;
}

/** Whether an execution of that machine works on the task: its own, the plan and slice nested in it, its recoveries. */
function worksOn(machine: Machine, name: string, task: string): boolean {
  if (machine === 'recover') return name.startsWith(`recover-${task}-`);
  if (machine === 'plan') return TASK_OPERATIONS.some((operation) => name === `${operation}-${task}`);
  return name === task;
}

/** The executions that worked on a task. Looks at every execution that AWS remembers. */
export async function executionsOf(
  states: SFNClient,
  topology: Topology,
  task: string,
): Promise<ExecutionView[]> {
  const found: ExecutionView[] = [];
  for (const machine of MACHINES) {
    const stateMachineArn = machineArn(topology, machine);
    let nextToken: string | undefined;
    do {
      const page = await states.send(new ListExecutionsCommand({ stateMachineArn, nextToken }));
      for (const { name = '', executionArn: arn = '', status = '' } of page.executions ?? []) {
        if (worksOn(machine, name, task)) found.push({ machine, name, arn, status });
      }
      nextToken = page.nextToken;
    } while (nextToken);
  }
  return found;
}

/** Events and state transitions of an execution, and the history's text for those who search it. */
export async function readHistory(states: SFNClient, arn: string) {
  const pages: string[] = [];
  let events = 0;
  let transitions = 0;
  let nextToken: string | undefined;
  do {
    const page = await states.send(
      new GetExecutionHistoryCommand({ executionArn: arn, maxResults: 1000, nextToken }),
    );
    events += page.events?.length ?? 0;
    transitions += (page.events ?? []).filter((event) => event.type?.endsWith('StateEntered')).length;
    pages.push(JSON.stringify(page.events));
    nextToken = page.nextToken;
  } while (nextToken);
  return { events, transitions, text: pages.join('\n') };
}
