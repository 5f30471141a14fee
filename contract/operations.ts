import { z } from 'zod';

/** The operations that a person, a program or the sweeper starts, each with a task and a state machine of its own. */
export const TASK_OPERATIONS = ['migrate', 'backup', 'restore', 'remove', 'cleanup'] as const;
export const TaskOperation = z.enum(TASK_OPERATIONS).meta({ id: 'TaskOperation' });
export type TaskOperation = z.infer<typeof TaskOperation>;

/** Recover is the one compensation of all of them; it is never asked for by hand. */
export const OPERATIONS = [...TASK_OPERATIONS, 'recover'] as const;
export const Operation = z.enum(OPERATIONS);
export type Operation = z.infer<typeof Operation>;

/** Parts that several operations share, nested in their executions: the plan, and a slice of the company in the bucket. */
export const NESTED_MACHINES = ['plan', 'slice'] as const;
export const MACHINES = [...OPERATIONS, ...NESTED_MACHINES] as const;
export type Machine = (typeof MACHINES)[number];

/** The phases in which one consistent slice of a company comes into the bucket of its home. */
const SLICE = ['prepare', 'lock', 'drain', 'export', 'verify-exports'] as const;

/**
 * Phase ids of each operation in their order: the same words in records, events, reports, options and docs. The commit
 * point is in `commit`; a backup's is its `unlock`.
 */
export const PHASES = {
  migrate: ['plan', ...SLICE, 'import', 'verify', 'commit', 'unlock', 'hooks'],
  backup: ['plan', ...SLICE, 'open', 'unlock'],
  restore: ['plan', 'prepare', 'lock', 'import', 'verify', 'commit', 'unlock', 'hooks'],
  remove: ['plan', ...SLICE, 'verify', 'commit', 'unlock', 'erase', 'verify-erased', 'hooks'],
  cleanup: ['plan', 'verify', 'commit', 'erase', 'verify-erased'],
  recover: ['claim', 'decide', 'open', 'unlock', 'erase', 'verify-erased', 'hooks', 'close'],
} as const satisfies Record<Operation, readonly string[]>;

/** The phase that holds the operation's commit point: before it everything can be undone, after it only forward. */
export const COMMIT_PHASE = {
  migrate: 'commit',
  backup: 'unlock',
  restore: 'commit',
  remove: 'commit',
  cleanup: 'commit',
} as const satisfies Record<TaskOperation, string>;

export type MigratePhase = (typeof PHASES)['migrate'][number];
export type RecoverPhase = (typeof PHASES)['recover'][number];

export const Phase = z
  .enum([...new Set(OPERATIONS.flatMap((operation) => PHASES[operation]))])
  .meta({ id: 'Phase' });
export type Phase = z.infer<typeof Phase>;

/** What an agent can be asked to do at one provider. Each is a Lambda function of the datacenter. */
export const ACTIONS = [
  'describe',
  'drain',
  'export',
  'open',
  'import',
  'seal',
  'fence',
  'erase',
  'hook',
  'discard',
] as const;
export const Action = z.enum(ACTIONS).meta({ id: 'Action' });
export type Action = z.infer<typeof Action>;

/**
 * How a task ended. The first five: done, by operation. `undone`: home is as it was; `refused`: nothing outside was
 * touched; `planned`: a dry run, which ends after its plan.
 */
export const Outcome = z
  .enum(['migrated', 'backed-up', 'restored', 'removed', 'cleaned', 'undone', 'refused', 'planned'])
  .meta({ id: 'Outcome' });
export type Outcome = z.infer<typeof Outcome>;

/** The outcome of an operation that passed its commit point. */
export const DONE = {
  migrate: 'migrated',
  backup: 'backed-up',
  restore: 'restored',
  remove: 'removed',
  cleanup: 'cleaned',
} as const satisfies Record<TaskOperation, Outcome>;

/** Hooks a provider may offer. Those before the commit point need the inverse `after-undo`. */
export const HOOKS = [
  'before-export',
  'before-import',
  'after-import',
  'after-migrate',
  'after-restore',
  'after-remove',
  'after-undo',
] as const;
/** What these change is taken back when the task is undone. */
export const HOOKS_BEFORE_COMMIT = [
  'before-export',
  'before-import',
  'after-import',
] as const satisfies readonly (typeof HOOKS)[number][];
export const HookName = z.enum(HOOKS).meta({ id: 'HookName' });
export type HookName = z.infer<typeof HookName>;
