import { setTimeout as sleep } from 'node:timers/promises';
import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import type { WarmEvent } from '@tanker/contract/index.ts';
import type { Warmed, WindowFunction } from '../../core/ports.ts';
import { isAnswered } from './aws-errors.ts';

/** Long enough that calls sent together meet busy environments and start new ones, short beside a cold start. */
const HOLD_MS = 150;

const WARM: WarmEvent = { warm: true, holdMilliseconds: HOLD_MS };

/** Below CONTROL_FUNCTION_SECONDS (27) with room for the table's writes: what is not warm by then starts cold, later. */
const DEADLINE_MS = 20_000;

/** A refused call is sent again after this, give or take a half: other calls have ended by then, or an interface is made. */
const REPEAT_MS = 1000;

/** Starts environments of functions of all regions, and tells of each how many answered and why others were refused. */
export function warmFunctions(
  client: (region: string) => Pick<LambdaClient, 'send'>,
  functions: readonly WindowFunction[],
  { deadlineMs = DEADLINE_MS, repeatMs = REPEAT_MS } = {},
): Promise<Warmed[]> {
  const signal = AbortSignal.timeout(deadlineMs);
  const call = ({ region, name }: WindowFunction) => warmOne(client(region), name, repeatMs, signal);
  return Promise.all(
    functions.map(async (one) => {
      const ends = await Promise.all(Array.from({ length: one.environments }, () => call(one)));
      const refusals = ends.flatMap((end) => ('refused' in end ? [end.refused] : []));
      return { ...one, warm: ends.filter((end) => 'warm' in end).length, refusals };
    }),
  );
}

type End = { warm: true } | { refused: string } | { late: true };

/** One environment: asked for until it answers, can't be had, or the time is over. */
async function warmOne(
  client: Pick<LambdaClient, 'send'>,
  name: string,
  repeatMs: number,
  signal: AbortSignal,
): Promise<End> {
  let end: End = { late: true };
  while (!signal.aborted) {
    try {
      const command = new InvokeCommand({ FunctionName: name, Payload: Buffer.from(JSON.stringify(WARM)) });
      const { FunctionError } = await client.send(command, { abortSignal: signal });
      if (!FunctionError) return { warm: true };
      end = { refused: FunctionError };
    } catch (error) {
      if (isAnswered(error)) end = { refused: error.name };
      if (isForGood(error)) return end;
    }
    await sleep(repeatMs * (0.5 + Math.random()), undefined, { signal }).catch(() => {});
  }
  return end;
}

/** Answers that no repeat changes: a right or a function is missing. Throttles are 429, a function without interfaces 409. */
function isForGood(error: unknown): boolean {
  const status = isAnswered(error) ? (error.$metadata?.httpStatusCode ?? 0) : 0;
  return status >= 400 && status < 500 && status !== 409 && status !== 429;
}
