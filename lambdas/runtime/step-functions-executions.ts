import { DescribeExecutionCommand, ExecutionDoesNotExist, type SFNClient } from '@aws-sdk/client-sfn';
import { executionArn, type Operation, type Topology } from '@tanker/contract/index.ts';
import type { Executions } from '../../core/ports.ts';

/**
 * Executions as Step Functions describes them. DescribeExecution is allowed 10 times a second outside the three largest
 * regions, and the SDK's own repeats wait out a throttle. Source: Step Functions quotas, API actions.
 */
export class StepFunctionsExecutions implements Executions {
  readonly #client: SFNClient;
  readonly #topology: Topology;

  constructor(client: SFNClient, topology: Topology) {
    this.#client = client;
    this.#topology = topology;
  }

  async running(operation: Operation, name: string): Promise<boolean> {
    try {
      const { status } = await this.#client.send(
        new DescribeExecutionCommand({ executionArn: executionArn(this.#topology, operation, name) }),
      );
      return status === 'RUNNING' || status === 'PENDING_REDRIVE';
    } catch (error) {
      if (error instanceof ExecutionDoesNotExist) return false;
      throw error;
    }
  }
}
