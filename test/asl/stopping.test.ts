import { describe, expect, test } from '@jest/globals';
import { INVOKE, INVOKE_AND_WAIT, settle, start } from './support.ts';

const never = (): Promise<never> => new Promise(() => {});
const WAIT = { Type: 'Wait', Seconds: 3600, End: true };
const CALL = { Type: 'Task', Arguments: { FunctionName: 'f' }, TimeoutSeconds: 60, End: true };
const block = (state: object, name: string): object => ({ StartAt: name, States: { [name]: state } });

describe('stopping an execution', () => {
  test.each([
    ['a wait', WAIT],
    ['a call', { ...CALL, Resource: INVOKE }],
    ['the wait for a token', { ...CALL, Resource: INVOKE_AND_WAIT, HeartbeatSeconds: 30 }],
    [
      'branches',
      {
        Type: 'Parallel',
        Branches: [block(WAIT, 'One'), block({ ...CALL, Resource: INVOKE }, 'Two')],
        End: true,
      },
    ],
    ['iterations', { Type: 'Map', Items: [1, 2, 3], ItemProcessor: block(WAIT, 'Inner'), End: true }],
    [
      'children',
      {
        Type: 'Map',
        Items: [1, 2, 3],
        ItemProcessor: {
          ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' },
          ...block(WAIT, 'Inner'),
        },
        End: true,
      },
    ],
  ])('in the middle of %s leaves no timer and no further event', async (_, state) => {
    const runner = 'Resource' in state && state.Resource === INVOKE_AND_WAIT ? async () => ({}) : never;
    const trial = start({ Busy: state }, { runner });
    await settle();
    trial.execution.stop('Cancelled', 'by hand');
    const events = trial.execution.history.length;
    await settle();
    expect(trial.execution.result).toEqual({ status: 'ABORTED', error: 'Cancelled', cause: 'by hand' });
    expect(trial.execution.history.at(-1)).toMatchObject({ type: 'ExecutionAborted' });
    expect(trial.execution.history).toHaveLength(events);
    expect(trial.children.every(({ status }) => status === 'ABORTED')).toBe(true);
    expect(trial.clock.pending).toBe(0);
  });

  test('runs no catcher, and a second stop changes nothing', async () => {
    const trial = start(
      {
        Call: {
          ...CALL,
          Resource: INVOKE,
          End: undefined,
          Next: 'Done',
          Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Done' }],
        },
        Done: { Type: 'Succeed' },
      },
      { runner: never },
    );
    await settle();
    trial.execution.stop('First');
    trial.execution.stop('Second');
    await settle();
    expect(trial.execution.result).toEqual({ status: 'ABORTED', error: 'First' });
    expect(trial.types()).not.toContain('SucceedStateEntered');
  });
});
