import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SFNClient } from '@aws-sdk/client-sfn';
import { type Clock, systemClock } from '../../local/clock.ts';
import type { DynamoCall } from '../../local/states/integrations/dynamodb.ts';
import type { LambdaAnswer, LambdaCall } from '../../local/states/integrations/lambda.ts';
import { createStates, type States, type StatesOptions } from '../../local/states/states.ts';
import type { StatusChangeEvent } from '../../local/states/status-event.ts';

export const REGION = 'eu-central-1';
export const ACCOUNT = '111111111111';
export const ROLE_ARN = `arn:aws:iam::${ACCOUNT}:role/machine`;

/** Step Functions behind a real server, with functions and a table that the test gives. */
export interface Bench {
  readonly states: States;
  readonly client: SFNClient;
  readonly events: StatusChangeEvent[];
  clientOf(region: string): SFNClient;
  /** Registers a machine and answers its ARN. */
  put(name: string, definition: object): string;
  close(): Promise<void>;
}

export interface BenchPorts extends Pick<StatesOptions, 'authorize' | 'authority' | 'throttles'> {
  readonly clock?: Clock;
  readonly invokeLambda?: (call: LambdaCall) => Promise<LambdaAnswer>;
  readonly callDynamo?: (call: DynamoCall) => Promise<object>;
}

export async function openBench(ports: BenchPorts = {}): Promise<Bench> {
  const events: StatusChangeEvent[] = [];
  const { authorize, authority, throttles } = ports;
  const states = createStates({
    authorize,
    authority,
    throttles,
    clock: ports.clock ?? systemClock,
    accountId: ACCOUNT,
    invokeLambda: ports.invokeLambda ?? (async () => lambdaAnswer({})),
    callDynamo: ports.callDynamo ?? (async () => ({})),
    onStatusChange: (event) => events.push(event),
  });
  const server = await listen(states);
  const { port } = server.address() as AddressInfo;
  const clients: SFNClient[] = [];
  const clientOf = (region: string): SFNClient => {
    const client = new SFNClient({
      region,
      endpoint: `http://127.0.0.1:${port}`,
      credentials: { accessKeyId: 'AKIATEST', secretAccessKey: 'secret' },
      maxAttempts: 1,
    });
    clients.push(client);
    return client;
  };
  return {
    states,
    client: clientOf(REGION),
    events,
    clientOf,
    put: (name, definition) =>
      states.putStateMachine({
        region: REGION,
        name,
        roleArn: ROLE_ARN,
        definition: JSON.stringify(definition),
      }).arn,
    close: async () => {
      states.close();
      for (const client of clients) client.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A function's answer with this JSON as its payload. */
export function lambdaAnswer(payload: unknown, functionError?: string): LambdaAnswer {
  return {
    statusCode: 200,
    payload: Buffer.from(JSON.stringify(payload)),
    requestId: 'request-1',
    ...(functionError === undefined ? {} : { functionError }),
  };
}

/** Waits without a timer until the condition holds. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

function listen(states: States): Promise<Server> {
  const server = createServer((http, response) => {
    const scope =
      /Credential=([^/]+)\/\d+\/([^/]+)\/([^/]+)\//.exec(String(http.headers.authorization)) ?? [];
    const [, accessKeyId = '', region = '', service = ''] = scope;
    const url = new URL(http.url ?? '/', 'http://localhost');
    void states.handle(
      {
        http,
        method: http.method ?? '',
        path: url.pathname,
        query: url.searchParams,
        region,
        service,
        accessKeyId,
      },
      response,
    );
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}
