import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import {
  type AgentEvent,
  type AgentFunction,
  agentFunctionName,
  type DiscardDueEvent,
  LAUNCH,
  type LaunchWorkerEvent,
  STARTS_A_CALL,
  type StartWorkersEvent,
  TankerError,
  type Topology,
  type TransferWork,
  type WarmEvent,
} from '@tanker/contract/index.ts';
import type { Functions } from '../../core/ports.ts';
import { datacenterOf } from './topology.ts';

/** Long enough that calls sent together meet busy environments and start new ones, short beside a cold start. */
const WARM_HOLD_MS = 150;

/** Below CONTROL_TIMEOUT_SECONDS (30) with room for the table's writes: what is not warm by then starts cold, later. */
const WARM_DEADLINE_MS = 20_000;

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

  /** One call after the other: they share the datacenter's one rate of starts. */
  async #startIn(datacenter: string, works: TransferWork[]): Promise<void> {
    const { name, region } = datacenterOf(this.#topology, datacenter);
    for (let from = 0; from < works.length; from += STARTS_A_CALL) {
      const event: StartWorkersEvent = { works: works.slice(from, from + STARTS_A_CALL) };
      const answer = await this.#client(region).send(
        new InvokeCommand({
          FunctionName: agentFunctionName(this.#topology, name, LAUNCH),
          Payload: Buffer.from(JSON.stringify(event)),
        }),
      );
      if (answer.FunctionError) throw notStarted(datacenter, answer.Payload?.transformToString() ?? '');
    }
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
    const abortSignal = AbortSignal.timeout(WARM_DEADLINE_MS);
    const calls = functions.flatMap(({ region, name, environments }) =>
      Array.from({ length: environments }, () =>
        this.#client(region).send(
          new InvokeCommand({ FunctionName: name, Payload: Buffer.from(JSON.stringify(payload)) }),
          { abortSignal },
        ),
      ),
    );
    const answers = await Promise.allSettled(calls);
    return answers.filter((answer) => answer.status === 'fulfilled' && !answer.value.FunctionError).length;
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
