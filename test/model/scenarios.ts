import type { Scenario } from './scenario.ts';
import type { Call } from './state.ts';

/**
 * Calls that take the company are doubled in a scenario of their own: one that comes between two of another holder costs
 * that one's recovery a further recovery.
 */
const ALL_BUT_TAKES: readonly Call[] = [
  'claim',
  'lock',
  'commit',
  'unlock',
  'close',
  'release',
  'give-up',
  'fence-fallback',
  'export',
  'open',
  'import',
  'seal',
  'fence',
  'erase',
];

const MIGRATE = { operation: 'migrate', to: 'T' } as const;
const REMOVED = { home: 'removed', version: 1, backup: true } as const;
const MOVED = { home: 'T', version: 1, fallback: { site: 'S', version: 1 } } as const;

export const SCENARIOS = {
  migrate: {
    about: 'a migration, with a death, the end of the lease and a write at any moment',
    tasks: { M: MIGRATE },
    small: { events: { deaths: 1, recoveries: 2, leaseEnds: 1, writes: 1 } },
    large: {
      events: { deaths: 1, recoveries: 2, leaseEnds: 1, writes: 2, doubles: 1 },
      doublesOf: ALL_BUT_TAKES,
    },
  },
  'recovery of a running task': {
    about: 'recoveries begin while the execution that they are to replace still runs',
    tasks: { M: MIGRATE },
    small: { events: { recoveries: 1, leaseEnds: 1 }, overlap: true },
    large: { events: { recoveries: 2, leaseEnds: 1, doubles: 1 }, doublesOf: ALL_BUT_TAKES, overlap: true },
  },
  'late lock': {
    about: 'the lock call of a migration arrives twice',
    tasks: { M: MIGRATE },
    small: { events: { doubles: 1, leaseEnds: 1, writes: 1 }, doublesOf: ['lock'] },
    large: {
      events: { doubles: 2, leaseEnds: 2, writes: 1, deaths: 1, recoveries: 2 },
      doublesOf: ['lock', 'unlock'],
    },
  },
  'control region down': {
    about: 'a migration dies, and nobody recovers it',
    tasks: { M: MIGRATE },
    small: { events: { deaths: 1, leaseEnds: 1, writes: 1 } },
    large: {
      events: { deaths: 1, leaseEnds: 1, writes: 2, doubles: 2 },
      doublesOf: ['export', 'lock'],
      slowAgents: true,
    },
  },
  'fast clocks': {
    about: 'somebody believes the lease over before it ends',
    tasks: { M: MIGRATE },
    small: { events: { fastClocks: 2, leaseEnds: 1, deaths: 1, recoveries: 1 } },
    large: { events: { fastClocks: 3, leaseEnds: 1, deaths: 1, recoveries: 2, writes: 1 } },
  },
  'foreign jobs': {
    about: "another company's job writes past the gateway, at home or by a stale route",
    tasks: { M: MIGRATE },
    small: { events: { jobs: 1, leaseEnds: 1, deaths: 1, recoveries: 1 } },
    large: { events: { jobs: 2, leaseEnds: 1, deaths: 1, recoveries: 2 }, slowAgents: true },
  },
  messages: {
    about: 'a message comes at any moment of a migration',
    tasks: { M: MIGRATE },
    small: { events: { messages: 1, recoveries: 1 } },
    large: {
      events: { messages: 2, recoveries: 2, deaths: 1, leaseEnds: 1, doubles: 1 },
      doublesOf: ALL_BUT_TAKES,
    },
  },
  'lost answers': {
    about: 'an answer is lost, a call is made again',
    tasks: { M: MIGRATE },
    small: { events: { lostAnswers: 1, retries: 1, recoveries: 1 } },
    large: { events: { lostAnswers: 2, retries: 1, recoveries: 2, leaseEnds: 1 }, retriesOf: ALL_BUT_TAKES },
  },
  'late import': {
    about: 'an import arrives twice, customers delete everything, the target is restored',
    tasks: { M: MIGRATE },
    small: { events: { doubles: 1, deletes: 1, restores: 1 }, doublesOf: ['import'], restoresAt: ['T0'] },
    large: {
      events: { doubles: 1, deletes: 1, restores: 1, writes: 1, deaths: 1, recoveries: 1 },
      doublesOf: ['import', 'seal'],
      restoresAt: ['T0', 'T1'],
    },
  },
  'garbled import': {
    about: 'an import stores a value as something else',
    tasks: { M: MIGRATE },
    small: { events: { garbles: 1, recoveries: 1 } },
    large: {
      events: { garbles: 1, recoveries: 2, deaths: 1, leaseEnds: 1, writes: 1, doubles: 1 },
      doublesOf: ['import'],
    },
  },
  'crash in an import': {
    about: 'the target crashes between the parts of an import and its publish',
    tasks: { M: MIGRATE },
    small: { events: { crashes: 1, recoveries: 1 }, importsInParts: true },
    large: {
      events: { crashes: 1, recoveries: 2, retries: 1, deaths: 1 },
      retriesOf: ['import'],
      importsInParts: true,
    },
  },
  'two attempts of an import': {
    about: 'a second worker imports while the first still streams',
    tasks: { M: MIGRATE },
    small: { events: { retries: 1, recoveries: 1 }, retriesOf: ['import'], importsInParts: true },
    large: {
      events: { retries: 1, doubles: 1, recoveries: 1, deaths: 1 },
      retriesOf: ['import'],
      doublesOf: ['import', 'seal', 'erase'],
      importsInParts: true,
    },
  },
  'migrate, undone, migrate': {
    about: 'an erase of the first migration is late, while a second one makes its target home',
    tasks: { M: MIGRATE, N: { ...MIGRATE, after: 'M' } },
    small: {
      events: { deaths: 1, recoveries: 1, doubles: 1, writes: 1 },
      deathsIn: ['import'],
      doublesOf: ['erase'],
      writesAt: [1],
      slowAgents: true,
    },
    large: {
      events: { deaths: 1, recoveries: 1, doubles: 1, writes: 1, retries: 1 },
      doublesOf: ['import', 'erase', 'commit'],
      retriesOf: ['import', 'erase', 'commit'],
      slowAgents: true,
    },
  },
  'migrate, undone, migrate, provider restored': {
    about: 'the same, and the new home is restored from its own backup',
    tasks: { M: MIGRATE, N: { ...MIGRATE, after: 'M' } },
    small: {
      events: { deaths: 1, recoveries: 1, doubles: 1, restores: 1 },
      deathsIn: ['import'],
      doublesOf: ['erase'],
      restoresAt: ['T0'],
    },
    large: {
      events: { deaths: 1, recoveries: 1, doubles: 1, restores: 1, writes: 1 },
      doublesOf: ['erase', 'import'],
      restoresAt: ['T0', 'T1'],
      slowAgents: true,
    },
  },
  'debt, migrate': {
    about:
      'a provider does not answer an erase; another migration, planned before or after, wants to go there',
    tasks: { M: MIGRATE, N: MIGRATE },
    small: { events: { deaths: 1, recoveries: 2, unreachable: 1 }, deathsIn: ['import', 'seal'] },
    large: { events: { deaths: 1, recoveries: 2, unreachable: 2, writes: 1 } },
  },
  'two migrations planned at once': {
    about: 'both plan before either has taken the company',
    tasks: { M: MIGRATE, N: MIGRATE },
    small: { events: { recoveries: 1 } },
    large: { events: { recoveries: 1, deaths: 1, doubles: 1, writes: 1 }, doublesOf: ALL_BUT_TAKES },
  },
  'removal and migration planned at once': {
    about: 'what one of them planned is not true any more when it claims',
    tasks: { M: { operation: 'remove' }, N: MIGRATE },
    small: { events: { recoveries: 1, writes: 1 } },
    large: { events: { recoveries: 2, writes: 1, deaths: 1, leaseEnds: 1 } },
  },
  'migrate, backup, late event': {
    about: 'the event that starts a recovery of the migration comes while a backup runs',
    tasks: { M: MIGRATE, N: { operation: 'backup', after: 'M' } },
    small: { events: { recoveries: 1 }, lateEvents: true },
    large: { events: { recoveries: 3, deaths: 1, writes: 1 }, lateEvents: true },
  },
  'migrate, table restored, backup': {
    about: 'the control table forgets the migration, whose commit is under way, and a backup begins',
    tasks: { M: MIGRATE, N: { operation: 'backup' } },
    small: { events: { setBacks: 1, jobs: 1 } },
    large: { events: { setBacks: 1, jobs: 1, recoveries: 1, deaths: 1 } },
  },
  'recovery, table restored, migrate': {
    about:
      'the table forgets epochs that the authority has seen; the next task and its recovery take new ones',
    tasks: { M: MIGRATE, N: MIGRATE },
    small: { events: { setBacks: 1, deaths: 1, recoveries: 2 }, deathsIn: ['lock'], setBacksAtRest: true },
    large: { events: { setBacks: 1, deaths: 1, recoveries: 3, writes: 1 }, setBacksAtRest: true },
  },
  'doubled takes': {
    about: 'the call that takes the company arrives twice',
    tasks: { M: MIGRATE },
    small: { events: { doubles: 1, deaths: 1, recoveries: 1 }, doublesOf: ['take', 'retake'] },
    large: {
      events: { doubles: 2, deaths: 1, recoveries: 1, leaseEnds: 1, retries: 1 },
      doublesOf: ['take', 'retake'],
    },
  },
  backup: {
    about: 'a backup, with writes, the end of the lease and an export that arrives twice',
    tasks: { M: { operation: 'backup' } },
    small: { events: { recoveries: 1, leaseEnds: 1, writes: 2, doubles: 1 }, doublesOf: ['export'] },
    large: {
      events: { deaths: 1, recoveries: 2, leaseEnds: 1, writes: 2, doubles: 1, jobs: 1 },
      doublesOf: ALL_BUT_TAKES,
    },
  },
  remove: {
    about: 'a removal, with a death, the end of the lease and a write at any moment',
    tasks: { M: { operation: 'remove' } },
    small: { events: { deaths: 1, recoveries: 2, leaseEnds: 1, writes: 1 } },
    large: {
      events: { deaths: 1, recoveries: 2, leaseEnds: 1, writes: 1, doubles: 1 },
      doublesOf: ['export', 'commit', 'unlock'],
    },
  },
  'remove, restore': {
    about: 'a removed company comes back, while calls of its removal are late',
    tasks: { M: { operation: 'remove' }, N: { operation: 'restore', to: 'T', after: 'M' } },
    small: { events: { recoveries: 1, doubles: 1 }, doublesOf: ['erase'], slowAgents: true },
    large: {
      events: { deaths: 1, recoveries: 2, doubles: 1, writes: 1 },
      doublesOf: ['erase', 'commit', 'export', 'unlock'],
    },
  },
  restore: {
    about:
      "a restore, with a death, the end of the lease and another company that uses a key of this one's by now",
    start: REMOVED,
    tasks: { M: { operation: 'restore', to: 'T' } },
    small: { events: { deaths: 1, recoveries: 2, leaseEnds: 1, neighbours: 1 } },
    large: {
      events: { deaths: 1, recoveries: 3, leaseEnds: 1, neighbours: 1, doubles: 1, writes: 1 },
      doublesOf: ALL_BUT_TAKES,
    },
  },
  'restore and final erasure planned at once': {
    about: 'whichever comes second finds the record changed',
    start: REMOVED,
    tasks: { M: { operation: 'restore', to: 'T' }, N: { operation: 'final-erasure' } },
    small: { events: { recoveries: 1 } },
    large: { events: { recoveries: 2, deaths: 1, leaseEnds: 1, doubles: 1 }, doublesOf: ALL_BUT_TAKES },
  },
  'restore of a company at home': {
    about: 'somebody asks for the restore of a company that lives',
    start: { backup: true },
    tasks: { M: { operation: 'restore', to: 'T' } },
    small: { events: { writes: 1, recoveries: 1 } },
    large: { events: { writes: 2, recoveries: 1, deaths: 1 } },
  },
  cleanup: {
    about: 'a fallback copy is given up and erased; a message may have come late, a give-up may be late',
    start: MOVED,
    tasks: { M: { operation: 'cleanup' } },
    small: { events: { deaths: 1, recoveries: 1, messages: 1, doubles: 1 }, doublesOf: ['give-up'] },
    large: {
      events: { deaths: 1, recoveries: 2, messages: 1, doubles: 1, jobs: 1 },
      doublesOf: ALL_BUT_TAKES,
      overlap: true,
    },
  },
  'cleanup of an earlier move': {
    about: 'the company has moved there, back, and there again; the first move wants its source erased',
    start: { home: 'T', version: 3, fallback: { site: 'S', version: 3 } },
    tasks: { M: { operation: 'cleanup', version: 1 } },
    small: { events: { recoveries: 1 } },
    large: { events: { recoveries: 2, deaths: 1, doubles: 1, writes: 1 } },
  },
  'cleanup, move back': {
    about:
      'the fallback copy is given up early and the company moves back, while an erase of the cleanup is late',
    start: MOVED,
    tasks: { M: { operation: 'cleanup' }, N: { operation: 'migrate', to: 'S', after: 'M' } },
    small: {
      events: { deaths: 1, recoveries: 1, doubles: 1 },
      deathsIn: ['erase'],
      doublesOf: ['erase'],
      slowAgents: true,
    },
    large: {
      events: { deaths: 1, recoveries: 2, doubles: 1, writes: 1 },
      doublesOf: ['erase', 'give-up', 'seal', 'import'],
      slowAgents: true,
    },
  },
  'migrate, cleanup': {
    about: 'a migration and the cleanup of its source, with a death and a late message',
    tasks: { M: MIGRATE, N: { operation: 'cleanup', after: 'M' } },
    small: { events: { deaths: 1, recoveries: 1, messages: 1 } },
    large: { events: { deaths: 1, recoveries: 2, messages: 1, writes: 1, jobs: 1 } },
  },
} as const satisfies Readonly<Record<string, Scenario>>;

export type ScenarioName = keyof typeof SCENARIOS;
export const SCENARIO_NAMES = Object.keys(SCENARIOS) as readonly ScenarioName[];
export const scenarioOf = (name: ScenarioName): Scenario => SCENARIOS[name];
