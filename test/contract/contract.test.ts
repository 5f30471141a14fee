import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import {
  Describe,
  ERRORS,
  type ErrorName,
  errorOfProblem,
  GATEWAY_OPERATIONS,
  HOOKS_BEFORE_COMMIT,
  INVERSE_MISSING,
  isErrorName,
  keys,
  MAX_CAUSE_IN_RESULT,
  MAX_PROVIDERS,
  PROVIDER_OPERATIONS,
  problemOf,
  TankerError,
  TaskId,
} from '@tanker/contract/index.ts';
import { openApiDocuments, openApiText } from '@tanker/contract/openapi.ts';
import { RECOVERY_STARTS, recoveryName } from '../../core/control/start-recovery.ts';

describe('the OpenAPI documents', () => {
  test.each(Object.entries(openApiDocuments()))(
    '%s is what the schemas say: npm run openapi',
    (name, document) => {
      const committed = readFileSync(new URL(`../../contract/${name}`, import.meta.url), 'utf8');
      expect(openApiText(document)).toBe(committed);
    },
  );

  test('every error of an operation has a name of the contract', () => {
    const operations = [...Object.values(PROVIDER_OPERATIONS), ...Object.values(GATEWAY_OPERATIONS)];
    expect(
      operations.flatMap((operation) => [...operation.errors]).filter((name) => !isErrorName(name)),
    ).toEqual([]);
  });
});

describe('errors', () => {
  test.each(Object.keys(ERRORS) as ErrorName[])('%s survives the way through a problem', (name) => {
    const error = new TankerError(name, { what: 'This was wrong.', now: 'That is true.', next: 'Do this.' });
    const back = errorOfProblem(JSON.parse(JSON.stringify(problemOf(error))));
    expect(back).toMatchObject({ name, text: error.text });
    expect(error.message).toBe('This was wrong. That is true. Do this.');
  });

  test('a body that is no problem of the contract is none', () => {
    for (const body of [null, 'text', {}, { type: 'about:blank', title: 't', status: 500, detail: 'd' }]) {
      expect(errorOfProblem(body)).toBeUndefined();
    }
  });
});

test('a provider that can not take back what its hooks change before the commit point does not describe itself rightly', () => {
  const described = (hooks: string[]) => Describe.shape.hooks.safeParse(hooks);
  for (const hook of HOOKS_BEFORE_COMMIT) {
    expect(described([hook]).error?.issues[0]?.message).toBe(INVERSE_MISSING);
    expect(described([hook, 'after-undo']).success).toBe(true);
  }
  expect(described(['after-migrate']).success).toBe(true);
});

describe('limits', () => {
  test('the longest names of recoveries are execution names: 80 characters', () => {
    const task = 'a'.repeat(48);
    expect(TaskId.safeParse(task).success).toBe(true);
    expect(TaskId.safeParse(`${task}a`).success).toBe(false);
    expect(recoveryName(task, 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee').length).toBeLessThanOrEqual(80);
    expect(`recover-${task}-catch`.length).toBeLessThanOrEqual(80);
    expect(RECOVERY_STARTS).toBeGreaterThan(1);
  });

  test('the largest Map result stays below the 256 KiB that a state may return', () => {
    const status = {
      provider: 'p'.repeat(24),
      location: { datacenter: 'd'.repeat(24), server: 's'.repeat(24) },
      status: 'failed',
      error: 'VerificationFailed',
      cause: '"'.repeat(MAX_CAUSE_IN_RESULT),
    };
    expect(JSON.stringify(Array(MAX_PROVIDERS).fill(status)).length).toBeLessThan(262_144);
  });

  test('keys of subtasks sort by epoch', () => {
    const at = (epoch: number) =>
      keys.subtask({
        task: 't',
        epoch,
        phase: 'export',
        action: 'export',
        provider: 'p',
        location: { datacenter: 'd', server: 's' },
      }).sk;
    expect(at(9) < at(10)).toBe(true);
  });
});
