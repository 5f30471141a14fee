import { describe, expect, test } from '@jest/globals';
import type { JsonObject } from '../../local/asl/json.ts';
import { type Answers, fails, play } from './play.ts';

const FROM = { datacenter: 'us', server: 'db1' };
const TO = { datacenter: 'eu', server: 'db1' };
const INPUT = { task: 'move-1', company: 'acme', to: { datacenter: 'eu' }, requestedBy: 'me', reason: 'law' };
const REFUSAL = { error: 'CompanyUnknown', cause: 'There is no company.' };

const opened = {
  refusal: null,
  task: 'move-1',
  company: 'acme',
  holder: 'move-1/move-1',
  checks: [
    { provider: 'contacts', location: FROM },
    { provider: 'contacts', location: TO },
  ],
};
const plan = {
  refusal: null,
  epoch: 4,
  holder: 'move-1/move-1',
  from: FROM,
  to: TO,
  providers: ['contacts', 'deals'],
  waves: [['contacts'], ['deals']],
  afterMigrateHooks: [{ provider: 'deals', location: TO }],
  planned: null,
};
const lock = {
  grant: 3,
  lockedAt: '2026-03-01T10:00:00.000Z',
  deadlineMillis: Date.parse('2026-03-01T10:01:00Z'),
};
const recovered = (outcome: string, debts: JsonObject[] = []) => ({
  Output: { task: 'move-1', outcome, debts },
  Status: 'SUCCEEDED',
});
const ready = { environments: 9, starting: 0 };
const GOOD: Answers = {
  'Open task': opened,
  'Plan migration': plan,
  'Prepare workers': ready,
  'Lock traffic': lock,
};
const migrate = (answers: Answers = {}) => play('migrate', INPUT, 'move-1', { ...GOOD, ...answers });

const FORWARD = [
  'Begin prepare phase',
  'Prepare workers',
  'Workers ready?',
  'Begin lock phase',
  'Lock traffic',
  'Begin drain phase',
  'For each provider to drain',
  'Drain provider',
  'Drain provider',
  'Any drain failed?',
  'Begin export phase',
  'For each provider to export',
  'Export provider',
  'Export provider',
  'Any export failed?',
  'Begin verify-exports phase',
  'Verify exports',
  'Begin import phase',
  'For each wave',
  'For each provider to import',
  'Import provider',
  'Any import failed?',
  'Wave imported',
  'For each provider to import',
  'Import provider',
  'Any import failed?',
  'Wave imported',
  'Begin verify phase',
  'For each provider to verify',
  'Seal target',
  'Seal target',
  'Read source again',
  'Read source again',
  'Any verification failed?',
  'Verify target',
  'Begin commit phase',
  'Commit placement',
  'Begin unlock phase',
  'Unlock traffic',
  'Begin hooks phase',
  'For each provider with a hook',
  'Run hook',
  'Close task',
  'Migration completed',
];
const PLANNING = [
  'Open task',
  'Task opened?',
  'For each provider and location',
  'Describe provider',
  'Describe provider',
  'Plan migration',
  'Plan accepted?',
  'Migrate company',
];

