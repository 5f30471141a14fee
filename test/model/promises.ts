import { held } from './authority.ts';
import {
  isSite,
  NO_ROWS,
  PLACES,
  PROVIDERS,
  placeOf,
  placesOf,
  RECOVERIES,
  type Rows,
  SITES,
  siteOf,
  TASKS,
  type Task,
  type World,
} from './state.ts';
import type { Play } from './steps.ts';

export type PromiseId = 'P1' | 'P2' | 'P3' | 'P4' | 'P5' | 'P6' | 'P7' | 'P8' | 'P9' | 'P11';

/** A promise as a condition on every world that can be reached: how it is broken, or undefined. */
type Condition = (world: World, play: Play) => string | undefined;

const openTasks = (world: World): readonly Task[] =>
  TASKS.filter((task) => world.records[task].state === 'open');

const committed = ({ authority }: World, task: Task): boolean =>
  authority.commits.some((commit) => commit.task === task);

const lacks = (rows: Rows, holding: Rows): boolean => (rows & ~holding) !== 0;

/** Two reads of one home: a write is accepted only where the company lives. */
const oneHome: Condition = ({ acknowledged }) =>
  acknowledged.astray === NO_ROWS ? undefined : 'a write was accepted where the company does not live';

/** What was acknowledged is in the home copy, or waits there as a message. */
const nothingLost: Condition = ({ authority: { home }, acknowledged, providers, queues }) => {
  if (!isSite(home)) return undefined;
  const waits = queues[home].pending;
  const index = PROVIDERS.find((one) =>
    lacks(acknowledged.rows[one], providers[placeOf(home, one)].rows | (one === 0 ? waits : NO_ROWS)),
  );
  return index === undefined ? undefined : `${placeOf(home, index)} is home and lacks an acknowledged write`;
};

/** What came too late for a move is still somewhere: evidence is not erased unseen. */
const nothingLateErased: Condition = ({ authority, acknowledged, providers, queues }) => {
  if (!isSite(authority.home)) return undefined;
  const kept = SITES.reduce(
    (all, site) => all | queues[site].pending | providers[placeOf(site, 0)].rows,
    NO_ROWS,
  );
  return lacks(acknowledged.late, kept) ? 'a message that came late was erased unseen' : undefined;
};

/** Whether another task has come to use what this one was to leave empty. */
const usedByAnother = (world: World, task: Task): boolean =>
  TASKS.some((other) => {
    const { plan, epoch } = world.records[other];
    return other !== task && epoch > 0 && plan?.to === world.records[task].plan?.to;
  });

/** A task that did not reach its commit point has committed nothing, and leaves nothing but debts on record. */
const undoneLeavesNothing: Condition = (world) => {
  for (const task of TASKS) {
    const { state, outcome, plan, debts } = world.records[task];
    if (state !== 'closed' || outcome === 'done') continue;
    if (committed(world, task)) return `${task} is closed as ${outcome}, and its commit was made`;
    if (world.fallback?.givenUpBy === task)
      return `${task} is closed as ${outcome}, and gave the fallback copy up`;
    if (outcome !== 'undone' || !plan || !isSite(plan.to) || plan.to === plan.from) continue;
    if (plan.to === world.authority.home || usedByAnother(world, task)) continue;
    const left = placesOf(plan.to).find((place) => {
      const { rows, staging } = world.providers[place];
      return (rows | staging) !== NO_ROWS && !debts.includes(place);
    });
    if (left) return `${task} is closed as undone, and ${left} holds rows of it`;
  }
  return undefined;
};

/** A recovery that ends as taken over has been taken over: else nobody goes on with its task. */
const takenOverBySomebody: Condition = ({ executions, records, row }) => {
  const name = RECOVERIES.find((one) => {
    const { state, task } = executions[one];
    return (
      state === 'refused' &&
      task !== '' &&
      records[task].state === 'open' &&
      row.task === task &&
      row.holder === one
    );
  });
  return name && `${name} ended as taken over, and nobody has taken over`;
};

/** No task uses a location at which another one owes an erase. */
const debtsBlock: Condition = (world) => {
  const using = openTasks(world).find((task) => {
    const { plan } = world.records[task];
    const { state, phase } = world.executions[task];
    const begun = state === 'running' && phase !== 'plan' && phase !== 'take' && phase !== 'claim';
    const owed = TASKS.flatMap((other) => (other === task ? [] : world.records[other].debts));
    return begun && owed.some((place) => siteOf(place) === plan?.to);
  });
  return using && `${using} uses ${world.records[using].plan?.to}, where a debt stands on record`;
};

/** The home copy shows nothing that customers did not write there, or have deleted. */
const noGhosts: Condition = ({ authority: { home }, acknowledged, providers }) => {
  if (!isSite(home)) return undefined;
  const index = PROVIDERS.find((one) =>
    lacks(providers[placeOf(home, one)].rows, acknowledged.rows[one] | acknowledged.late),
  );
  return index === undefined ? undefined : `${placeOf(home, index)} is home and shows rows that nobody wrote`;
};

/** A lock stands for a task. A table that was set back knows none; the lease ends that lock. */
const noOrphanLock: Condition = (world, { bounds }) =>
  held(world.authority) && openTasks(world).length === 0 && !bounds.events.setBacks
    ? 'the company is locked and no task is open'
    : undefined;

/** One task holds the company. */
const oneTask: Condition = (world) => {
  const holding = openTasks(world).filter((task) => world.records[task].epoch > 0);
  return holding.length > 1 ? `${holding.join(' and ')} hold the company at once` : undefined;
};

