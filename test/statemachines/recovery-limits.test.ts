import { describe, expect, test } from '@jest/globals';
import { fails, play } from './play.ts';

const FROM = { datacenter: 'us', server: 'db1' };
const TO = { datacenter: 'eu', server: 'db1' };
const INPUT = { task: 'move-1', company: 'acme', to: { datacenter: 'eu' }, requestedBy: 'me', reason: 'law' };
const holder = 'move-1/move-1';

describe('what a failed migration says of its recovery', () => {
  test('nothing of the company when another recovery has taken the task over', async () => {
    const { result } = await play('migrate', INPUT, 'move-1', {
      'Open task': { refusal: null, task: 'move-1', company: 'acme', holder, checks: [] },
      'Plan migration': {
        ...{ refusal: null, epoch: 4, holder, from: FROM, to: TO, planned: null },
        ...{ providers: [], waves: [], afterMigrateHooks: [] },
      },
      'Prepare workers': () => fails('WorkerFailed'),
      'Recover company': { Output: { task: 'move-1', outcome: 'nothing', debts: [] }, Status: 'SUCCEEDED' },
    });
    expect(result).toMatchObject({ status: 'FAILED', error: 'TaskClosed' });
    expect(result).toMatchObject({ cause: expect.not.stringContaining('at its source') });
  });
});
