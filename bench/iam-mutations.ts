import { parseArgs } from 'node:util';
import { DescribeStateMachineCommand, ListStateMachinesCommand } from '@aws-sdk/client-sfn';
import type { Stage } from '../demo/stage.ts';
import { neverAsked } from '../local/iam/never-asked.ts';
import { forget } from './iam/moves.ts';
import { LARGE_STORIES, QUICK_STORIES, type Story, TROUBLED_STORIES, tell } from './iam/stories.ts';
import { keyOf, shortRole, startBench, type Told, tellCounted } from './iam/world.ts';

// Takes each action away from each role, one at a time, in one running world, tells the stories that used it until one
// goes wrong, and prints what happened.
const { values: options } = parseArgs({
  options: {
    /** Also with the stories of large data and of workers in trouble, which take minutes. */
    all: { type: 'boolean', default: false },
    /** Only rights whose `<role> <action>` holds this text. */
    only: { type: 'string', default: '' },
    /** Only stories whose name holds this text. */
    story: { type: 'string', default: '' },
  },
});

/** Longest that a story with a right missing is waited for, and how long after the first call that is refused. */
const PATIENCE_MS = 60_000;
const AFTER_REFUSAL_MS = 15_000;

interface Right {
  readonly roleArn: string;
  readonly action: string;
}

/** Changes every state machine of a role to what it is already: AWS asks for its rights then. */
async function recreateMachines(stage: Stage, roleArn: string): Promise<string | undefined> {
  const region = stage.topology.controlRegion;
  const { stateMachines = [] } = await stage.states.send(new ListStateMachinesCommand({}));
  for (const { stateMachineArn } of stateMachines) {
    const machine = await stage.states.send(new DescribeStateMachineCommand({ stateMachineArn }));
    if (machine.roleArn !== roleArn) continue;
    try {
      const { name = '', definition = '' } = machine;
      stage.cloud.states.putStateMachine({ region, name, roleArn, definition });
    } catch (error) {
      return `the machine is refused: ${(error as Error).message.split('. (')[0]}`;
    }
  }
  return undefined;
}

/** Ends the story some time after a call was refused the right: what still hangs then would only be retried. */
function impatience(stage: Stage, { roleArn, action }: Right): { signal: AbortSignal; end(): void } {
  const controller = new AbortController();
  const before = stage.cloud.iam.refusals(roleArn, action);
  const began = Date.now();
  let refusedAt: number | undefined;
  const timer = setInterval(() => {
    if (stage.cloud.iam.refusals(roleArn, action) > before) refusedAt ??= Date.now();
    const late = refusedAt !== undefined && Date.now() - refusedAt > AFTER_REFUSAL_MS;
    if (late) controller.abort(new Error('refused, and not over within 15 s'));
    else if (Date.now() - began > PATIENCE_MS) controller.abort(new Error('not over within 60 s'));
  }, 100);
  return { signal: controller.signal, end: () => clearInterval(timer) };
}

/** Answers what went wrong without the right; undefined when nothing did. */
async function tellWithout(
  stage: Stage,
  right: Right,
  stories: readonly Story[],
): Promise<string | undefined> {
  const { iam, lambda, regions } = stage.cloud;
  const refusedBefore = iam.refusals(right.roleArn, right.action);
  const give = iam.withhold(right.roleArn, right.action);
  try {
    const refused = await recreateMachines(stage, right.roleArn);
    if (refused) return refused;
    const functions = regions.flatMap((region) => lambda.functions(region));
    const ownFunctions = functions.filter(({ roleArn }) => roleArn === right.roleArn);
    for (const story of stories) {
      forget(stage, (name) => ownFunctions.some((one) => one.name === name));
      const patience = impatience(stage, right);
      const problem = await tell(stage, story, patience.signal).finally(patience.end);
      if (problem) return `${story.name}: ${problem}`;
    }
    const refusals = iam.refusals(right.roleArn, right.action) - refusedBefore;
    return refusals > 0 ? `ended as it should, but ${refusals} calls were refused` : undefined;
  } finally {
    give();
  }
}

const tellRow = ({ roleArn, action }: Right, verdict: string): void =>
  console.log(`${shortRole(roleArn).padEnd(52)} ${action.padEnd(34)} ${verdict}`);

/** One role of each action, then the second of each, and so on: a run that is cut short has seen every action. */
function everyActionFirst<R extends Right>(rights: readonly R[]): R[] {
  const groups = [...Map.groupBy(rights, ({ action }) => action).values()];
  const longest = Math.max(0, ...groups.map(({ length }) => length));
  return Array.from({ length: longest }, (_, i) => groups.flatMap((group) => group.slice(i, i + 1))).flat();
}

const { stage, stop } = await startBench();
try {
  const all = [...QUICK_STORIES, ...(options.all ? [...LARGE_STORIES, ...TROUBLED_STORIES] : [])].filter(
    ({ name }) => name.includes(options.story),
  );
  const rights = [...new Map(stage.cloud.iam.usage().map((right) => [keyOf(right), right])).values()].filter(
    (right) => keyOf(right).includes(options.only) && !neverAsked(right.action),
  );
  const baseline: Told[] = [];
  for (const story of all) {
    const told = await tellCounted(stage, story);
    if (told.problem === undefined) baseline.push(told);
  }
  const isUsed = (right: Right) => baseline.some(({ used }) => used.has(keyOf(right)));
  const [used, unused] = [rights.filter(isUsed), rights.filter((right) => !isUsed(right))];
  let missed = unused.length;
  for (const right of unused) tellRow(right, 'NOTHING FAILED: no story uses it');
  for (const right of everyActionFirst(used)) {
    const users = baseline.filter(({ used }) => used.has(keyOf(right))).sort((a, b) => a.seconds - b.seconds);
    const stories = users.map(({ story }) => story);
    const found = await tellWithout(stage, right, stories);
    if (!found) missed += 1;
    tellRow(right, found ?? 'NOTHING FAILED');
  }
  console.log(
    `${rights.length} rights taken away, ${rights.length - missed} missed by a run, ${missed} by none`,
  );
  process.exitCode = missed > 0 ? 1 : 0;
} finally {
  await stop();
}
