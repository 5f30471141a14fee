import type { Machine } from '@tanker/contract/index.ts';
import { VirtualClock } from '../../local/asl/cases/virtual-clock.ts';
import { TaskError } from '../../local/asl/errors.ts';
import { Execution, type ExecutionResult } from '../../local/asl/execution.ts';
import type { Json, JsonObject } from '../../local/asl/json.ts';
import { TokenBook } from '../../local/asl/token-book.ts';
import { substituted } from './machine.ts';

/** What a state's task answers: a value, or an error that is thrown, by the payload it was called with. */
export type Answer = Json | Error | ((payload: JsonObject, attempt: number) => Json | Error);
export type Answers = Readonly<Record<string, Answer>>;

export interface Played {
  readonly result: ExecutionResult | undefined;
  /** The states in the order in which they were entered. */
  readonly visited: readonly string[];
  /** Payloads by state, in the order of the calls. */
  readonly payloads: Readonly<Record<string, readonly JsonObject[]>>;
}

export const fails = (error: string, cause = 'why'): TaskError => new TaskError(error, cause);

/** Plays a machine on a virtual clock with canned answers; a state without one answers an empty object. */
export async function play(machine: Machine, input: Json, name: string, answers: Answers): Promise<Played> {
  const clock = new VirtualClock(Date.parse('2026-03-01T10:00:00Z'));
  const tokens = new TokenBook('eu-west-1');
  const payloads: Record<string, JsonObject[]> = {};
  const stateMachineArn = `arn:aws:states:eu-west-1:123456789012:stateMachine:tanker-${machine}`;
  const execution = new Execution({
    clock,
    tokens: tokens.of(stateMachineArn),
    definition: substituted(machine),
    region: 'eu-west-1',
    stateMachineArn,
    roleArn: 'arn:aws:iam::123456789012:role/tanker',
    name,
    input,
    random: () => 0.5,
    runner: async (resource, args, context) => {
      const given = args as JsonObject;
      const payload = (given['Payload'] ?? given) as JsonObject;
      const calls = payloads[context.stateName] ?? [];
      payloads[context.stateName] = calls;
      calls.push(payload);
      const canned = answers[context.stateName] ?? {};
      const answer = typeof canned === 'function' ? canned(payload, calls.length) : canned;
      const waits = resource.endsWith('.waitForTaskToken');
      if (answer instanceof TaskError && waits) {
        const failed = { kind: 'failed', error: answer.error, cause: answer.reason } as const;
        tokens.settle(context.taskToken as string, failed);
        return {};
      }
      if (answer instanceof Error) throw answer;
      if (waits && answer !== 'silence')
        tokens.settle(context.taskToken as string, { kind: 'succeeded', output: answer });
      return resource.startsWith('lambda:') ? { Payload: answer, StatusCode: 200 } : answer;
    },
  });
  execution.start();
  await clock.runUntil(() => execution.result !== undefined);
  const visited = execution.history
    .filter((event) => event.type.endsWith('StateEntered'))
    .map((event) => String(event.details['name']));
  return { result: execution.result, visited, payloads };
}
