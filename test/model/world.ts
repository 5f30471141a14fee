import type { Start } from './scenario.ts';
import {
  type Authority,
  type Execution,
  type ExecutionName,
  FIRST_ROWS,
  type Home,
  NO_ROWS,
  type Place,
  type Provider,
  type Queue,
  type Site,
  type Task,
  type TaskRecord,
  type World,
} from './state.ts';

const NOT_EXPORTED = { attempt: 0, rows: NO_ROWS } as const;

export const NO_RECORD: TaskRecord = {
  state: 'none',
  epoch: 0,
  holder: '',
  plan: null,
  exported: [NOT_EXPORTED, NOT_EXPORTED],
  imported: [],
  verified: false,
  debts: [],
  outcome: '',
};

/** A task that touched nothing. */
export const REFUSED: TaskRecord = { ...NO_RECORD, state: 'closed', outcome: 'refused' };

export const IDLE: Execution = {
  state: 'idle',
  task: '',
  epoch: 0,
  direction: '',
  phase: '',
  waiting: [],
  retried: [],
  grant: 0,
  watermark: NO_ROWS,
  equal: true,
};

const EMPTY: Provider = {
  rows: NO_ROWS,
  epoch: 0,
  holder: '',
  sealed: 0,
  closing: 0,
  incarnation: 0,
  sessions: 0,
  session: 0,
  staging: NO_ROWS,
  neighbour: 'none',
};

const NO_QUEUE: Queue = { pending: NO_ROWS, produced: NO_ROWS };

const startingAuthority = (home: Home, version: number): Authority => ({
  home,
  version,
  versionTask: '',
  epoch: 0,
  holder: '',
  beforeHolder: '',
  grant: null,
  unlocked: [],
  commits: [],
});

/** The company with two rows at p0 of its home, or what the scenario says came before. */
export function startingWorld(start: Start, left: World['left'], withReplica: boolean): World {
  const authority = startingAuthority(start.home ?? 'S', start.version ?? 0);
  const rows = [FIRST_ROWS, NO_ROWS] as const;
  // What an earlier move left has been closed since its export, under a grant of which the authority knows no more.
  const p1 = (site: Site): Provider => (start.fallback?.site === site ? { ...EMPTY, closing: 1 } : EMPTY);
  const p0 = (site: Site): Provider =>
    authority.home === site || start.fallback?.site === site ? { ...p1(site), rows: FIRST_ROWS } : EMPTY;
  return {
    authority,
    replica: withReplica ? authority : null,
    row: { epoch: 0, holder: '', task: '' },
    fallback: start.fallback
      ? { state: 'kept', ...start.fallback, rows, produced: NO_ROWS, epoch: 0, givenUpBy: '' }
      : null,
    backup: start.backup ? { task: 'before', promised: rows, objects: rows } : null,
    acknowledged: { rows, late: NO_ROWS, astray: NO_ROWS, writes: 0 },
    left,
    queues: { S: NO_QUEUE, T: NO_QUEUE },
    records: { M: NO_RECORD, N: NO_RECORD },
    executions: { M: IDLE, N: IDLE, R1: IDLE, R2: IDLE, R3: IDLE },
    providers: { S0: p0('S'), S1: p1('S'), T0: p0('T'), T1: p1('T') },
    network: [],
  };
}

export const withExecution = (world: World, name: ExecutionName, execution: Execution): World => ({
  ...world,
  executions: { ...world.executions, [name]: execution },
});

export const withRecord = (world: World, task: Task, record: TaskRecord): World => ({
  ...world,
  records: { ...world.records, [task]: record },
});

export const withProvider = (world: World, place: Place, provider: Provider): World => ({
  ...world,
  providers: { ...world.providers, [place]: provider },
});

/** What a reader of the authority is told: by rule 1 the one record, without it a copy that may lag behind. */
export const authorityRead = (world: World): Authority => world.replica ?? world.authority;
