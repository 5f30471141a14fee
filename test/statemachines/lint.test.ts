import { existsSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import {
  isErrorName,
  MACHINES,
  type Machine,
  NESTED_MACHINES,
  PHASES,
  TASK_OPERATIONS,
} from '@tanker/contract/index.ts';
import validate from 'asl-validator';
import { validateDefinition } from '../../local/asl/validate/definition.ts';
import { allStates, machineText, type State, substituted } from './machine.ts';

/** Names that Step Functions and its integrations give to errors. Sources: Step Functions Developer Guide, "Handling errors", and the Lambda and DynamoDB integrations. */
const AWS_ERRORS = /^(States|Lambda|Sandbox|DynamoDB|StepFunctions)\./;

/** The named retry policies: [interval, attempts, rate, longest delay]. Every Task has one of them, or says why not. */
const POLICIES: Record<string, readonly number[]> = {
  control: [1, 3, 2, 5],
  worker: [1, 2, 2, 5],
  table: [1, 5, 2, 5],
  patient: [1, 8, 2, 30],
};
/**
 * What every write of the table is repeated for. The integration's SDK has no exception for some codes and names them by
 * its base class, AmazonDynamoDBException; a throttle may be among them. So may be a refusal that no repeat changes: that
 * costs at most 17 s more, and as each write is conditional, nothing else.
 */
const TABLE_ERRORS = [
  'DynamoDB.AmazonDynamoDBException',
  'DynamoDB.InternalServerErrorException',
  'DynamoDB.ProvisionedThroughputExceededException',
  'DynamoDB.RequestLimitExceededException',
  'DynamoDB.SdkClientException',
  'DynamoDB.ThrottlingException',
];

/** The sync start of the recovery: its failure ends the execution, and the rule on ended executions starts it again. */
const WITHOUT_RETRY = new Set(['Recover company']);

const takesSlice = (machine: Machine): boolean => /\$\{SliceMachineArn\}/.test(machineText(machine));
const SLICE = ['prepare', 'lock', 'drain', 'export', 'verify-exports'];

/** The phases that a machine begins itself: the plan's is begun with the record, the slice's by its own machine. */
function phasesOf(machine: Machine): readonly string[] {
  if (machine === 'plan') return [];
  if (machine === 'slice') return SLICE;
  const own: readonly string[] = PHASES[machine].slice(1);
  // Where nobody lives there is no slice: the final removal of a company that was removed before locks by itself.
  const instead = machine === 'remove' ? ['lock'] : [];
  return takesSlice(machine) ? [...instead, ...own.slice(SLICE.length)] : own;
}

describe.each(MACHINES)('%s', (machine) => {
  const definition = substituted(machine);
  const states = [...allStates(definition as unknown as State)];
  const tasks = states.filter(([, state]) => state['Type'] === 'Task');

  test('is a valid definition for asl-validator and for the embedded cloud', () => {
    const result = validate(definition);
    expect(result.errorsText('\n')).toBe('');
    expect(result.isValid).toBe(true);
    expect(validateDefinition(definition, { strict: true })).toEqual([]);
  });

  test('names its states in sentence case, at most 32 characters, unique in the file', () => {
    const names = states.map(([name]) => name);
    expect(names.filter((name) => !/^[A-Z][a-z0-9 -]*\??$/.test(name) || name.length > 32)).toEqual([]);
    expect(new Set(names).size).toBe(names.length);
  });

  test('asks in a Choice, begins a Map with "For each", and comments every state', () => {
    for (const [name, state] of states) {
      if (state['Type'] === 'Choice') expect(name).toMatch(/\?$/);
      else expect(name).not.toMatch(/\?$/);
      if (state['Type'] === 'Map') expect(name).toMatch(/^For each /);
      expect(state['Comment']).toMatch(/^[A-Z].{15,}\.$/);
    }
  });

  test('gives every Task a timeout, a waiting one a heartbeat, and each one of the named retry policies', () => {
    for (const [name, task] of tasks) {
      expect([name, task['TimeoutSeconds']]).not.toEqual([name, undefined]);
      if (task['Resource'].endsWith('.waitForTaskToken')) expect(task['HeartbeatSeconds']).toBeDefined();
      if (WITHOUT_RETRY.has(name)) continue;
      expect(task['Retry']).toHaveLength(1);
      const [{ IntervalSeconds, MaxAttempts, BackoffRate, MaxDelaySeconds, JitterStrategy }] = task['Retry'];
      expect(JitterStrategy).toBe('FULL');
      const numbers = [IntervalSeconds, MaxAttempts, BackoffRate, MaxDelaySeconds];
      expect(Object.values(POLICIES)).toContainEqual(numbers);
    }
  });

  test('repeats every write of the table for the same errors', () => {
    for (const [, task] of tasks.filter(([, state]) => state['Resource'].includes(':::dynamodb:'))) {
      expect(task['Retry'][0].ErrorEquals).toEqual(TABLE_ERRORS);
    }
  });

  test('catches both timeout errors by name where a waiting Task is retried', () => {
    for (const [, task] of tasks.filter(([, state]) => state['Resource'].endsWith('.waitForTaskToken'))) {
      expect(task['Retry'][0].ErrorEquals).toEqual(
        expect.arrayContaining(['States.Timeout', 'States.HeartbeatTimeout']),
      );
      expect(task['Catch'][0].ErrorEquals).toEqual(['States.ALL']);
    }
  });

  test('knows each error that it names', () => {
    const named = states.flatMap(([, state]) =>
      [...(state['Retry'] ?? []), ...(state['Catch'] ?? [])].flatMap((rule: State) => rule['ErrorEquals']),
    );
    expect(named.filter((name: string) => !isErrorName(name) && !AWS_ERRORS.test(name))).toEqual([]);
    const failed = states.filter(([, state]) => state['Type'] === 'Fail').map(([, state]) => state['Error']);
    expect(failed.filter((error: string) => !error.startsWith('{%') && !isErrorName(error))).toEqual([]);
  });

  test('begins every phase by its contract id, in the order of the contract', () => {
    const begun = tasks
      .filter(([name]) => name.startsWith('Begin '))
      .map(([, task]) => task['Arguments'].ExpressionAttributeValues[':phase'].S);
    expect(begun).toEqual(phasesOf(machine));
  });

  test('serves each control function from a handler file of the same stem as its state', () => {
    for (const [name] of tasks.filter(
      ([, state]) => state['Resource'] === 'arn:aws:states:::lambda:invoke',
    )) {
      const stem = name.toLowerCase().replaceAll(' ', '-');
      expect([name, existsSync(new URL(`../../lambdas/control/${stem}.lambda.ts`, import.meta.url))]).toEqual(
        [name, true],
      );
    }
  });

  test('uses JSONata alone and leaves nothing to substitute but named values', () => {
    expect(definition).toMatchObject({ QueryLanguage: 'JSONata' });
    const keys = [...machineText(machine).matchAll(/\$\{([^}]*)\}/g)].map((match) => match[1] as string);
    expect(keys.filter((key) => !/^[A-Z][A-Za-z]+(Arn|Name|Seconds|Concurrency)$/.test(key))).toEqual([]);
  });
});

