import { parseArgs } from 'node:util';
import { tellEveryStory } from './iam/usage.ts';
import { startBench } from './iam/world.ts';

// Tells every story in one world and prints the actions that are allowed and that none of them used. The exit status
// is 1 when one of them has no reason, or when a story went wrong.
const { values: options } = parseArgs({
  options: {
    /** Only stories whose name holds this text. */
    story: { type: 'string', default: '' },
  },
});

const { stage, stop } = await startBench();
try {
  const found = await tellEveryStory(stage, { only: options.story, say: console.error });
  console.log(found.text);
  process.exitCode = found.unused.length + found.problems.length > 0 ? 1 : 0;
} finally {
  await stop();
}
