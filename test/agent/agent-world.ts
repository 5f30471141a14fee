import type { Action, AgentEvent, AuthorityRecord, Location } from '@tanker/contract/index.ts';
import type { AgentPorts, Done, EventOf, Procedure } from '../../core/agent/procedure.ts';
import { runWorker } from '../../core/agent/worker.ts';
import { HastyClock, type ManualClock } from '../support/manual-clock.ts';
import { MemoryExports } from '../support/memory-exports.ts';
import { MemoryProvider } from '../support/memory-provider.ts';
import { dispatchedRow, MemorySubtask, MemoryToken } from '../support/memory-subtask.ts';

export const HERE: Location = { datacenter: 'us', server: 'db1' };
export const THERE: Location = { datacenter: 'eu', server: 'db1' };
export const BUCKET = { bucket: 'tanker-exports-us', region: 'us-east-1' };

const COMMON = {
  task: 'move-1',
  company: 'acme',
  epoch: 3,
  holder: 'move-1/move-1',
  phase: 'export',
  provider: 'contacts',
  location: HERE,
  attempt: 1,
  token: 'token',
};
const FENCED = { incarnation: 'i1' };
const HOOKED = { ...FENCED, version: 4, hooks: [] };
const OWN: Readonly<Record<Action, object>> = {
  describe: {},
  drain: {},
  export: { ...HOOKED, grant: 1, retention: 'transfer' },
  open: FENCED,
  import: HOOKED,
  seal: FENCED,
  fence: FENCED,
  erase: { version: 4, reason: 'undone' },
  hook: { ...FENCED, version: 4 },
  discard: {},
};

/** An event of the action with the fields of its schema; what only a test can know comes as changes. */
export const eventOf = <A extends Action>(action: A, changes: object = {}): EventOf<A> =>
  ({ action, ...COMMON, ...OWN[action], ...changes }) as unknown as AgentEvent as EventOf<A>;

export const recordOf = (changes: Partial<AuthorityRecord> = {}): AuthorityRecord => ({
  company: 'acme',
  home: { state: 'home', location: HERE },
  version: 4,
  versionTask: null,
  epoch: 3,
  holder: 'move-1/move-1',
  lock: null,
  ...changes,
});

/** Everything an agent reaches, in memory. */
export function agentWorld(parts: readonly Buffer[] = [], record = recordOf()) {
  const provider = new MemoryProvider(parts);
  const exports = new MemoryExports();
  const clock = new HastyClock();
  const lines: string[] = [];
  const ports: AgentPorts = {
    provider,
    authority: { read: async () => record },
    bucket: { ...BUCKET, exports },
    exportsAt: () => exports,
  };
  const progress = { bytes: 0, parts: 0 };
  /** Runs a procedure without a worker around it. */
  const run = <A extends Action>(
    procedure: Procedure<A>,
    event: EventOf<A>,
    changes: { confirm?: () => Promise<void>; signal?: AbortSignal } = {},
  ): Promise<Done<A>> =>
    procedure({
      event,
      ports,
      clock,
      signal: new AbortController().signal,
      confirm: async () => undefined,
      advance: (bytes, done) => {
        progress.bytes += bytes;
        progress.parts += done;
      },
      log: (message) => lines.push(message),
      ...changes,
    });
  return { provider, exports, clock, ports, lines, progress, run };
}

/** A worker on a row and a token in memory. */
export function workerWorld(clock: ManualClock, remainingMilliseconds = 900_000) {
  const { ports, provider, exports } = agentWorld();
  const row = dispatchedRow(1);
  const token = new MemoryToken();
  const lines: string[] = [];
  const start = <A extends Action>(procedure: Procedure<A>, event: EventOf<A>, worker = 'a') =>
    runWorker(
      {
        event,
        ports,
        subtask: new MemorySubtask(row, event.attempt, worker),
        token,
        clock,
        remainingMilliseconds,
        log: (message) => lines.push(message),
        logError: (message) => lines.push(message),
      },
      procedure,
    );
  return { row, token, lines, start, provider, exports };
}
