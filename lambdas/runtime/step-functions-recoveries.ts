import { ExecutionAlreadyExists, type SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import type { RecoverInput } from '@tanker/contract/index.ts';
import type { Recoveries } from '../../core/ports.ts';

/** Executions of the recover machine. A name that ran before is a recovery that was started: nothing is left to do. */
export class StepFunctionsRecoveries implements Recoveries {
  readonly #client: SFNClient;
  readonly #machineArn: string;

  constructor(client: SFNClient, machineArn: string) {
    this.#client = client;
    this.#machineArn = machineArn;
  }

  async start(name: string, input: RecoverInput): Promise<void> {
    try {
      await this.#client.send(
        new StartExecutionCommand({ stateMachineArn: this.#machineArn, name, input: JSON.stringify(input) }),
      );
    } catch (error) {
      if (!(error instanceof ExecutionAlreadyExists)) throw error;
    }
  }
}
