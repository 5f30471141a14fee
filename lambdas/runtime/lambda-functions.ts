import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import {
  type AgentEvent,
  type AgentFunction,
  agentFunctionName,
  type DiscardDueEvent,
  LAUNCH,
  type LaunchWorkerEvent,
  type StartWorkersEvent,
  TankerError,
  type Topology,
  type TransferWork,
} from '@tanker/contract/index.ts';
import type { Functions, Warmed, WindowFunction } from '../../core/ports.ts';
import { datacenterOf } from './topology.ts';
import { warmFunctions } from './warm-functions.ts';

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

  launchWorker(work: TransferWork, token: string): Promise<void> {
    const event: LaunchWorkerEvent = { work, token };
    return this.#queue(work.location.datacenter, LAUNCH, event);
  }

  async startWorkers(works: readonly TransferWork[]): Promise<void> {
    const datacenters = Map.groupBy(works, ({ location }) => location.datacenter);
    await Promise.all([...datacenters].map(([datacenter, own]) => this.#startIn(datacenter, own)));
  }

  async #startIn(datacenter: string, works: TransferWork[]): Promise<void> {
    const { name, region } = datacenterOf(this.#topology, datacenter);
    const event: StartWorkersEvent = { works };
    const answer = await this.#client(region).send(
      new InvokeCommand({
        FunctionName: agentFunctionName(this.#topology, name, LAUNCH),
        Payload: Buffer.from(JSON.stringify(event)),
      }),
    );
    if (answer.FunctionError) throw notStarted(datacenter, answer.Payload?.transformToString() ?? '');
  }

  warm(functions: readonly WindowFunction[]): Promise<Warmed[]> {
    return warmFunctions(this.#client, functions);
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
}

/** What `launch` threw, with its reason where it is the one that is expected. */
function notStarted(datacenter: string, payload: string): TankerError {
  const { errorType, errorMessage } = JSON.parse(payload || '{}') as Record<string, string | undefined>;
  const why =
    errorType === 'WorkerNotStarted' ? errorMessage : `launch failed with ${errorType ?? 'no name'}.`;
  return new TankerError('WorkerNotStarted', {
    what: `A Fargate worker in ${datacenter} could not be started: ${why}`,
    now: 'No traffic was locked.',
    next: "Look at launch's log, then start the task again under a new id.",
  });
}
