import {
  type Debt,
  type DecideDirectionResult,
  DONE,
  type HookName,
  type Location,
  type Outcome,
  type Plan,
  sourceOf,
  type TaskOperation,
  targetOf,
} from '@tanker/contract/index.ts';

/** What has to be done, by operation and outcome: the recover machine walks one path with these lists. */

const every = (plan: Plan, location: Location): Debt[] =>
  plan.providers.map(({ name }) => ({ provider: name, location }));

/** What going forward erases, at every provider of the plan. */
export const erasesOf = (plan: Plan): Debt[] => plan.erases.flatMap((location) => every(plan, location));

/**
 * Providers that a restore brings nothing to, since its backup is older than they are: a removal has left them closed,
 * and no import begins there, which would open them.
 */
export const opensOf = (operation: TaskOperation, plan: Plan): Debt[] =>
  operation === 'restore'
    ? every(plan, targetOf(plan)).filter(({ provider }) => !plan.waves.flat().includes(provider))
    : [];

function hooksAt(plan: Plan, side: 'source' | 'target', hook: HookName) {
  const location = side === 'source' ? sourceOf(plan) : targetOf(plan);
  return plan.providers
    .filter((provider) => (side === 'source' ? provider.sourceHooks : provider.targetHooks).includes(hook))
    .map((provider) => ({ provider: provider.name, location, hook }));
}

/** Hooks that follow the commit point: where the company lives now, or has lived until now. */
export function hooksAfterCommit(operation: TaskOperation, plan: Plan): DecideDirectionResult['hooks'] {
  switch (operation) {
    case 'migrate':
      return hooksAt(plan, 'target', 'after-migrate');
    case 'restore':
      return hooksAt(plan, 'target', 'after-restore');
    case 'remove':
      return plan.from ? hooksAt(plan, 'source', 'after-remove') : [];
    default:
      return [];
  }
}

function hooksAfterUndo(plan: Plan): DecideDirectionResult['hooks'] {
  return [
    ...(plan.from ? hooksAt(plan, 'source', 'after-undo') : []),
    ...(plan.to ? hooksAt(plan, 'target', 'after-undo') : []),
  ];
}

/** One provider stands for the bucket of its location: a task's exports lie below one prefix. */
const bucketOf = (plan: Plan, location: Location): Debt[] => every(plan, location).slice(0, 1);

/**
 * What an outcome of the operation still asks for.
 *
 * Back, home is opened; that call carries the new epoch and so fences each provider of home, also those whose
 * before-export hook ran. Forward, only a move's source needs a fence of its own: everything else is erased, or stays
 * home.
 */
export function worksFor(operation: TaskOperation, outcome: Outcome, plan: Plan): DecideDirectionResult {
  const nothing = { outcome, opens: [], fences: [], erases: [], discards: [], hooks: [] };
  if (outcome === 'refused') return nothing;
  if (outcome === DONE[operation]) {
    return {
      ...nothing,
      opens: opensOf(operation, plan),
      fences: operation === 'migrate' ? every(plan, sourceOf(plan)) : [],
      erases: erasesOf(plan),
      hooks: hooksAfterCommit(operation, plan),
    };
  }
  return {
    ...nothing,
    opens: plan.from ? every(plan, plan.from) : [],
    erases: plan.to ? every(plan, plan.to) : [],
    discards: plan.from ? bucketOf(plan, plan.from) : [],
    hooks: hooksAfterUndo(plan),
  };
}