/** An import is visible whole or not at all. */
const wholeOrNothing: Condition = (world, { operationOf }) => {
  for (const task of openTasks(world)) {
    const { plan, exported } = world.records[task];
    if (operationOf[task] !== 'migrate' || !plan || !isSite(plan.to) || committed(world, task)) continue;
    const { to } = plan;
    const half = PROVIDERS.find((index) => {
      const { rows } = world.providers[placeOf(to, index)];
      const whole = exported[index].rows;
      return rows !== NO_ROWS && rows !== whole && !lacks(rows, whole);
    });
    if (half !== undefined) return `half of an import is visible at ${placeOf(to, half)}`;
  }
  return undefined;
};

/** A backup is one instant: with a write it holds every one that was acknowledged before. */
const backupIsOneInstant: Condition = ({ backup, acknowledged }) => {
  if (backup === null) return undefined;
  const newest = 31 - Math.clz32(backup.objects[0] | backup.objects[1]);
  const upTo = (1 << (newest + 1)) - 1;
  return PROVIDERS.some((index) => lacks(acknowledged.rows[index] & upTo, backup.objects[index]))
    ? 'the backup holds a write and lacks one that was acknowledged before it'
    : undefined;
};

/** Rows of other companies stay what they are. */
const neighboursUntouched: Condition = ({ providers }) => {
  const place = PLACES.find((one) => providers[one].neighbour === 'overwritten');
  return place && `a row of another company at ${place} was overwritten`;
};

/** Inside its window a backup can be restored: it is what its record promises, and of a removed company it is all. */
const backupWorks: Condition = ({ backup, authority, acknowledged }) => {
  if (backup === null) return undefined;
  const { promised, objects } = backup;
  if (PROVIDERS.some((index) => promised[index] !== objects[index]))
    return 'the backup is not what its record promises';
  return authority.home === 'removed' &&
    PROVIDERS.some((index) => lacks(acknowledged.rows[index], objects[index]))
    ? 'the company is removed, and its backup lacks an acknowledged write'
    : undefined;
};

/** The fallback copy is whole until the cleanup of its own move gives it up. */
const fallbackIsKept: Condition = ({ fallback, authority, providers, records }) => {
  if (fallback === null || !isSite(authority.home)) return undefined;
  const { state, site, rows, version, givenUpBy } = fallback;
  if (state === 'given-up') {
    const entitled = givenUpBy !== '' && records[givenUpBy].plan?.version === version;
    return entitled ? undefined : 'the cleanup of an earlier move gave the fallback copy up';
  }
  const index = PROVIDERS.find((one) => lacks(rows[one], providers[placeOf(site, one)].rows));
  return index === undefined
    ? undefined
    : `the fallback copy is promised, and ${placeOf(site, index)} lacks rows of it`;
};

/** Erased is final; and what is gone, and not a debt, is gone everywhere once the task has closed. */
const goneIsGone: Condition = (world) => {
  const { home, commits } = world.authority;
  if (home !== 'erased' && commits.some((commit) => commit.home === 'erased'))
    return 'a company that was erased for good is back';
  if (isSite(home) || openTasks(world).length > 0) return undefined;
  const owed = TASKS.flatMap((task) => world.records[task].debts);
  const place = PLACES.find((one) => world.providers[one].rows !== NO_ROWS && !owed.includes(one));
  return place && `the company is ${home}, no task is open, and ${place} holds rows`;
};

/** What is closed as done was committed, and by this task. */
const statusIsTrue: Condition = (world, { operationOf }) => {
  const task = TASKS.find((one) => {
    const { state, outcome } = world.records[one];
    const atAuthority = operationOf[one] !== 'backup' && operationOf[one] !== 'cleanup';
    return state === 'closed' && outcome === 'done' && atAuthority && !committed(world, one);
  });
  return task && `${task} is closed as done, and the commit was not its own`;
};

/** The conditions of each promise, as far as the model holds it. */
export const PROMISES: readonly (readonly [PromiseId, Condition])[] = [
  ['P1', oneHome],
  ['P9', goneIsGone],
  ['P2', nothingLost],
  ['P2', nothingLateErased],
  ['P3', undoneLeavesNothing],
  ['P3', takenOverBySomebody],
  ['P3', debtsBlock],
  ['P4', noGhosts],
  ['P5', noOrphanLock],
  ['P6', oneTask],
  ['P7', wholeOrNothing],
  ['P7', backupIsOneInstant],
  ['P8', neighboursUntouched],
  ['P9', backupWorks],
  ['P9', fallbackIsKept],
  ['P11', statusIsTrue],
];

/** When nothing more happens by itself: no task is left open, the lock has ended, and home is open to its customers. */
const endsWell: Condition = (world) => {
  const { left, authority, providers } = world;
  const open = openTasks(world);
  if (open.length > 0 && left.recoveries > 0)
    return `${open.join(' and ')} stays open, and nobody works on it`;
  if (held(authority)) return left.leaseEnds > 0 ? 'the company stays locked' : undefined;
  if (!isSite(authority.home)) return undefined;
  const closed = placesOf(authority.home).find((place) => providers[place].closing !== 0);
  return closed && `the company is unlocked, and ${closed} stays closed to its customers`;
};

/** What must be true in the end; a search that ran out of recoveries or lease ends has not seen the end. */
export const IN_THE_END: readonly (readonly [PromiseId, Condition])[] = [['P5', endsWell]];
