import { expect, test } from '@jest/globals';
import { expectMigrated } from './expectations.ts';
import { moveInput, newMover, startMove } from './moves.ts';
import { theStage } from './stage.ts';

/**
 * AWS's own numbers are far above one migration's calls. A Map enters the first state of all its iterations, one for
 * each provider, at once: a burst below their number delays some of them however slow the machine is.
 */
const LOW = {
  StateTransition: { burst: 3, perSecond: 12 },
  'states:SendTaskSuccess': { burst: 2, perSecond: 5 },
};

// Not beside the others: throttles hold for the whole cloud. Source of what they do: Step Functions service quotas.
test('a company moves under throttles: states wait their turn, refused calls are tried again', async () => {
  const stage = await theStage();
  const { throttles } = stage.cloud;
  const mover = await newMover(stage, 'throttled');
  throttles.set({ enabled: true, limits: LOW });
  try {
    await startMove(stage, moveInput(mover.company));
    await expectMigrated(mover);
    expect(Object.keys(throttles.counts())).toContain(`StateTransition ${stage.topology.controlRegion}`);
  } finally {
    throttles.set({ enabled: false });
  }
});
