import { describe, expect, test } from '@jest/globals';
import { DONE, TASK_OPERATIONS } from '@tanker/contract/index.ts';
import {
  every,
  FROM,
  LOCK,
  nested,
  nestedFails,
  operate,
  PLAN,
  REFUSAL,
  recovered,
  steps,
  TASK,
  TO,
} from './fixtures.ts';
import { fails } from './play.ts';

const twice = (state: string) => [state, state];
const SEALS = [...twice('Seal target')];
const IMPORTS = ['Import provider', 'Wave imported', 'Import provider', 'Wave imported'];

const FORWARD = {
  migrate: [
    ...['Plan task', 'Migrate company', 'Take slice', ...IMPORTS, ...SEALS, ...twice('Read source again')],
    ...[
      'Verify target',
      'Commit placement',
      'Unlock traffic',
      'Run hook',
      'Close task',
      'Migration completed',
    ],
  ],
  backup: [
    ...[
      'Plan task',
      'Back up company',
      'Take slice',
      ...twice('Read source again'),
      ...twice('Open provider'),
    ],
    ...['Verify source', 'Commit backup', 'Close task', 'Backup completed'],
  ],
  restore: [
    ...['Plan task', 'Restore company', 'Prepare workers', 'Lock traffic', ...IMPORTS, ...SEALS],
    ...['Verify target', 'Commit placement', 'Unlock traffic', 'Run hook', 'Close task', 'Restore completed'],
  ],
  remove: [
    ...['Plan task', 'Remove company', 'Take slice', ...twice('Read source again'), 'Verify source'],
    ...['Commit placement', 'Unlock traffic', ...twice('Erase provider'), 'Verify erased', 'Run hook'],
    ...['Close task', 'Removal completed'],
  ],
  cleanup: [
    'Plan task',
    'Clean up',
    ...twice('Erase provider'),
    'Verify erased',
    'Close task',
    'Cleanup completed',
  ],
} as const;

const PLACES = {
  migrate: { from: FROM, to: TO },
  backup: { from: FROM },
  restore: { to: TO },
  remove: { from: FROM },
  cleanup: { debts: [] },
} as const;

const UNDONE = {
  migrate: 'MigrationUndone',
  backup: 'BackupUndone',
  restore: 'RestoreUndone',
  remove: 'RemovalUndone',
  cleanup: 'CleanupUndone',
} as const;

const TAKES_SLICE = ['migrate', 'backup', 'remove'] as const;

describe.each(TASK_OPERATIONS)('%s', (operation) => {
  test('walks its steps in their order and answers what is true now', async () => {
    const played = await operate(operation);
    expect(steps(played)).toEqual(FORWARD[operation]);
    const output = { task: TASK, company: 'acme', outcome: DONE[operation], ...PLACES[operation] };
    expect(played.result).toEqual({ status: 'SUCCEEDED', output });
    expect(played.payloads['Close task']?.[0]).toMatchObject({
      outcome: DONE[operation],
      reason: null,
      epoch: 4,
    });
    expect(played.payloads['Plan task']?.[0]).toMatchObject({
      Name: `${operation}-${TASK}`,
      Input: { operation, executionName: TASK, input: { company: 'acme' } },
    });
  });

  test('a refusal ends with its named error, and nothing else was called', async () => {
    const { result, visited } = await operate(operation, {
      'Plan task': nested({ ...PLAN, refusal: REFUSAL }),
    });
    expect(visited.slice(0, 2)).toEqual(['Plan task', 'Plan accepted?']);
    expect(visited).toHaveLength(3);
    expect(result).toEqual({ status: 'FAILED', ...REFUSAL });
  });

  test.each([
    [
      'by its own name',
      () => nestedFails('GatewayUnreachable', 'no answer'),
      'GatewayUnreachable',
      'no answer',
    ],
    [
      'as PhaseFailed when it was stopped',
      () => fails('States.TaskFailed', JSON.stringify({ Status: 'ABORTED' })),
      'PhaseFailed',
      `The plan of task ${TASK} ended without an error of its own`,
    ],
    [
      'as timed out when its execution was',
      () => fails('States.TaskFailed', JSON.stringify({ Status: 'TIMED_OUT', Error: 'States.Timeout' })),
      'States.Timeout',
      `"${operation}-${TASK}"`,
    ],
    [
      'by what Step Functions says when its description is cut off',
      () => fails('States.TaskFailed', `{"Status":"FAILED","Input":"${'x'.repeat(20_000)}`),
      'States.TaskFailed',
      '{"Status"',
    ],
    ['by its own name when it ran out of time', () => fails('States.Timeout'), 'States.Timeout', undefined],
  ] as const)('a plan that fails ends it %s, and no recovery is nested', async (_, failure, error, cause) => {
    const { result, visited } = await operate(operation, { 'Plan task': failure });
    expect(visited).not.toContain('Recover company');
    expect(result).toMatchObject({ status: 'FAILED', error });
    const said = (result as { cause?: string }).cause ?? '';
    expect(said).toContain(cause ?? '');
    expect(said.length).toBeLessThanOrEqual(8000);
  });

  test('a dry run ends with its plan and calls nothing more', async () => {
    const planned = { from: FROM, estimate: { bytes: 300, seconds: 4 } };
    const { result, visited } = await operate(operation, { 'Plan task': nested({ ...PLAN, planned }) });
    expect(visited).toEqual(['Plan task', 'Plan accepted?', 'Dry run planned']);
    const output = { task: TASK, company: 'acme', outcome: 'planned', plan: planned };
    expect(result).toEqual({ status: 'SUCCEEDED', output });
  });

  test('any function that fails goes to the one recovery, and its answer is the end', async () => {
    const functions = steps(await operate(operation)).slice(2, -1);
    const called = functions.filter((name) => !/provider|target|again|hook|Wave|slice/.test(name));
    expect(called.length).toBeGreaterThan(1);
    for (const state of called) {
      const { result, visited, payloads } = await operate(operation, {
        [state]: () => fails('TaskClosed', 'taken'),
        'Recover company': recovered('undone'),
      });
      expect([state, ...visited.slice(-3, -1)]).toEqual([state, 'Recover company', 'Recovered forward?']);
      expect(result).toMatchObject({ status: 'FAILED', error: UNDONE[operation] });
      expect(payloads['Recover company']?.[0]).toMatchObject({
        Name: `recover-${TASK}-catch`,
        Input: { task: TASK, reason: { error: 'TaskClosed' } },
      });
    }
  });

  test('ends as done when the recovery goes forward, and claims nothing when another one took over', async () => {
    const failing = { 'Close task': () => fails('States.Timeout') };
    const forward = await operate(operation, { ...failing, 'Recover company': recovered(DONE[operation]) });
    expect(forward.result).toMatchObject({ status: 'SUCCEEDED', output: { outcome: DONE[operation] } });
    const other = await operate(operation, { ...failing, 'Recover company': recovered('nothing') });
    expect(other.result).toMatchObject({ status: 'FAILED', error: 'TaskClosed' });
    expect(other.result).toMatchObject({ cause: expect.stringContaining(TASK) });
  });
});

