import { Command } from 'commander';
import { takeAllAway } from './mutations.ts';
import { startBench } from './world.ts';

const command = new Command('npm run iam-mutations --')
  .description(
    'Takes each action away from each role, one at a time, tells the shortest story that is known to need it, and prints what went wrong: about half an hour. The exit status is 1 when a right is missed by nobody.',
  )
  .option('--only <text>', 'only rights whose "<caller> <action>" holds this text, such as "eu erase"', '')
  .parse();
const options = command.opts<{ only: string }>();

const { stage, stop } = await startBench();
try {
  const { taken, noticed } = await takeAllAway(stage, options.only, console.log);
  console.log(`${taken} taken away, ${noticed} noticed, ${taken - noticed} unnoticed`);
  process.exitCode = noticed < taken ? 1 : 0;
} finally {
  await stop();
}
