import { parseArgs } from 'node:util';
import { unusedActions } from '../local/iam/usage.ts';
import { LARGE_STORIES, QUICK_STORIES, type Story, TROUBLED_STORIES, tell } from './iam/stories.ts';
import { keyOf, shortRole, startBench } from './iam/world.ts';

// Tells every story in one world and prints the actions that are allowed and that none of them used. The exit status
// is 1 when one of them has no reason, when a story went wrong, or when the time was over before all were told.
const { values: options } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    /** Stories told beside each other; those that take rights away are told alone. */
    beside: { type: 'string', default: '3' },
  },
});

const { stage, stop } = await startBench();
const began = Date.now();
const over = AbortSignal.timeout(Number(options.minutes) * 60_000);
const problems: string[] = [];

async function tellAll(stories: readonly Story[], beside: number): Promise<void> {
  const waiting = [...stories];
  const teller = async () => {
    for (let story = waiting.shift(); story; story = waiting.shift()) {
      const problem = over.aborted ? 'not told: the time was over' : await tell(stage, story, over);
      if (problem) problems.push(`${story.name}: ${problem}`);
      const seconds = ((Date.now() - began) / 1000).toFixed(0).padStart(5);
      console.error(`${seconds} s  ${story.name}: ${problem ?? 'as it should be'}`);
    }
  };
  await Promise.all(Array.from({ length: beside }, teller));
}

try {
  await tellAll([...QUICK_STORIES, ...LARGE_STORIES], Number(options.beside));
  await tellAll(TROUBLED_STORIES, 1);
  const rights = stage.cloud.iam.usage();
  const unused = unusedActions(rights);
  const withoutReason = unused.filter(({ reason }) => reason === undefined);
  const roles = new Set(rights.map(({ roleArn }) => roleArn)).size;
  console.log(`${new Set(rights.map(keyOf)).size} actions of ${roles} roles`);
  for (const [reason, group] of Map.groupBy(unused, ({ reason }) => reason ?? '')) {
    if (reason) console.log(`${String(group.length).padStart(4)} not to be seen here: ${reason}`);
  }
  console.log(`${String(withoutReason.length).padStart(4)} unused without a reason`);
  for (const { roleArn, action } of withoutReason) console.log(`     ${shortRole(roleArn)}  ${action}`);
  for (const problem of problems) console.log(`A story went wrong: ${problem}`);
  process.exitCode = withoutReason.length + problems.length > 0 ? 1 : 0;
} finally {
  await stop();
}
