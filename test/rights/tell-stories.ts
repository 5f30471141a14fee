import { Command } from 'commander';
import { tellEveryStory } from './usage.ts';
import { startBench } from './world.ts';

const command = new Command('npm run iam-usage --')
  .description(
    'Tells every story in one world and prints the actions that are allowed and that none of them used. The exit status is 1 when there is one without a reason, or when a story went wrong.',
  )
  .option('--story <text>', 'only stories whose name holds this text', '')
  .parse();
const options = command.opts<{ story: string }>();

const { stage, stop } = await startBench();
try {
  const found = await tellEveryStory(stage, { only: options.story, say: console.error });
  console.log(found.text);
  process.exitCode = found.unused.length + found.problems.length > 0 ? 1 : 0;
} finally {
  await stop();
}
