import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import { type AgentEvent, agentFunctionName, type Topology, type WarmEvent } from '@tanker/contract/index.ts';
import type { Functions } from '../../core/ports.ts';
import { datacenterOf } from './topology.ts';

/** Long enough that calls sent together meet busy environments and start new ones, short beside a cold start. */
const WARM_HOLD_MS = 150;

/** The functions of all regions, through each region's own endpoint. */
export class LambdaFunctions implements Functions {
  readonly #topology: Topology;
  readonly #client: (region: string) => LambdaClient;

  constructor(topology: Topology, client: (region: string) => LambdaClient) {
    this.#topology = topology;
    this.#client = client;
  }

  async invokeAgent(event: AgentEvent): Promise<void> {
    const { name, region } = datacenterOf(this.#topology, event.location.datacenter);
    await this.#client(region).send(
      new InvokeCommand({
        FunctionName: agentFunctionName(this.#topology, name, event.action),
        InvocationType: 'Event',
        Payload: Buffer.from(JSON.stringify(event)),
      }),
    );
  }

  async warm(functions: readonly { region: string; name: string; environments: number }[]): Promise<number> {
    const payload: WarmEvent = { warm: true, holdMilliseconds: WARM_HOLD_MS };
    const calls = functions.flatMap(({ region, name, environments }) =>
      Array.from({ length: environments }, () =>
        this.#client(region).send(
          new InvokeCommand({ FunctionName: name, Payload: Buffer.from(JSON.stringify(payload)) }),
        ),
      ),
    );
    const answers = await Promise.allSettled(calls);
    return answers.filter((answer) => answer.status === 'fulfilled' && !answer.value.FunctionError).length;
  }
}
