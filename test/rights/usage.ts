import type { Action, TaskOperation } from '@tanker/contract/index.ts';
import type { Stage } from '../../demo/stage.ts';
import type { DatacenterKey } from '../../demo/world/topology.ts';
import { unusedActions } from '../../local/iam/usage.ts';
import { type Right, rightsOf } from './rights.ts';
import { STORIES, type StoryName } from './stories/index.ts';
import { SHOWN_ELSEWHERE } from './uses.ts';
import { tell } from './world.ts';

/** Longest story: Lambda's two repeats of an event take 180 s; the rest is for busy machines. */
const PATIENCE_MS = 420_000;

/** A story as it has to be told for a right. */
interface Order {
  readonly story: StoryName;
  readonly home: DatacenterKey;
  readonly agent: Action;
  readonly operation: TaskOperation;
}

const textOf = ({ story, home, agent, operation }: Order): string => {
  const about = story.startsWith('the agent')
    ? ` (${agent})`
    : story.startsWith('the machine')
      ? ` (${operation})`
      : '';
  return `${story}${about}, from ${home}`;
};

/** What a run of all stories has shown. */
export interface UsageFound {
  /** Rights that no story used and that have no reason, as `<caller> <action>`. */
  readonly unused: readonly string[];
  /** Stories that went wrong. */
  readonly problems: readonly string[];
  /** All of it for people. */
  readonly text: string;
}

/** The stories that the rights name, each once for each agent and direction. */
function ordersOf(rights: readonly Right[]): Order[] {
  const orders = new Map<string, Order>();
  for (const { story, home, agent, operation } of rights) {
    if (story === undefined) continue;
    const order = { story, home, agent, operation };
    orders.set(textOf(order), order);
  }
  return [...orders.values()];
}

/** Stories that take a right away for a moment: what else works in that role then fails. */
const disturbs = ({ story, agent }: Order): boolean =>
  story === 'the agent fails' && (agent === 'describe' || agent === 'drain' || agent === 'discard');

/** Waits for minutes in which it does nothing. */
const waits = ({ story }: Order): boolean => story === 'a recovery that cannot be started';

/**
 * Tells every story that the table of uses names, and looks which rights nobody has used. Companies that move one way
 * are told of beside those that move the other way: they meet different agents.
 */
export async function tellEveryStory(
  stage: Stage,
  { only = '', say = () => {} }: { only?: string; say?: (line: string) => void } = {},
): Promise<UsageFound> {
  const rights = await rightsOf(stage);
  const orders = ordersOf(rights).filter((order) => textOf(order).includes(only));
  const problems: string[] = [];
  const began = Date.now();
  const lane = async (some: readonly Order[]) => {
    for (const order of some) {
      const from = Date.now();
      const signal = AbortSignal.timeout(PATIENCE_MS);
      const problem = await tell(stage, { ...order, story: STORIES[order.story], signal });
      if (problem) problems.push(`${textOf(order)}: ${problem}`);
      const [at, took] = [from - began, Date.now() - from].map((ms) => (ms / 1000).toFixed(1).padStart(6));
      say(`${at} s +${took} s  ${textOf(order)}: ${problem ?? 'as it should be'}`);
    }
  };
  const beside = orders.filter((order) => !disturbs(order) && !waits(order));
  await Promise.all([
    lane(orders.filter(waits)),
    lane(beside.filter(({ home }) => home === 'us')),
    lane(beside.filter(({ home }) => home === 'eu')),
  ]);
  await lane(orders.filter(disturbs));
  return report(stage, rights, problems);
}

function report(stage: Stage, rights: readonly Right[], problems: readonly string[]): UsageFound {
  const used = new Set(
    stage.cloud.iam
      .usage()
      .filter(({ uses }) => uses > 0)
      .map(({ roleArn, action }) => `${roleArn} ${action}`),
  );
  const nameOf = ({ name, action }: Right) => `${name} ${action}`;
  const unused = rights.filter(({ roleArn, action }) => !used.has(`${roleArn} ${action}`)).map(nameOf);
  const unlisted = rights.filter(({ story }) => story === undefined).map(nameOf);
  const never = unusedActions(stage.cloud.iam.usage()).flatMap(({ reason }) => reason ?? []);
  const reasons = Map.groupBy([...never, ...Object.values(SHOWN_ELSEWHERE)], (reason) => reason);
  const roles = new Set(rights.map(({ roleArn }) => roleArn)).size;
  const text = [
    `${rights.length} actions of ${roles} roles can be seen in use here; ${unused.length} were not`,
    ...unused.map((one) => `  ${one}`),
    ...unlisted.map((one) => `On no line of the table of uses: ${one}`),
    ...[...reasons].map(([reason, all]) => `${String(all.length).padStart(4)} can't be seen here: ${reason}`),
    ...problems.map((problem) => `A story went wrong: ${problem}`),
  ].join('\n');
  return { unused, problems, text };
}
