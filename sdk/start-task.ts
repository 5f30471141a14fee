import {
  DescribeExecutionCommand,
  ExecutionAlreadyExists,
  type SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import { executionArn, type MigrateInput, machineArn, TankerError, type Topology } from '@tanker/contract/index.ts';

/** The input as the execution gets it: field by field in a fixed order, so that the same task is the same text. */
const textOf = ({ task, company, to, requestedBy, reason }: MigrateInput): string =>
  JSON.stringify({
    task,
    company,
    to: to.server === undefined ? { datacenter: to.datacenter } : { datacenter: to.datacenter, server: to.server },
    requestedBy,
    reason,
  });

/**
 * Starts a migration under its task id. The same task id with the same input is the same task, running or closed: its
 * execution is answered and nothing is started. With another input it is refused.
 *
 * @param client a client of the control region
 * @returns the execution, and whether this call started it
 * @throws TaskIdTaken when the task id ran with another input
 */
export async function startMigration(
  client: SFNClient,
  topology: Pick<Topology, 'installation' | 'account' | 'controlRegion'>,
  input: MigrateInput,
): Promise<{ executionArn: string; started: boolean }> {
  const text = textOf(input);
  const arn = executionArn(topology, 'migrate', input.task);
  const running = await inputOf(client, arn);
  if (running === undefined) {
    try {
      const request = { stateMachineArn: machineArn(topology, 'migrate'), name: input.task, input: text };
      const answer = await client.send(new StartExecutionCommand(request));
      return { executionArn: answer.executionArn ?? arn, started: true };
    } catch (error) {
      // Somebody else started it between the look and the start.
      if (!(error instanceof ExecutionAlreadyExists)) throw error;
    }
  }
  if ((running ?? (await inputOf(client, arn))) === text) return { executionArn: arn, started: false };
  throw new TankerError('TaskIdTaken', {
    what: `The task id "${input.task}" was used for another migration.`,
    now: 'Nothing was started, and that task is as it was.',
    next: 'Start again under a new task id.',
  });
}

/** The input of an execution, or undefined when there is none of that name. */
async function inputOf(client: SFNClient, arn: string): Promise<string | undefined> {
  try {
    const answer = await client.send(new DescribeExecutionCommand({ executionArn: arn }));
    return answer.input ?? '';
  } catch (error) {
    if ((error as Error).name === 'ExecutionDoesNotExist') return undefined;
    throw error;
  }
}
