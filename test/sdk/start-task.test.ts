import { describe, expect, test } from '@jest/globals';
import { INPUTS, type InputOf, TASK_OPERATIONS, type TaskOperation } from '@tanker/contract/index.ts';
import { type Executions, inputText, startTask } from '@tanker/sdk/start-task.ts';

/** Executions in memory; `lost` starts one and answers as if it had existed, as a repeated call is answered. */
function memory<O extends TaskOperation>(operation: O, { lost = false } = {}) {
  const inputs = new Map<string, string>();
  const executions: Executions<O> = {
    operation,
    async start(name, input) {
      if (inputs.has(name)) return 'exists';
      inputs.set(name, input);
      return lost ? 'exists' : 'started';
    },
    inputOf: async (name) => inputs.get(name),
  };
  return { executions, inputs };
}

const ASKED = { task: 't-1', company: 'acme', requestedBy: 'me', reason: 'law' };
const EXAMPLES: { readonly [O in TaskOperation]: InputOf<O> } = {
  migrate: { ...ASKED, to: { datacenter: 'eu' } },
  backup: { ...ASKED, keepDays: 7 },
  restore: { ...ASKED, backup: 'remove-1', to: { datacenter: 'eu', server: 'db1' } },
  remove: { ...ASKED, final: true, dryRun: true },
  cleanup: { ...ASKED, at: { datacenter: 'us' }, early: true },
};

describe.each(TASK_OPERATIONS)('the input of a %s', (operation) => {
  const input = EXAMPLES[operation];

  test('is one text, whichever order its fields were written in', () => {
    const reversed = Object.fromEntries(Object.entries(input).reverse());
    expect(inputText(operation, reversed)).toBe(inputText(operation, input));
    expect(INPUTS[operation].parse(JSON.parse(inputText(operation, input) ?? ''))).toEqual(input);
  });

  test('leaves out what was not said', () => {
    const said = { ...input, dryRun: undefined };
    expect(inputText(operation, said)).not.toContain('dryRun');
  });

  test('is started once for the same task', async () => {
    const { executions, inputs } = memory(operation);
    expect(await startTask(executions, input)).toEqual({ started: true });
    expect(await startTask(executions, input)).toEqual({ started: false });
    expect([...inputs]).toEqual([['t-1', inputText(operation, input)]]);
  });

  test('that differs is refused under the same task id', async () => {
    const { executions } = memory(operation);
    await startTask(executions, input);
    await expect(startTask(executions, { ...input, reason: 'another' })).rejects.toMatchObject({
      name: 'TaskIdTaken',
    });
  });
});

test('a start whose answer was lost is the same task when it is asked for again', async () => {
  const { executions } = memory('backup', { lost: true });
  expect(await startTask(executions, EXAMPLES.backup)).toEqual({ started: false });
});

test.each(['no JSON at all', '{"task":"t-1"}', 'null'])(
  'a task id that ran with %s, started by hand, is taken',
  async (text) => {
    const { executions, inputs } = memory('remove');
    inputs.set('t-1', text);
    await expect(startTask(executions, EXAMPLES.remove)).rejects.toMatchObject({ name: 'TaskIdTaken' });
  },
);

test('an input that the operation does not have is refused before anything is started', async () => {
  const { executions, inputs } = memory('backup');
  const wrong = { ...EXAMPLES.backup, keepDays: 4000 };
  await expect(startTask(executions, wrong)).rejects.toMatchObject({
    name: 'InputInvalid',
    message: expect.stringMatching(/none of a backup: keepDays: .*Nothing was started/),
  });
  expect(inputs.size).toBe(0);
});
