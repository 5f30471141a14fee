import { z } from 'zod';

/** The operations of Tanker. Recover is the one compensation; it is never asked for by hand. */
export const OPERATIONS = ['migrate', 'recover'] as const;
export const Operation = z.enum(OPERATIONS);
export type Operation = z.infer<typeof Operation>;

/** The operations that a person or a program starts, each with a task of its own. */
export const TaskOperation = z.enum(['migrate']);
export type TaskOperation = z.infer<typeof TaskOperation>;

/** Phase ids in their order: the same words in records, events, reports and options. */
export const PHASES = {
  migrate: [
    'plan',
    'prepare',
    'lock',
    'drain',
    'export',
    'verify-exports',
    'import',
    'verify',
    'commit',
    'unlock',
    'hooks',
  ],
  recover: ['claim', 'decide', 'open', 'unlock', 'erase', 'verify-erased', 'hooks', 'close'],
} as const satisfies Record<Operation, readonly string[]>;

export type MigratePhase = (typeof PHASES)['migrate'][number];
export type RecoverPhase = (typeof PHASES)['recover'][number];

export const Phase = z.enum([...new Set([...PHASES.migrate, ...PHASES.recover])]).meta({ id: 'Phase' });
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
 * How a task ended. `refused`: nothing outside was touched; `undone`: the source is as it was; `planned`: a dry run,
 * which ends after its plan.
 */
export const Outcome = z.enum(['migrated', 'undone', 'refused', 'planned']).meta({ id: 'Outcome' });
export type Outcome = z.infer<typeof Outcome>;

/** Hooks a provider may offer. Those before the commit point need the inverse `after-undo`. */
export const HOOKS = [
  'before-export',
  'before-import',
  'after-import',
  'after-migrate',
  'after-restore',
  'after-remove',
  'after-undo',
  'mask',
] as const;
export const HookName = z.enum(HOOKS).meta({ id: 'HookName' });
export type HookName = z.infer<typeof HookName>;
