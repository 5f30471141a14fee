import { parseArgs } from 'node:util';
import { takeAllAway } from './iam/mutations.ts';
import { startBench } from './iam/world.ts';

// Takes each action away from each role, one at a time, tells the shortest story that is known to need it, and prints
// what went wrong. The exit status is 1 when a right is missed by nobody.
const { values: options } = parseArgs({
  options: {
    /** Only rights whose `<caller> <action>` holds this text. */
    only: { type: 'string', default: '' },
  },
});

const { stage, stop } = await startBench();
try {
  const { taken, noticed } = await takeAllAway(stage, options.only, console.log);
  console.log(`${taken} taken away, ${noticed} noticed, ${taken - noticed} unnoticed`);
  process.exitCode = noticed < taken ? 1 : 0;
} finally {
  await stop();
}