test.each(TASK_OPERATIONS)(
  '%s has one catch-all outside its Maps, and it reaches the recovery; the plan’s failure is named and ends it',
  (operation) => {
    const top = Object.entries(substituted(operation).States as Record<string, State>);
    const catching = top.filter(([, state]) => state['Catch'] !== undefined);
    const [plan, block] = catching.map(([, state]) => state);
    expect(catching.map(([, state]) => state['Type'])).toEqual(['Task', 'Parallel']);
    expect(plan?.['Catch']).toMatchObject([{ ErrorEquals: ['States.TaskFailed'], Next: 'Plan failed' }]);
    for (const rule of block?.['Catch'] ?? []) expect(rule.Next).toBe('Recover company');
  },
);

test('an operation that takes a slice has its phases in the order of the slice', () => {
  for (const operation of TASK_OPERATIONS.filter(takesSlice)) {
    expect([operation, ...PHASES[operation].slice(1, 1 + SLICE.length)]).toEqual([operation, ...SLICE]);
  }
});

test('what several operations share is nested, not copied', () => {
  expect(NESTED_MACHINES).toEqual(['plan', 'slice']);
  for (const operation of TASK_OPERATIONS) {
    const text = machineText(operation);
    expect(text).toMatch(/\$\{PlanMachineArn\}/);
    expect(text).not.toMatch(/"Open task"|"Export provider"|"Drain provider"/);
  }
  expect(TASK_OPERATIONS.filter(takesSlice)).toEqual(['migrate', 'backup', 'remove']);
});
