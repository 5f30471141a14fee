import {
  DescribeExecutionCommand,
  ExecutionAlreadyExists,
  ExecutionDoesNotExist,
  type SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import { executionArn, machineArn, type Topology } from '@tanker/contract/index.ts';
import type { Executions } from '@tanker/sdk/start-task.ts';

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
  async inputOf(name) {
    try {
      const arn = executionArn(topology, 'migrate', name);
      return (await states.send(new DescribeExecutionCommand({ executionArn: arn }))).input;
    } catch (error) {
      if (error instanceof ExecutionDoesNotExist) return undefined;
      throw error;
    }
  },
});
