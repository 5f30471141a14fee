import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { type Clock, systemClock } from '../../local/clock.ts';
import { createFaults, type Faults } from '../../local/faults.ts';
import type { FunctionDefinition } from '../../local/lambda/definition.ts';
import { createLambda, type Lambda } from '../../local/lambda/lambda.ts';
import { createQueues, type Queues } from '../../local/queues.ts';
import { startFront } from '../../local/server.ts';

export const REGION = 'eu-west-1';
export const ACCOUNT = '000000000000';
const HANDLERS = path.join(import.meta.dirname, 'fixtures', 'handlers');

/** Lambda behind the real front, with the handlers of the fixture bundle. */
export interface LambdaWorld {
  readonly lambda: Lambda;
  readonly client: LambdaClient;
  readonly endpoint: string;
  readonly faults: Faults;
  readonly queues: Queues;
  readonly logDirectory: string;
  /** Registers the fixture's export of this name as a function, perhaps under another name; answers the name. */
  add(handler: string, changes?: Partial<FunctionDefinition>): string;
  stop(): Promise<void>;
}

export async function startLambdaWorld(clock: Clock = systemClock): Promise<LambdaWorld> {
  const logDirectory = mkdtempSync(path.join(tmpdir(), 'tanker-lambda-'));
  const faults = createFaults();
  const queues = createQueues(clock.now);
  let endpoint = '';
  const lambda = createLambda({
    clock,
    endpoint: () => endpoint,
    credentialsFor: (roleArn) => ({ accessKeyId: `KEY-${roleArn}`, secretAccessKey: 's', sessionToken: 't' }),
    fault: faults.consult,
    logDirectory,
    sendToQueue: queues.send,
  });
  const front = await startFront({
    services: { lambda: lambda.handle },
    local: async (_, response) => void response.end(),
    now: Date.now,
    knows: (accessKeyId) => accessKeyId === 'tester',
    onDefect: (error) => {
      throw error;
    },
    port: 0,
  });
  endpoint = front.endpoint;
  const credentials = { accessKeyId: 'tester', secretAccessKey: 'x' };
  const client = new LambdaClient({ region: REGION, endpoint, credentials, maxAttempts: 1 });
  return {
    lambda,
    client,
    endpoint,
    faults,
    queues,
    logDirectory,
    add(handler, changes = {}) {
      const name = changes.name ?? handler;
      lambda.register(REGION, {
        name,
        arn: `arn:aws:lambda:${REGION}:${ACCOUNT}:function:${name}`,
        codeDirectory: HANDLERS,
        handler: `index.${handler}`,
        environment: { OWN: 'value' },
        timeoutSeconds: 5,
        memoryMb: 128,
        roleArn: `arn:aws:iam::${ACCOUNT}:role/${name}`,
        ...changes,
      });
      return name;
    },
    async stop() {
      client.destroy();
      await lambda.stop();
      await front.stop();
    },
  };
}

/** Polls until the value is there; fails after ten seconds. */
export async function eventually<T>(read: () => T | undefined | Promise<T | undefined>): Promise<T> {
  const end = performance.now() + 10_000;
  for (;;) {
    const value = await read();
    if (value !== undefined) return value;
    if (performance.now() > end) throw new Error('It did not happen within ten seconds');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
