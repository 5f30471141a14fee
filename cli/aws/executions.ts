import {
  DescribeExecutionCommand,
  ExecutionAlreadyExists,
  ExecutionDoesNotExist,
  GetExecutionHistoryCommand,
  ListExecutionsCommand,
  type SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import { executionArn, machineArn, type Operation, type Topology } from '@tanker/contract/index.ts';
import type { Executions } from '@tanker/sdk/start-task.ts';

/** An execution of the migrate machine as Step Functions describes it. */
export interface ExecutionState {
  readonly status: string;
  readonly input: string | undefined;
  readonly output: string | undefined;
  readonly error: string | undefined;
  readonly cause: string | undefined;
}

/** The migrate execution of that name, or undefined. Step Functions forgets one 90 days after its end. */
export async function describeMigration(
  states: SFNClient,
  topology: Topology,
  name: string,
): Promise<ExecutionState | undefined> {
  try {
    const arn = executionArn(topology, 'migrate', name);
    const found = await states.send(new DescribeExecutionCommand({ executionArn: arn }));
    const { status = '', input, output, error, cause } = found;
    return { status, input, output, error, cause };
  } catch (error) {
    if (error instanceof ExecutionDoesNotExist) return undefined;
    throw error;
  }
}

/** Executions of the migrate machine through the AWS SDK. */
export const migrateExecutions = (states: SFNClient, topology: Topology): Executions => ({
  async start(name, input) {
    try {
      const stateMachineArn = machineArn(topology, 'migrate');
      await states.send(new StartExecutionCommand({ stateMachineArn, name, input }));
      return 'started';
    } catch (error) {
      if (error instanceof ExecutionAlreadyExists) return 'exists';
      throw error;
    }
  },
  inputOf: async (name) => (await describeMigration(states, topology, name))?.input,
});

export interface ExecutionView {
  readonly machine: Operation;
  readonly name: string;
  readonly arn: string;
  readonly status: string;
}

/** The executions that worked on a task: its own and its recoveries. Looks at every execution that AWS remembers. */
export async function executionsOf(
  states: SFNClient,
  topology: Topology,
  task: string,
): Promise<ExecutionView[]> {
  const found: ExecutionView[] = [];
  for (const machine of ['migrate', 'recover'] as const) {
    const stateMachineArn = machineArn(topology, machine);
    let nextToken: string | undefined;
    do {
      const page = await states.send(new ListExecutionsCommand({ stateMachineArn, nextToken }));
      for (const { name = '', executionArn: arn = '', status = '' } of page.executions ?? []) {
        if (name === task || name.startsWith(`recover-${task}-`)) found.push({ machine, name, arn, status });
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
