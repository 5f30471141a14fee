import { describe, expect, test } from '@jest/globals';
import { LEASE_MARGIN_SECONDS, OPEN_TIMEOUT_SECONDS } from '@tanker/contract/index.ts';
import { allStates, machineText } from './machine.ts';
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

describe('what a recovery does before it unlocks', () => {
  test.each(['Open provider', 'Fence provider'])(
    '%s ends within the margin of the lease, whoever hangs',
    (state) => {
      const states = [...allStates(JSON.parse(machineText('recover')))];
      const found = states.find(([name]) => name === state)?.[1];
      expect(found?.['TimeoutSeconds']).toContain('OpenTimeoutSeconds');
      const tries = 1 + Number(found?.['Retry'][0].MaxAttempts);
      // Waits of 1 s and 2 s before the two repeats.
      expect(tries * OPEN_TIMEOUT_SECONDS + 3).toBeLessThan(LEASE_MARGIN_SECONDS);
    },
  );
});
