import { DescribeStateMachineCommand, ListStateMachinesCommand } from '@aws-sdk/client-sfn';
import type { Stage } from '../../demo/stage.ts';
import { forget } from './move.ts';
import { type Right, rightsOf } from './rights.ts';
import { STORIES } from './stories/index.ts';
import { tell } from './world.ts';

/** Longest that a story is waited for, and how long after the first call that is refused. */
const PATIENCE_MS = 60_000;
const AFTER_REFUSAL_MS = 10_000;
const LOOK_EVERY_MS = 100;

/** Waits for minutes in which it does nothing, before its right is used. */
const waits = ({ story }: Right): boolean => story === 'a recovery that cannot be started';
const WAITS_MS = 300_000;

/**
 * Ends a story some time after a call was refused: what still hangs then is only tried again and again, or waited for.
 */
function impatience(stage: Stage, right: Right): { signal: AbortSignal; end(): void } {
  const { roleArn, action } = right;
  const controller = new AbortController();
  const patience = waits(right) ? WAITS_MS : PATIENCE_MS;
  const before = stage.cloud.iam.refusals(roleArn, action);
  const began = Date.now();
  let refusedAt: number | undefined;
  const timer = setInterval(() => {
    if (stage.cloud.iam.refusals(roleArn, action) > before) refusedAt ??= Date.now();
    const late = refusedAt !== undefined && Date.now() - refusedAt > AFTER_REFUSAL_MS;
    const seconds = (late ? AFTER_REFUSAL_MS : patience) / 1000;
    const since = late ? ' after the call was refused' : '';
    if (late || Date.now() - began > patience)
      controller.abort(new Error(`not as it should be within ${seconds} s${since}`));
  }, LOOK_EVERY_MS);
  return { signal: controller.signal, end: () => clearInterval(timer) };
}

/** Changes the machine of a role to what it is already: AWS asks for some of its rights then. */
async function changeMachine(stage: Stage, roleArn: string): Promise<string | undefined> {
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

/** What a role's functions remember (secrets above all) is read anew. */
function forgetRole(stage: Stage, roleArn: string): void {
  for (const region of stage.cloud.regions) {
    for (const { name, roleArn: own } of stage.cloud.lambda.functions(region)) {
      if (own === roleArn) forget(stage, { region, functionName: name });
    }
  }
}

/** Answers what went wrong without the right; undefined when nothing did. */
async function tellWithout(stage: Stage, right: Right): Promise<string | undefined> {
  const { roleArn, action, story } = right;
  if (story === undefined) return undefined;
  const give = stage.cloud.iam.withhold(roleArn, action);
  const patience = impatience(stage, right);
  try {
    const refused = await changeMachine(stage, roleArn);
    if (refused) return refused;
    forgetRole(stage, roleArn);
    const problem = await tell(stage, { ...right, story: STORIES[story], signal: patience.signal });
    return problem && `${story}: ${problem}`;
  } finally {
    patience.end();
    give();
  }
}

/**
 * Takes each right away, one at a time in each direction of moves: what only companies of one direction meet is missed
 * by no story of the other. What both meet comes last, by itself.
 */
export async function takeAllAway(
  stage: Stage,
  only: string,
  say: (line: string) => void,
): Promise<{ taken: number; noticed: number }> {
  const rights = (await rightsOf(stage)).filter(({ name, action }) => `${name} ${action}`.includes(only));
  let noticed = 0;
  const began = Date.now();
  const lane = async (some: readonly Right[]) => {
    for (const right of some) {
      const found = await tellWithout(stage, right);
      if (found) noticed += 1;
      const at = ((Date.now() - began) / 1000).toFixed(0).padStart(5);
      const verdict = found ?? `UNNOTICED: ${right.story ?? 'no story'}`;
      say(`${at} s  ${right.name.padEnd(24)} ${right.action.padEnd(34)} ${verdict}`);
    }
  };
  const others = rights.filter((right) => !right.oneWay && !waits(right));
  const minutes = lane(rights.filter(waits));
  await Promise.all(
    (['us', 'eu'] as const).map((home) =>
      lane(rights.filter((right) => right.oneWay && right.home === home)),
    ),
  );
  await lane(others);
  await minutes;
  return { taken: rights.length, noticed };
}