describe('migrate', () => {
  test('walks the phases in their order and answers where the company lives', async () => {
    const { result, visited, payloads } = await migrate();
    expect(visited).toEqual([...PLANNING, ...FORWARD]);
    expect(result).toEqual({
      status: 'SUCCEEDED',
      output: { task: 'move-1', company: 'acme', outcome: 'migrated', from: FROM, to: TO },
    });
    expect(payloads['Export provider']?.[0]).toMatchObject({
      epoch: 4,
      grant: 3,
      attempt: 1,
      location: FROM,
    });
    expect(payloads['Import provider']?.[0]).toMatchObject({ provider: 'contacts', location: TO });
    expect(payloads['Commit placement']?.[0]).toMatchObject({ epoch: 4, grant: 3 });
  });

  test('a refusal of the task or of the plan ends with its named error, and nothing else was called', async () => {
    const first = await migrate({ 'Open task': { ...opened, refusal: REFUSAL } });
    expect(first.visited).toEqual(['Open task', 'Task opened?', 'Migration refused']);
    expect(first.result).toEqual({ status: 'FAILED', ...REFUSAL });
    const second = await migrate({ 'Plan migration': { ...plan, refusal: REFUSAL } });
    expect(second.visited.slice(-2)).toEqual(['Plan accepted?', 'Migration refused']);
    expect(second.result).toEqual({ status: 'FAILED', ...REFUSAL });
  });

  test('a dry run ends with its plan and calls nothing more', async () => {
    const planned = { from: FROM, to: TO, estimate: { bytes: 300, seconds: 4 } };
    const { result, visited } = await migrate({ 'Plan migration': { ...plan, planned } });
    expect(visited).toEqual([...PLANNING.slice(0, -1), 'Dry run planned']);
    const output = { task: 'move-1', company: 'acme', outcome: 'planned', plan: planned };
    expect(result).toEqual({ status: 'SUCCEEDED', output });
  });

  test('a provider that can not be asked is told to plan, which decides', async () => {
    const { payloads } = await migrate({ 'Describe provider': () => fails('ContractUnsupported', 'old') });
    expect(payloads['Plan migration']?.[0]?.['describes']).toMatchObject([
      { provider: 'contacts', location: FROM, status: 'failed', error: 'ContractUnsupported', cause: 'old' },
      { provider: 'contacts', location: TO, status: 'failed' },
    ]);
  });

  test.each([
    ['Drain provider', 'Drain failed'],
    ['Export provider', 'Export failed'],
    ['Import provider', 'Import failed'],
    ['Seal target', 'Verification failed'],
    ['Read source again', 'Verification failed'],
  ])('%s failing at one provider lets the others end, then goes to the recovery', async (state, failed) => {
    const { result, visited, payloads } = await migrate({
      [state]: (payload) =>
        payload['provider'] === 'contacts' ? fails('ChecksumMismatch', 'bytes differ') : {},
      'Recover company': recovered('undone'),
    });
    expect(visited.slice(-4)).toEqual([failed, 'Recover company', 'Recovered forward?', 'Migration undone']);
    expect(payloads['Recover company']?.[0]?.['Input']).toMatchObject({
      task: 'move-1',
      reason: { error: 'ChecksumMismatch', cause: expect.stringContaining('contacts at') },
    });
    expect(result).toMatchObject({ status: 'FAILED', error: 'MigrationUndone' });
    expect(result).toMatchObject({ cause: expect.stringContaining('bytes differ') });
    expect(visited).not.toContain('Commit placement');
  });

  test.each([
    'Begin prepare phase',
    'Prepare workers',
    'Lock traffic',
    'Verify exports',
    'Verify target',
    'Commit placement',
  ])('%s failing goes to the recovery', async (state) => {
    const answers = { [state]: () => fails('TaskClosed'), 'Recover company': recovered('undone') };
    const { result, visited } = await migrate(answers);
    expect(visited.slice(-3)).toEqual(['Recover company', 'Recovered forward?', 'Migration undone']);
    expect(result).toMatchObject({ status: 'FAILED', error: 'MigrationUndone' });
  });

  test('a commit whose answer was lost ends as migrated when the recovery goes forward', async () => {
    const { result } = await migrate({
      'Commit placement': () => fails('States.Timeout'),
      'Recover company': recovered('migrated'),
    });
    expect(result).toMatchObject({ status: 'SUCCEEDED', output: { outcome: 'migrated' } });
  });

  test('debts of the recovery are counted in the cause', async () => {
    const { result } = await migrate({
      'Lock traffic': () => fails('LockRefused'),
      'Recover company': recovered('undone', [{ provider: 'deals', location: TO }]),
    });
    expect(result).toMatchObject({ cause: expect.stringContaining('1 provider(s) of the target') });
  });

  test('a failed hook after the commit is reported when the task is closed', async () => {
    const { result, payloads } = await migrate({ 'Run hook': () => fails('InternalFailure', 'no cache') });
    expect(result?.status).toBe('SUCCEEDED');
    expect(payloads['Close task']?.[0]?.['reported']).toMatchObject([
      { provider: 'deals', status: 'failed' },
    ]);
  });

  test('a transient failure of a worker is tried again under a new attempt', async () => {
    const { result, payloads } = await migrate({
      'Export provider': (_, call) => (call === 1 ? fails('WorkerFailed') : {}),
    });
    expect(result?.status).toBe('SUCCEEDED');
    expect(payloads['Export provider']?.map((payload) => payload['attempt'])).toEqual([1, 1, 2]);
  });

  test('a silent worker ends by its heartbeat, and the whole window by the lock budget', async () => {
    const { visited, payloads } = await migrate({
      'Export provider': 'silence',
      'Recover company': recovered('undone'),
    });
    expect(visited).toContain('Export failed');
    expect(payloads['Recover company']?.[0]?.['Input']).toMatchObject({
      reason: { error: 'States.Timeout' },
    });
  });
});

