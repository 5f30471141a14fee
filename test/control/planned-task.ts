import {
  formatHolder,
  type Location,
  type OpenTaskResult,
  type PlanTaskResult,
  type SubtaskRecord,
  type SubtaskResult,
  type SubtaskStatus,
  type TaskOperation,
} from '@tanker/contract/index.ts';
import { claimCompany } from '../../core/control/claim-company.ts';
import { openTask } from '../../core/control/open-task.ts';
import { planTask } from '../../core/control/plan-task.ts';
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
  const describes: SubtaskStatus[] = opened.checks.map((check) => ({ ...check, status: 'succeeded' }));
  await Promise.all(
    opened.checks.map(({ provider, location }) => {
      const result = describeResult(provider, answers(provider, location));
      return settle(world, { ...at, epoch: 0 }, { phase: 'plan', provider, location }, result);
    }),
  );
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

/** One row of each provider at a location. */
async function settleEach(
  world: ControlWorld,
  actor: Actor,
  at: { phase: SubtaskRecord['phase']; location: Location },
  result: (provider: string) => SubtaskResult,
): Promise<void> {
  await Promise.all(PROVIDERS.map((provider) => settle(world, actor, { ...at, provider }, result(provider))));
}

/** The rows that workers leave when every provider of home was exported. */
export const exported = (world: ControlWorld, actor: Actor, location = SOURCE): Promise<void> =>
  settleEach(world, actor, { phase: 'export', location }, () => exportResult());

/** A second look at home, which has not changed since its exports. */
export const readAgain = (
  world: ControlWorld,
  actor: Actor,
  phase: 'open' | 'verify',
  location = SOURCE,
): Promise<void> =>
  settleEach(world, actor, { phase, location }, () => ({ action: 'drain', watermark: '7', polls: 2 }));

/** The rows of seals that found what was exported. */
export const sealed = (world: ControlWorld, actor: Actor, location = TARGET): Promise<void> =>
  settleEach(world, actor, { phase: 'verify', location }, () => sealResult());

/** The rows of imports and seals at the target. */
export async function imported(world: ControlWorld, actor: Actor, location = TARGET): Promise<void> {
  await settleEach(world, actor, { phase: 'import', location }, () => importResult());
  await sealed(world, actor, location);
}

/** The rows of erases, which left nothing, or at some providers did. */
export async function erased(
  world: ControlWorld,
  actor: Actor,
  locations: readonly Location[],
  left: (provider: string, location: Location) => number = () => 0,
): Promise<void> {
  const result = (provider: string, location: Location) => ({
    action: 'erase' as const,
    erased: { rows: 3, staging: 0 },
    left: { rows: left(provider, location), staging: 0 },
  });
  await Promise.all(
    locations.map((location) =>
      settleEach(world, actor, { phase: 'erase', location }, (provider) => result(provider, location)),
    ),
  );
}