describe.each(TAKES_SLICE)('the slice of %s', (operation) => {
  test('is taken under the epoch of the plan, and its failure names the cause', async () => {
    const { result, payloads, visited } = await operate(operation, {
      'Take slice': () => nestedFails('ChecksumMismatch', 'contacts at us/db1: bytes differ'),
      'Recover company': recovered('undone'),
    });
    expect(payloads['Take slice']?.[0]).toMatchObject({
      Name: TASK,
      Input: { task: TASK, company: 'acme', epoch: 4, holder: `${TASK}/${TASK}`, from: FROM },
    });
    expect(visited).toContain('Slice failed');
    expect(payloads['Recover company']?.[0]?.['Input']).toMatchObject({
      reason: { error: 'ChecksumMismatch', cause: 'contacts at us/db1: bytes differ' },
    });
    expect(result).toMatchObject({
      error: UNDONE[operation],
      cause: expect.stringContaining('bytes differ'),
    });
  });

  test('that was stopped or could not start goes to the recovery too', async () => {
    const stopped = () => fails('States.TaskFailed', JSON.stringify({ Status: 'ABORTED' }));
    for (const failure of [stopped, () => fails('StepFunctions.AccessDeniedException', 'no')]) {
      const { result } = await operate(operation, {
        'Take slice': failure,
        'Recover company': recovered('undone'),
      });
      expect(result).toMatchObject({ status: 'FAILED', error: UNDONE[operation] });
    }
  });
});

describe('what goes wrong at one provider', () => {
  test.each([
    ['migrate', 'Import provider', 'Import failed'],
    ['migrate', 'Seal target', 'Verification failed'],
    ['migrate', 'Read source again', 'Verification failed'],
    ['backup', 'Read source again', 'Open failed'],
    ['backup', 'Open provider', 'Open failed'],
    ['restore', 'Import provider', 'Import failed'],
    ['restore', 'Seal target', 'Verification failed'],
    ['remove', 'Read source again', 'Verification failed'],
  ] as const)('%s: %s failing ends before the commit point', async (operation, state, failed) => {
    const { result, visited, payloads } = await operate(operation, {
      [state]: (payload) => (payload['provider'] === 'contacts' ? fails('ChecksumMismatch', 'differ') : {}),
      'Recover company': recovered('undone'),
    });
    expect(visited.slice(-4, -1)).toEqual([failed, 'Recover company', 'Recovered forward?']);
    expect(visited).not.toContain('Commit placement');
    expect(visited).not.toContain('Commit backup');
    expect(payloads['Recover company']?.[0]?.['Input']).toMatchObject({
      reason: { error: 'ChecksumMismatch', cause: expect.stringContaining('contacts at') },
    });
    expect(result).toMatchObject({ error: UNDONE[operation], cause: expect.stringContaining('differ') });
  });

  test('a failed hook after the commit is reported when the task is closed', async () => {
    for (const operation of ['migrate', 'restore', 'remove'] as const) {
      const played = await operate(operation, { 'Run hook': () => fails('InternalFailure', 'no cache') });
      expect(played.result?.status).toBe('SUCCEEDED');
      expect(played.payloads['Close task']?.[0]?.['reported']).toMatchObject([
        { provider: 'deals', status: 'failed' },
      ]);
    }
  });

  test('debts of the recovery are counted in the cause', async () => {
    const { result } = await operate('migrate', {
      'Commit placement': () => fails('GrantBroken'),
      'Recover company': recovered('undone', [{ provider: 'deals', location: TO }]),
    });
    expect(result).toMatchObject({ cause: expect.stringContaining('1 provider(s) of the target') });
  });
});