const RECOVER_INPUT = { task: 'move-1', reason: { error: 'States.Timeout', cause: '' } };
const claimed = {
  proceed: true,
  task: 'move-1',
  company: 'acme',
  epoch: 9,
  holder: 'move-1/r',
  outcome: null,
};
const every = (location: JsonObject) => ['contacts', 'deals'].map((provider) => ({ provider, location }));
const back = { outcome: 'undone', from: FROM, opens: every(FROM), fences: [], erases: every(TO), hooks: [] };
const recover = (answers: Answers = {}) =>
  play('recover', RECOVER_INPUT, 'recover-move-1-x', {
    'Claim company': claimed,
    'Decide direction': back,
    'Close task': { outcome: 'undone', debts: [] },
    ...answers,
  });

describe('recover', () => {
  test('goes back: opens home and unlocks before it erases the target', async () => {
    const { result, visited, payloads } = await recover();
    const steps = visited.filter((name) => !name.startsWith('Begin') && !name.startsWith('For each'));
    expect(steps).toEqual([
      'Claim company',
      'Anything to recover?',
      'Decide direction',
      'Open provider',
      'Open provider',
      'Unlock traffic',
      'Erase provider',
      'Erase provider',
      'Discard exports',
      'Discard exports',
      'Verify erased',
      'Close task',
      'Recovery completed',
    ]);
    expect(payloads['Erase provider']?.[0]).toMatchObject({ epoch: 9, location: TO });
    expect(payloads['Discard exports']?.[0]).toMatchObject({ location: FROM });
    expect(result).toEqual({ status: 'SUCCEEDED', output: { task: 'move-1', outcome: 'undone', debts: [] } });
  });

  test('goes forward by the same path with other lists: fences the source, erases nothing', async () => {
    const hooks = [{ provider: 'deals', location: TO, hook: 'after-migrate' }];
    const way = { ...back, outcome: 'migrated', opens: [], fences: every(FROM), erases: [], hooks };
    const { visited, payloads } = await recover({
      'Decide direction': way,
      'Close task': { outcome: 'migrated', debts: [] },
    });
    expect(visited.filter((name) => name === 'Fence provider')).toHaveLength(2);
    expect(visited).not.toContain('Erase provider');
    expect(payloads['Run hook']?.[0]).toMatchObject({ hook: 'after-migrate', epoch: 9 });
    expect(payloads['Close task']?.[0]).toMatchObject({ outcome: 'migrated' });
  });

  test('a dead provider keeps nobody locked: opens and erases that fail are reported, and the path goes on', async () => {
    const { result, visited, payloads } = await recover({
      'Open provider': () => fails('ProviderUnreachable'),
      'Erase provider': () => fails('ProviderUnreachable'),
      'Close task': { outcome: 'undone', debts: [{ provider: 'deals', location: TO }] },
    });
    expect(visited).toContain('Unlock traffic');
    expect(payloads['Verify erased']?.[0]?.['erases']).toMatchObject([
      { status: 'failed' },
      { status: 'failed' },
    ]);
    expect(payloads['Close task']?.[0]?.['reported']).toHaveLength(2);
    expect(result).toMatchObject({ output: { debts: [{ provider: 'deals', location: TO }] } });
  });

  test('does nothing for a task that is closed, and answers how it had ended', async () => {
    const { result, visited } = await recover({
      'Claim company': { ...claimed, proceed: false, outcome: 'undone' },
    });
    expect(visited.at(-1)).toBe('Nothing to recover');
    expect(result).toMatchObject({ output: { outcome: 'undone' } });
  });

  test.each(['Claim company', 'Decide direction', 'Unlock traffic', 'Verify erased', 'Close task'])(
    '%s refused because a newer recovery took over ends this one quietly',
    async (state) => {
      const { result, visited } = await recover({ [state]: () => fails('TaskClosed') });
      expect(visited.at(-1)).toBe('Taken over');
      expect(result).toEqual({
        status: 'SUCCEEDED',
        output: { task: 'move-1', outcome: 'nothing', debts: [] },
      });
    },
  );

  test('an authority that does not answer is asked again with patience, then the execution fails', async () => {
    const { result, payloads } = await recover({ 'Claim company': () => fails('GatewayUnreachable') });
    expect(payloads['Claim company']).toHaveLength(9);
    expect(result).toMatchObject({ status: 'FAILED', error: 'GatewayUnreachable' });
  });
});
