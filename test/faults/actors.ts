import {
  type Action,
  type ControlFunction,
  type HookName,
  OPERATIONS,
  type Operation,
  PHASES,
  type ProviderOperation,
} from '@tanker/contract/index.ts';

/**
 * Who does the work of a phase: the matrix strikes exactly there. Told once for each operation and phase, by what the
 * documentation says of them; what a function does inside is not known here.
 */

/** `from`: home. `to`: the target. `at`: where a cleanup erases. */
export type Side = 'from' | 'to' | 'at';

/** A call of the provider's contract. */
export type ProviderCall = Extract<
  ProviderOperation,
  'summary' | 'drain' | 'exportBegin' | 'exportFinish' | 'importPublish' | 'seal' | 'open' | 'erase' | 'hook'
>;

/** A write at the authority, by the task's own execution or by its recovery; `skip`: so many of them come earlier. */
export interface GatewayCall {
  readonly call: 'claim' | 'lock' | 'unlock' | 'commit';
  readonly by: 'task' | 'recovery';
  readonly skip?: number;
}

export interface ControlActor {
  readonly kind: 'control';
  readonly name: ControlFunction;
  readonly gateway?: GatewayCall;
}

export interface AgentActor {
  readonly kind: 'agent';
  readonly name: Action;
  readonly side: Side;
  /** Its side effect, and where another call than that one tells that it is done, that one. */
  readonly call: ProviderCall;
  readonly done?: ProviderCall;
  /** The same call is made in an earlier phase too: what comes after this one is meant. */
  readonly after?: ProviderCall;
  /** Of the calls of hooks, this one's; only a provider with hooks has an agent for it. */
  readonly hook?: HookName;
}

/** What an agent does in the bucket of the exports, as S3 and as HTTP name it. */
export interface BucketActor {
  readonly operation: 'PutObject' | 'GetObject' | 'ListObjectsV2';
  readonly method: 'PUT' | 'GET';
}

/** `main`: whom the ways strike that strike any function. `agent`: its worker at a provider, where there is one. */
export interface PhaseActors {
  readonly main: ControlActor | AgentActor;
  readonly agent?: AgentActor;
  readonly bucket?: BucketActor;
}

const control = (name: ControlFunction, call?: GatewayCall['call'], by: GatewayCall['by'] = 'task') => ({
  main: { kind: 'control', name, ...(call ? { gateway: { call, by } } : {}) } as const,
});
const agent = (
  name: Action,
  side: Side,
  call: ProviderCall,
  more: Pick<AgentActor, 'done' | 'after' | 'hook'> = {},
) => {
  const actor: AgentActor = { kind: 'agent', name, side, call, ...more };
  return { main: actor, agent: actor };
};

const plan = (side: Side): PhaseActors => ({
  ...control('plan-task', 'claim'),
  agent: agent('describe', side, 'summary').agent,
});
const WRITES = { operation: 'PutObject', method: 'PUT' } as const;
const READS = { operation: 'GetObject', method: 'GET' } as const;
const LISTS = { operation: 'ListObjectsV2', method: 'GET' } as const;

const prepare = control('prepare-workers');
const lock = control('lock-traffic', 'lock');
const commit = control('commit-placement', 'commit');
const unlock = control('unlock-traffic', 'unlock');
const verifyErased = control('verify-erased');
const hooks = (side: Side, hook: HookName): PhaseActors => agent('hook', side, 'hook', { hook });

const slice = {
  prepare,
  lock,
  drain: agent('drain', 'from', 'drain'),
  export: { ...agent('export', 'from', 'exportBegin', { done: 'exportFinish' }), bucket: WRITES },
  'verify-exports': control('verify-exports'),
} satisfies Record<string, PhaseActors>;

const transfer = { ...agent('import', 'to', 'importPublish'), bucket: READS } satisfies PhaseActors;

/** What comes after the phases: the task's own execution closes its record. Of a recovery it is a phase. */
const CLOSE = 'close';
const close = control('close-task');

/** What of each operation is struck, in its order. */
export const STRUCK: Readonly<Record<Operation, readonly string[]>> = Object.fromEntries(
  OPERATIONS.map((operation) => [operation, [...new Set([...PHASES[operation], CLOSE])]]),
) as Record<Operation, string[]>;

export const ACTORS: {
  readonly [O in Operation]: Readonly<Record<(typeof PHASES)[O][number] | typeof CLOSE, PhaseActors>>;
} = {
  migrate: {
    plan: plan('from'),
    ...slice,
    import: transfer,
    verify: agent('seal', 'to', 'seal'),
    commit,
    unlock,
    hooks: hooks('to', 'after-migrate'),
    close,
  },
  backup: {
    plan: plan('from'),
    ...slice,
    open: agent('open', 'from', 'open'),
    unlock: control('commit-backup', 'unlock'),
    close,
  },
  restore: {
    plan: plan('to'),
    prepare,
    lock,
    import: transfer,
    verify: agent('seal', 'to', 'seal'),
    commit,
    unlock,
    hooks: hooks('to', 'after-restore'),
    close,
  },
  remove: {
    plan: plan('from'),
    ...slice,
    verify: agent('drain', 'from', 'drain', { after: 'exportFinish' }),
    commit,
    unlock,
    erase: agent('erase', 'from', 'erase'),
    'verify-erased': verifyErased,
    hooks: hooks('from', 'after-remove'),
    close,
  },
  cleanup: {
    plan: plan('at'),
    verify: agent('seal', 'at', 'seal'),
    commit: control('commit-cleanup'),
    erase: agent('erase', 'at', 'erase'),
    'verify-erased': verifyErased,
    close,
  },
  recover: {
    claim: control('claim-company', 'claim', 'recovery'),
    decide: {
      main: {
        kind: 'control',
        name: 'decide-direction',
        gateway: { call: 'claim', by: 'recovery', skip: 1 },
      },
    },
    open: agent('open', 'from', 'open'),
    unlock: control('unlock-traffic', 'unlock', 'recovery'),
    erase: { ...agent('erase', 'to', 'erase'), bucket: LISTS },
    'verify-erased': verifyErased,
    hooks: hooks('from', 'after-undo'),
    close,
  },
};
