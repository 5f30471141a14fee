import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import {
  type AgentEvent,
  type AgentFunction,
  agentFunctionName,
  type DiscardDueEvent,
  type Topology,
  type WarmEvent,
} from '@tanker/contract/index.ts';
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

  invokeAgent(event: AgentEvent): Promise<void> {
    return this.#queue(event.location.datacenter, event.action, event);
  }

  invokeDiscard(event: DiscardDueEvent): Promise<void> {
    return this.#queue(event.datacenter, 'discard', event);
  }

  async #queue(datacenter: string, name: AgentFunction, event: object): Promise<void> {
    const { region } = datacenterOf(this.#topology, datacenter);
    await this.#client(region).send(
      new InvokeCommand({
        FunctionName: agentFunctionName(this.#topology, datacenter, name),
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
