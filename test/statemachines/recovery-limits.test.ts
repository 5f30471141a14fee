import { describe, expect, test } from '@jest/globals';
import { LEASE_MARGIN_SECONDS, OPEN_TIMEOUT_SECONDS } from '@tanker/contract/index.ts';
import { allStates, machineText } from './machine.ts';

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