describe('a restore', () => {
  test('opens at its target what the backup knew nothing of, before customers come back, and reports what does not open', async () => {
    const opens = every(TO).slice(1);
    const played = await operate('restore', {
      'Plan task': nested({ ...PLAN, opens }),
      'Open provider': () => fails('ProviderUnreachable'),
    });
    const walked = steps(played);
    expect(walked.indexOf('Open provider')).toBeGreaterThan(walked.indexOf('Commit placement'));
    expect(walked.indexOf('Open provider')).toBeLessThan(walked.indexOf('Unlock traffic'));
    expect(played.payloads['Open provider']?.[0]).toMatchObject({
      provider: 'deals',
      location: TO,
      epoch: 4,
    });
    expect(played.payloads['Close task']?.[0]?.['reported']).toMatchObject([
      { provider: 'deals', status: 'failed', error: 'ProviderUnreachable' },
      { status: 'succeeded' },
    ]);
  });
});

describe('a removal', () => {
  test('is committed before the first erase', async () => {
    const walked = steps(await operate('remove'));
    expect(walked.indexOf('Commit placement')).toBeLessThan(walked.indexOf('Erase provider'));
  });

  test('of a company that was removed before takes no slice: it locks, commits and erases once more', async () => {
    const played = await operate('remove', {
      'Plan task': nested({ ...PLAN, from: null, to: null, hooks: [] }),
    });
    expect(steps(played)).toEqual([
      ...['Plan task', 'Remove company', 'Lock traffic', 'Commit placement', 'Unlock traffic'],
      ...[...twice('Erase provider'), 'Verify erased', 'Close task', 'Removal completed'],
    ]);
    expect(played.payloads['Commit placement']?.[0]).toMatchObject({ grant: LOCK.grant });
    expect(played.result).toMatchObject({ status: 'SUCCEEDED', output: { outcome: 'removed', from: null } });
  });

  test('of which something is left is recovered, and never done while it is', async () => {
    const left = { clean: 1, left: 1, incomplete: true, debts: [] };
    const played = await operate('remove', {
      'Erase provider': (payload) => (payload['provider'] === 'deals' ? fails('ProviderUnreachable') : {}),
      'Verify erased': left,
      'Recover company': recovered('incomplete'),
    });
    expect(played.visited.filter((name) => name === 'Erase provider')).toHaveLength(2);
    expect(played.visited).toContain('Erase incomplete');
    expect(played.visited).not.toContain('Close task');
    expect(played.result).toMatchObject({ status: 'FAILED', error: 'RemovalIncomplete' });
  });
});

describe('a cleanup', () => {
  test('verifies a fallback copy and gives it up before it erases it', async () => {
    const played = await operate('cleanup', { 'Plan task': nested({ ...PLAN, leftover: 'fallback' }) });
    const walked = steps(played);
    expect(walked.slice(2, -1)).toEqual([
      ...[...twice('Seal fallback'), ...twice('Read fallback again'), 'Verify fallback', 'Commit cleanup'],
      ...[...twice('Erase provider'), 'Verify erased', 'Close task'],
    ]);
    expect(played.payloads['Seal fallback']?.[0]).toMatchObject({ location: FROM, phase: 'verify' });
    expect(played.payloads['Erase provider']?.[0]).toMatchObject(every(FROM)[0] ?? {});
  });

  test('keeps a copy that is not what the move left', async () => {
    const played = await operate('cleanup', {
      'Plan task': nested({ ...PLAN, leftover: 'fallback' }),
      'Verify fallback': () => fails('FallbackChanged', 'deals differ'),
      'Recover company': recovered('undone'),
    });
    expect(played.visited).not.toContain('Erase provider');
    expect(played.result).toMatchObject({
      error: 'CleanupUndone',
      cause: expect.stringContaining('deals differ'),
    });
  });

  test('ends as done with the debts that it could not settle', async () => {
    const debts = [{ provider: 'deals', location: FROM }];
    const { result } = await operate('cleanup', { 'Close task': { outcome: 'cleaned', debts } });
    expect(result).toMatchObject({ status: 'SUCCEEDED', output: { outcome: 'cleaned', debts } });
  });
});
