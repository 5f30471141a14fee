import { describe, expect, test } from '@jest/globals';
import type { Json } from '../../local/asl/json.ts';
import { answering, INVOKE, INVOKE_AND_WAIT, run, settle, start, type Trial } from './support.ts';

const never = (): Promise<Json> => new Promise(() => {});

/** A callback task; `tokens` collects its tokens. */
function waiting(more: object, tokens: string[]): Trial {
  const states = {
    Ask: {
      Type: 'Task',
      Resource: INVOKE_AND_WAIT,
      Arguments: { FunctionName: 'f', Payload: '{% $states.context.Task.Token %}' },
      End: true,
      ...more,
    },
  };
  const runner = answering((args) => {
    tokens.push((args as { Payload: string }).Payload);
    return { accepted: true };
  });
  return start(states, { runner });
}

describe('timeouts', () => {
  test('TimeoutSeconds ends the wait for an answer and leaves no timer', async () => {
    const trial = await run(
      {
        Call: {
          Type: 'Task',
          Resource: INVOKE,
          Arguments: { FunctionName: 'f' },
          TimeoutSeconds: 5,
          End: true,
        },
      },
      { runner: never },
    );
    expect(trial.execution.result).toEqual({ status: 'FAILED', error: 'States.Timeout' });
    expect(trial.seconds()).toBe(5);
    expect(trial.clock.pending).toBe(0);
  });

  test('tells the running call that nobody waits any more', async () => {
    let signal: AbortSignal | undefined;
    await run(
      {
        Call: {
          Type: 'Task',
          Resource: INVOKE,
          Arguments: { FunctionName: 'f' },
          TimeoutSeconds: 5,
          End: true,
        },
      },
      {
        runner: (_resource, _args, context) => {
          signal = context.signal;
          return never();
        },
      },
    );
    expect(signal?.aborted).toBe(true);
  });

  test('takes TimeoutSeconds from an expression and shows it in the history', async () => {
    const trial = await run(
      {
        Call: {
          Type: 'Task',
          Resource: INVOKE,
          Arguments: { FunctionName: 'f' },
          TimeoutSeconds: '{% 2 + 1 %}',
          End: true,
        },
      },
      { runner: never },
    );
    expect(trial.execution.history[2]).toMatchObject({
      type: 'TaskScheduled',
      details: { timeoutInSeconds: 3 },
    });
    expect(trial.seconds()).toBe(3);
  });
});

describe('task tokens', () => {
  test('a success through the token is the result', async () => {
    const tokens: string[] = [];
    const trial = waiting({}, tokens);
    await settle();
    expect(trial.tokens.settle(tokens[0] ?? '', { kind: 'succeeded', output: 42 })).toBe('taken');
    await trial.finish();
    expect(trial.execution.result).toEqual({ status: 'SUCCEEDED', output: 42 });
  });

  test('an outcome that comes before the function has answered counts', async () => {
    const trial = start(
      { Ask: { Type: 'Task', Resource: INVOKE_AND_WAIT, Arguments: { FunctionName: 'f' }, End: true } },
      {
        runner: async (_resource, _args, { taskToken }) => {
          trial.tokens.settle(taskToken ?? '', { kind: 'succeeded', output: 'early' });
          return {};
        },
      },
    );
    await trial.finish();
    expect(trial.execution.result).toEqual({ status: 'SUCCEEDED', output: 'early' });
    expect(trial.types()).toContain('TaskSubmitted');
  });

  test('a missed heartbeat is a timeout; heartbeats put it off', async () => {
    const tokens: string[] = [];
    const trial = waiting({ HeartbeatSeconds: 10 }, tokens);
    await settle();
    trial.clock.after(8_000, () => trial.tokens.heartbeat(tokens[0] ?? ''));
    await trial.finish();
    expect(trial.execution.result).toEqual({ status: 'FAILED', error: 'States.Timeout' });
    expect(trial.seconds()).toBe(18);
  });

  test('heartbeats do not put TimeoutSeconds off', async () => {
    const tokens: string[] = [];
    const trial = waiting({ HeartbeatSeconds: 10, TimeoutSeconds: 15 }, tokens);
    await settle();
    trial.clock.after(8_000, () => trial.tokens.heartbeat(tokens[0] ?? ''));
    await trial.finish();
    expect(trial.seconds()).toBe(15);
    expect(trial.clock.pending).toBe(0);
  });

  test('each retry has a token of its own, and the old one is closed', async () => {
    const tokens: string[] = [];
    const trial = waiting(
      { TimeoutSeconds: 5, Retry: [{ ErrorEquals: ['States.Timeout'], MaxAttempts: 1 }] },
      tokens,
    );
    await trial.finish();
    expect(new Set(tokens).size).toBe(2);
    expect(tokens.map((token) => trial.tokens.settle(token, { kind: 'succeeded', output: 1 }))).toEqual([
      'closed',
      'closed',
    ]);
  });
});
