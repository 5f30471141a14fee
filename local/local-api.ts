import type { IncomingMessage, ServerResponse } from 'node:http';
import { ZodError } from 'zod';
import type { FaultInput, Faults } from './faults.ts';
import type { Iam } from './iam/iam.ts';
import { unusedActions } from './iam/usage.ts';
import type { Lambda } from './lambda/lambda.ts';
import type { Queues } from './queues.ts';
import type { ThrottleSettings, Throttles } from './throttles.ts';
import { CloudBusy, type CloudClock, JumpInvalid } from './time-jumps.ts';

export interface LocalApiPorts {
  readonly faults: Faults;
  readonly lambda: Lambda;
  readonly queues: Queues;
  readonly iam: Pick<Iam, 'usage' | 'resetUsage'>;
  readonly throttles: Throttles;
  readonly clock: CloudClock;
  /** What GET /_local/health answers. */
  health(): unknown;
}

type Route = (url: URL, body: unknown) => unknown;

/** What a client of the local API did wrong. */
class LocalRequestInvalid extends Error {
  override readonly name = 'LocalRequestInvalid';
}

/** Answers below /_local/, for tests and demos in other processes: health, faults, environments, queues,
 * rights and their use, throttles, the clock. */
export function createLocalApi(ports: LocalApiPorts) {
  const { clock, faults, iam, lambda, queues, throttles } = ports;
  const routes: Readonly<Record<string, Route>> = {
    'GET /_local/health': () => ports.health(),
    'GET /_local/faults': () => faults.list(),
    'POST /_local/faults': (_, body) => ({ id: faults.set(body as FaultInput) }),
    'DELETE /_local/faults': (url) => ({ removed: faults.clear(url.searchParams.get('id') ?? undefined) }),
    'GET /_local/lambda/environments': () => lambda.environments(),
    'POST /_local/lambda/kill': (_, body) => {
      const { functionName, region, signal } = body as Record<string, string | undefined>;
      if (!functionName || !region) throw new LocalRequestInvalid('functionName and region are needed');
      return { killed: lambda.killEnvironments(functionName, region, signal as NodeJS.Signals | undefined) };
    },
    'GET /_local/iam/usage': () => {
      const rights = iam.usage();
      return { rights, unused: unusedActions(rights) };
    },
    'DELETE /_local/iam/usage': () => {
      iam.resetUsage();
      return {};
    },
    'GET /_local/throttles': () => ({ counts: throttles.counts() }),
    'POST /_local/throttles': (_, body) => {
      throttles.set(body as ThrottleSettings);
      return {};
    },
    'GET /_local/clock': () => ({ now: new Date(clock.now()).toISOString(), underWay: clock.underWay() }),
    'POST /_local/clock': (_, body) =>
      clock.jump((body as { jumpMilliseconds?: number }).jumpMilliseconds ?? 0),
    'GET /_local/queues': () => queues.list().map((arn) => ({ arn, messages: queues.messages(arn) })),
  };

  return async (request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> => {
    const route = routes[`${request.method} ${url.pathname}`];
    if (!route) {
      return answer(response, 404, {
        error: 'NoSuchRoute',
        message: `There is: ${Object.keys(routes).join(', ')}`,
      });
    }
    try {
      answer(response, 200, await route(url, await readJson(request)));
    } catch (error) {
      const { name, message } = error as Error;
      const isCallers =
        error instanceof ZodError ||
        error instanceof LocalRequestInvalid ||
        error instanceof JumpInvalid ||
        error instanceof SyntaxError ||
        name === 'ResourceNotFoundException';
      if (error instanceof CloudBusy) return answer(response, 409, { error: name, message });
      if (!isCallers) throw error;
      answer(response, 400, { error: name, message });
    }
  };
}

function answer(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(value));
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return chunks.length === 0 ? {} : JSON.parse(Buffer.concat(chunks).toString('utf8'));
}
