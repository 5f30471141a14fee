import {
  formatHolder,
  type Location,
  type OpenTaskResult,
  type PlanTaskResult,
  type SubtaskStatus,
  type TaskOperation,
} from '@tanker/contract/index.ts';
import { claimCompany } from '../../core/control/claim-company.ts';
import { closeTask } from '../../core/control/close-task.ts';
import { commitPlacement } from '../../core/control/commit-placement.ts';
import { lockTraffic, unlockTraffic } from '../../core/control/lock-traffic.ts';
import { openTask } from '../../core/control/open-task.ts';
import { planTask } from '../../core/control/plan-task.ts';
import { verifyTarget } from '../../core/control/verify-target.ts';
import type { Actor } from '../../core/ports.ts';
import {
  type ControlWorld,
  describeResult,
  exportResult,
  importResult,
  SOURCE,
  sealResult,
  settle,
  TARGET,
} from './control-world.ts';

export const PROVIDERS = ['contacts', 'deals'];

/** Whose task it is. */
export interface At {
  readonly company: string;
  readonly task: string;
}

let count = 0;
/** Task ids and company ids that no other test has. */
export const newTask = (company = `client-${count + 1}`): At => {
  count += 1;
  return { company, task: `task-${count}` };
};

/** A company of its own, living at the source. */
export function newCompany(world: ControlWorld, jurisdictions?: readonly string[]): At {
  const at = newTask();
  world.store.signUp(at.company, SOURCE, jurisdictions);
  return at;
}

/** What each operation's input has beside whose task it is. */
const OWN_INPUT: Readonly<Record<TaskOperation, object>> = {
  migrate: { to: { datacenter: 'eu' } },
  backup: {},
  restore: { to: { datacenter: 'eu' } },
  remove: {},
  cleanup: { at: { datacenter: 'us' } },
};

export interface Order {
  readonly operation?: TaskOperation;
  /** Without it a new company signs up. */
  readonly at?: At;
  readonly input?: object;
  /** What a provider answers otherwise than `describeResult`. */
  readonly answers?: (provider: string, location: Location) => Parameters<typeof describeResult>[1];
}

export const inputOf = (operation: TaskOperation, at: At, changes: object = {}) => ({
  ...at,
  requestedBy: 'tests',
  reason: 'to prove it',
  ...OWN_INPUT[operation],
  ...changes,
});

/** A task whose record is written, and whose providers have answered, unless it was refused. */
export async function openedTask(
  world: ControlWorld,
  { operation = 'migrate', at = newCompany(world), input, answers = () => ({}) }: Order = {},
): Promise<At & { opened: OpenTaskResult; describes: SubtaskStatus[] }> {
  const opened = await openTask(world, {
    operation,
    executionName: at.task,
    executionArn: `arn:${at.task}`,
    input: inputOf(operation, at, input),
  });
  const describes: SubtaskStatus[] = [];
  for (const { provider, location } of opened.checks) {
    const result = describeResult(provider, answers(provider, location));
    await settle(world, { ...at, epoch: 0 }, { phase: 'plan', provider, location }, result);
    describes.push({ provider, location, status: 'succeeded' });
  }
  return { ...at, opened, describes };
}

export const planOf = (
  world: ControlWorld,
  { company, task }: At,
  ports: Partial<ControlWorld> = {},
  describes: readonly SubtaskStatus[] = [],
): Promise<PlanTaskResult> =>
  planTask({ ...world, ...ports }, { company, task, executionName: task, describes });

/** The name of the error with which the task is refused, and its text. */
export async function refusalOf(world: ControlWorld, order: Order) {
  const at = await openedTask(world, order);
  const refusal = at.opened.refusal ?? (await planOf(world, at)).refusal;
  return refusal ?? { error: 'none', cause: '' };
}

/** A task that was planned and has claimed its company; no execution is behind it. */
export async function plannedTask(world: ControlWorld, order: Order = {}): Promise<Actor> {
  const { company, task, opened } = await openedTask(world, order);
  const { refusal, epoch, holder } = await planOf(world, { company, task });
  const refused = opened.refusal ?? refusal;
  if (refused) throw new Error(`${refused.error}: ${refused.cause}`);
  return { company, task, epoch, holder };
}

export const REASON = { error: 'States.Timeout', cause: '' };

/** A recovery of the task, as its claim leaves it. */
export async function recoveryOf(
  world: ControlWorld,
  { task }: Pick<Actor, 'task'>,
  name = 'recover-1',
): Promise<Actor> {
  const claimed = await claimCompany(world, { task, executionName: name, reason: REASON });
  return { task, company: claimed.company, epoch: claimed.epoch, holder: formatHolder(task, name) };
}

/** The rows that workers leave when every provider of home was exported. */
export async function exported(world: ControlWorld, actor: Actor, location = SOURCE): Promise<void> {
  for (const provider of PROVIDERS) {
    await settle(world, actor, { phase: 'export', provider, location }, exportResult());
  }
}

/** A second look at home, which has not changed since its exports. */
export async function readAgain(
  world: ControlWorld,
  actor: Actor,
  phase: 'open' | 'verify',
  location = SOURCE,
): Promise<void> {
  for (const provider of PROVIDERS) {
    await settle(world, actor, { phase, provider, location }, { action: 'drain', watermark: '7', polls: 2 });
  }
}

/** The rows of imports and seals at the target. */
export async function imported(world: ControlWorld, actor: Actor, location = TARGET): Promise<void> {
  for (const provider of PROVIDERS) {
    await settle(world, actor, { phase: 'import', provider, location }, importResult());
    await settle(world, actor, { phase: 'verify', provider, location }, sealResult());
  }
}

/** The rows of erases, which left nothing, or at some providers did. */
export async function erased(
  world: ControlWorld,
  actor: Actor,
  locations: readonly Location[],
  left: (provider: string, location: Location) => number = () => 0,
): Promise<void> {
  for (const location of locations) {
    for (const provider of PROVIDERS) {
      const result = {
        action: 'erase' as const,
        erased: { rows: 3, staging: 0 },
        left: { rows: left(provider, location), staging: 0 },
      };
      await settle(world, actor, { phase: 'erase', provider, location }, result);
    }
  }
}

/** A move that is done and closed, from where the company lives. */
export async function finishedMove(
  world: ControlWorld,
  order: Omit<Order, 'operation'> = {},
): Promise<Actor> {
  const actor = await plannedTask(world, order);
  const { plan } = (await world.tasks.get(actor.task)) ?? {};
  const { grant } = await lockTraffic(world, actor);
  await exported(world, actor, plan?.from);
  await imported(world, actor, plan?.to);
  await readAgain(world, actor, 'verify', plan?.from);
  await verifyTarget(world, actor);
  await commitPlacement(world, actor, grant);
  await unlockTraffic(world, actor);
  await closeTask(world, actor, { outcome: 'migrated', reason: null, reported: [] });
  return actor;
}
