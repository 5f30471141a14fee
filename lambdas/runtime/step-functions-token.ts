import { setTimeout as sleepFor } from 'node:timers/promises';
import {
  SendTaskFailureCommand,
  SendTaskHeartbeatCommand,
  SendTaskSuccessCommand,
  type SFNClient,
} from '@aws-sdk/client-sfn';
import { MAX_CAUSE_CHARACTERS, MAX_ERROR_CHARACTERS } from '@tanker/contract/index.ts';
import type { TaskToken } from '../../core/ports.ts';
import { isAnswered } from './aws-errors.ts';

/** The token's task is closed: it timed out, its execution ended, or it was settled, perhaps by our own first try. */
const CLOSED = new Set(['TaskTimedOut', 'TaskDoesNotExist']);

/** Refusals that time may lift. */
const THROTTLES = new Set(['ThrottlingException', 'TooManyRequestsException', 'RequestLimitExceeded']);

/** Waits before a settling call is sent again, after the SDK's own repeats: what isn't told costs a whole attempt. */
const SETTLE_AGAIN_AFTER_MS = [500, 2000];

/** Core's TaskToken; the client must be one of the state machine's region. */
export function stepFunctionsToken(
  client: Pick<SFNClient, 'send'>,
  taskToken: string,
  sleep: (milliseconds: number) => Promise<unknown> = sleepFor,
): TaskToken {
  async function settle(send: () => Promise<unknown>): Promise<void> {
    for (let tries = 0; ; tries += 1) {
      try {
        await send();
        return;
      } catch (error) {
        if (CLOSED.has((error as Error).name)) return;
        const wait = SETTLE_AGAIN_AFTER_MS[tries];
        if (wait === undefined || !mayPass(error)) throw error;
        await sleep(wait);
      }
    }
  }
  return {
    async heartbeat() {
      try {
        await client.send(new SendTaskHeartbeatCommand({ taskToken }));
        return 'alive';
      } catch (error) {
        if (CLOSED.has((error as Error).name)) return 'settled';
        throw error;
      }
    },
    succeed: (output) =>
      settle(() => client.send(new SendTaskSuccessCommand({ taskToken, output: JSON.stringify(output) }))),
    fail: (error, cause) =>
      settle(() =>
        client.send(
          new SendTaskFailureCommand({
            taskToken,
            error: error.slice(0, MAX_ERROR_CHARACTERS),
            cause: cause.slice(0, MAX_CAUSE_CHARACTERS),
          }),
        ),
      ),
  };
}

function mayPass(error: unknown): boolean {
  if (!isAnswered(error)) return true;
  return (error.$metadata?.httpStatusCode ?? 0) >= 500 || THROTTLES.has(error.name);
}
