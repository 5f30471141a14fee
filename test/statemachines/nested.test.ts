import { describe, expect, test } from '@jest/globals';
import { every, FROM, LOCK, PLAN, PROVIDERS, REFUSAL, steps, TASK, TO } from './fixtures.ts';
import { type Answers, fails, play } from './play.ts';

const holder = `${TASK}/${TASK}`;
const opened = { refusal: null, task: TASK, company: 'acme', holder, checks: [...every(FROM), ...every(TO)] };
const ORDER = {
  operation: 'migrate',
  executionName: TASK,
  executionArn: 'arn:aws:states:eu-west-1:123456789012:execution:tanker-migrate:task-1',
  startedAt: '2026-03-01T10:00:00Z',
  input: { task: TASK },
};

describe('plan', () => {
  const plan = (answers: Answers = {}) =>
    play('plan', ORDER, `migrate-${TASK}`, { 'Open task': opened, 'Plan task': PLAN, ...answers });

  test('asks every provider that was named, then decides, and answers the plan to its operation', async () => {
    const played = await plan();
    expect(steps(played)).toEqual([
      'Open task',
      ...Array(4).fill('Describe provider'),
      'Plan task',
      'Task planned',
    ]);
    expect(played.payloads['Open task']?.[0]).toEqual(ORDER);
    expect(played.payloads['Plan task']?.[0]).toMatchObject({
      task: TASK,
      company: 'acme',
      executionName: TASK,
    });
    expect(played.result).toEqual({ status: 'SUCCEEDED', output: PLAN });
  });

  test('answers the refusal of a task that could not be opened, and asks nobody', async () => {
    const { result, visited } = await plan({ 'Open task': { ...opened, refusal: REFUSAL } });
    expect(visited).toEqual(['Open task', 'Task opened?', 'Task refused']);
    expect(result).toMatchObject({
      status: 'SUCCEEDED',
      output: { refusal: REFUSAL, epoch: 0, providers: [] },
    });
  });

  test('a provider that can not be asked is told to the function that plans, which decides', async () => {
    const { payloads } = await plan({ 'Describe provider': () => fails('ContractUnsupported', 'old') });
    expect(payloads['Plan task']?.[0]?.['describes']).toMatchObject([
      { provider: 'contacts', location: FROM, status: 'failed', error: 'ContractUnsupported', cause: 'old' },
      { provider: 'deals', location: FROM, status: 'failed' },
      { provider: 'contacts', location: TO, status: 'failed' },
      { provider: 'deals', location: TO, status: 'failed' },
    ]);
  });
});

describe('slice', () => {
  const input = { task: TASK, company: 'acme', epoch: 4, holder, from: FROM, providers: PROVIDERS };
  const slice = (answers: Answers = {}, given: typeof input = input) =>
    play('slice', given, TASK, {
      'Prepare workers': { environments: 9, starting: 0 },
      'Lock traffic': LOCK,
      ...answers,
    });

  test('locks, drains, exports and verifies, and answers the grant under which the operation goes on', async () => {
    const played = await slice();
    expect(played.visited).toEqual([
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
      'Slice taken',
    ]);
    expect(played.payloads['Export provider']?.[0]).toMatchObject({
      epoch: 4,
      holder,
      grant: 3,
      location: FROM,
    });
    const output = { grant: LOCK.grant, deadlineMillis: LOCK.deadlineMillis };
    expect(played.result).toEqual({ status: 'SUCCEEDED', output });
  });

  test('takes a company with a single provider', async () => {
    const played = await slice({}, { ...input, providers: ['contacts'] });
    expect(played.result?.status).toBe('SUCCEEDED');
    expect(played.payloads['Drain provider']).toHaveLength(1);
  });

  test('waits for Fargate workers before it locks', async () => {
    const played = await slice({
      'Prepare workers': (_, call) => ({ environments: 0, starting: call === 1 ? 2 : 0 }),
    });
    expect(steps(played).slice(0, 4)).toEqual([
      'Prepare workers',
      'Wait for workers',
      'Prepare workers',
      'Lock traffic',
    ]);
  });

  test.each([
    ['Drain provider', 'Drain failed'],
    ['Export provider', 'Export failed'],
  ])('%s failing at one provider lets the others end, then fails with its name', async (state, failed) => {
    const { result, visited, payloads } = await slice({
      [state]: (payload) =>
        payload['provider'] === 'contacts' ? fails('ChecksumMismatch', 'bytes differ') : {},
    });
    expect(visited.at(-1)).toBe(failed);
    expect(payloads[state]).toHaveLength(2);
    expect(result).toMatchObject({
      status: 'FAILED',
      error: 'ChecksumMismatch',
      cause: expect.stringMatching(/contacts at us\/db1.*bytes differ/),
    });
  });

  test('a transient failure of a worker is tried again under a new attempt', async () => {
    const { result, payloads } = await slice({
      'Export provider': (_, call) => (call === 1 ? fails('WorkerFailed') : {}),
    });
    expect(result?.status).toBe('SUCCEEDED');
    expect(payloads['Export provider']?.map((payload) => payload['attempt'])).toEqual([1, 1, 2]);
  });

  test('a silent worker ends by its heartbeat, and the whole window by the lock budget', async () => {
    const { result, visited } = await slice({ 'Export provider': 'silence' });
    expect(visited).toContain('Export failed');
    expect(result).toMatchObject({ status: 'FAILED', error: 'States.Timeout' });
  });
});
