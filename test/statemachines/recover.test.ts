import { describe, expect, test } from '@jest/globals';
import { every, FROM, steps, TO } from './fixtures.ts';
import { type Answers, fails, play } from './play.ts';

const RECOVER_INPUT = { task: 'move-1', reason: { error: 'States.Timeout', cause: '' } };
const claimed = {
  proceed: true,
  task: 'move-1',
  company: 'acme',
  epoch: 9,
  holder: 'move-1/r',
  outcome: null,
};
const back = {
  outcome: 'undone',
  opens: every(FROM),
  fences: [],
  erases: every(TO),
  discards: every(FROM).slice(0, 1),
  hooks: [],
};
const recover = (answers: Answers = {}) =>
  play('recover', RECOVER_INPUT, 'recover-move-1-x', {
    'Claim company': claimed,
    'Decide direction': back,
    'Verify erased': { clean: 2, left: 0, incomplete: false, debts: [] },
    'Close task': { outcome: 'undone', debts: [] },
    ...answers,
  });

describe('recover', () => {
  test('goes back: opens home and unlocks before it erases the target', async () => {
    const { result, visited, payloads } = await recover();
    expect(steps({ visited })).toEqual([
      'Claim company',
      'Decide direction',
      'Open provider',
      'Open provider',
      'Unlock traffic',
      'Erase provider',
      'Erase provider',
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
    const way = {
      ...back,
      outcome: 'migrated',
      opens: [],
      fences: every(FROM),
      erases: [],
      discards: [],
      hooks,
    };
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
    expect(visited).toContain('Verify erased');
    expect(payloads['Close task']?.[0]?.['reported']).toMatchObject([
      { status: 'failed', provider: 'contacts', location: FROM },
      { status: 'failed', provider: 'deals', location: FROM },
      { status: 'succeeded', location: FROM },
    ]);
    expect(result).toMatchObject({ output: { debts: [{ provider: 'deals', location: TO }] } });
  });

  test('leaves a removal open while something is left', async () => {
    const way = { ...back, outcome: 'removed', opens: [], discards: [] };
    const { result, visited } = await recover({
      'Decide direction': way,
      'Verify erased': { clean: 1, left: 1, incomplete: true, debts: [] },
    });
    expect(visited.at(-1)).toBe('Removal incomplete');
    expect(visited).not.toContain('Close task');
    expect(result).toEqual({
      status: 'SUCCEEDED',
      output: { task: 'move-1', outcome: 'incomplete', debts: [] },
    });
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
