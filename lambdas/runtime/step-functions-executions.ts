import {
  DescribeExecutionCommand,
  type DescribeExecutionCommandOutput,
  ExecutionDoesNotExist,
  type SFNClient,
} from '@aws-sdk/client-sfn';
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
    const found = await this.#describe(operation, name);
    return found?.status === 'RUNNING' || found?.status === 'PENDING_REDRIVE';
  }

  async endOf(operation: Operation, name: string): Promise<{ error?: string; cause?: string }> {
    const { error, cause } = (await this.#describe(operation, name)) ?? {};
    return { ...(error === undefined ? {} : { error }), ...(cause === undefined ? {} : { cause }) };
  }

  async #describe(operation: Operation, name: string): Promise<DescribeExecutionCommandOutput | undefined> {
    try {
      return await this.#client.send(
        new DescribeExecutionCommand({ executionArn: executionArn(this.#topology, operation, name) }),
      );
    } catch (error) {
      if (error instanceof ExecutionDoesNotExist) return undefined;
      throw error;
    }
  }
}
