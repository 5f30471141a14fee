import { LARGE_STORIES, QUICK_STORIES, TROUBLED_STORIES } from './iam/stories.ts';
import { keyOf, shortRole, startBench, tellCounted, unusedOf } from './iam/world.ts';

// Tells every story in one world and prints the actions that are allowed and that none of them used. The exit status
// is 1 when one of them has no reason.
const { stage, stop } = await startBench();
try {
  const used: ReadonlySet<string>[] = [
    new Set(
      stage.cloud.iam
        .usage()
        .filter(({ uses }) => uses > 0)
        .map(keyOf),
    ),
  ];
  const problems: string[] = [];
  for (const story of [...QUICK_STORIES, ...LARGE_STORIES, ...TROUBLED_STORIES]) {
    const told = await tellCounted(stage, story);
    used.push(told.used);
    if (told.problem) problems.push(`${story.name}: ${told.problem}`);
  }
  const rights = stage.cloud.iam.usage();
  const unused = unusedOf(rights, used);
  const withoutReason = unused.filter(({ reason }) => reason === undefined);
  const actions = new Set(rights.map(keyOf)).size;
  console.log(`${actions} actions of ${new Set(rights.map(({ roleArn }) => roleArn)).size} roles`);
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
