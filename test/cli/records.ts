import type {
  BackupRecord,
  DebtRecord,
  FallbackRecord,
  LedgerRecord,
  LogRecord,
  Plan,
  SubtaskRecord,
  TaskOperation,
  TaskRecord,
} from '@tanker/contract/index.ts';

/** Canned records of a task, as the table has them. */

const FROM = { datacenter: 'us', server: 'db1' };
const TO = { datacenter: 'eu', server: 'db1' };

export const plan: Plan = {
  from: FROM,
  to: TO,
  erases: [],
  version: 0,
  providers: [
    {
      name: 'contacts',
      sourceIncarnation: 'c1',
      targetIncarnation: 'c2',
      format: { name: 'copy', version: 1 },
      rows: 1200,
      bytes: 34_000,
      transfer: 'lambda',
      sourceHooks: [],
      targetHooks: [],
    },
    {
      name: 'deals',
      sourceIncarnation: 'd1',
      targetIncarnation: 'd2',
      format: { name: 'copy', version: 1 },
      rows: 34,
      bytes: 2_500_000,
      transfer: 'lambda',
      sourceHooks: [],
      targetHooks: [],
    },
  ],
  waves: [['contacts'], ['deals']],
  estimate: { bytes: 2_534_000, seconds: 4.2 },
};

/** The plans of the other operations, of the same providers. */
const { from: _from, to: _to, waves, ...sideless } = plan;
export const plans: Readonly<Record<TaskOperation, Plan>> = {
  migrate: plan,
  backup: { ...sideless, waves: [], from: FROM, expiresAt: '2126-03-31T10:00:00.000Z' },
  restore: { ...sideless, waves, to: TO, backup: 'remove-1' },
  remove: { ...sideless, waves: [], from: FROM, erases: [FROM, TO], expiresAt: '2126-03-31T10:00:00.000Z' },
  cleanup: { ...sideless, waves: [], erases: [FROM], leftover: 'fallback' },
};

const common = (task: string) => ({
  kind: 'task' as const,
  task,
  operation: 'migrate' as const,
  company: 'acme',
  executionArn: `arn:${task}`,
  input: {},
  requestedBy: 'tests',
  reason: 'to prove it',
  createdAt: '2026-03-01T10:00:00.000Z',
  phases: { plan: '2026-03-01T10:00:00.000Z', lock: '2026-03-01T10:00:02.000Z' },
  phase: 'hooks' as const,
  epoch: 1,
  holder: `${task}/${task}`,
  plan,
  recoveries: 0,
});

export const openTask = (task: string, changes: object = {}): TaskRecord =>
  ({ ...common(task), phase: 'export', state: 'open', ...changes }) as TaskRecord;

export const closedTask = (task: string, outcome: string, changes: object = {}): TaskRecord =>
  ({
    ...common(task),
    state: 'closed',
    outcome,
    closedAt: '2026-03-01T10:00:08.000Z',
    debts: [],
    ttl: 4_000_000_000,
    lock: {
      grant: 1,
      lockedAt: '2026-03-01T10:00:02.000Z',
      deadline: '2026-03-01T10:01:02.000Z',
      unlockedAt: '2026-03-01T10:00:07.000Z',
    },
    ...changes,
  }) as TaskRecord;

export const exportSubtask = (task: string, provider: string, changes: object = {}): SubtaskRecord =>
  ({
    kind: 'subtask',
    state: 'running',
    task,
    company: 'acme',
    phase: 'export',
    action: 'export',
    provider,
    location: FROM,
    epoch: 1,
    attempt: 1,
    dispatchedAt: '2026-03-01T10:00:03.000Z',
    token: 'a token that settles',
    worker: 'w',
    startedAt: '2026-03-01T10:00:03.000Z',
    progress: { bytes: 2_000_000, parts: 1 },
    ...changes,
  }) as SubtaskRecord;

export const logLine = (task: string): LogRecord => ({
  kind: 'log',
  task,
  at: '2026-03-01T10:00:02.100Z',
  phase: 'lock',
  by: `${task}/${task}`,
  epoch: 1,
  what: 'locked under grant 1',
  ttl: 4_000_000_000,
});

const DAY_MS = 86_400_000;
/** An instant so many days from now: texts tell distances from today. */
export const inDays = (days: number): string => new Date(Date.now() + days * DAY_MS).toISOString();

const exported = (rows: number, bytes: number) => ({
  key: 'exports/acme/remove-1/1/contacts/manifest.json',
  etag: 'e',
  sha256: 'a'.repeat(64),
  format: { name: 'copy', version: 1 },
  parts: 1,
  rows,
  bytes,
  digests: 'b'.repeat(64),
});

export const backup = (task: string, changes: object = {}): BackupRecord =>
  ({
    kind: 'backup',
    state: 'available',
    company: 'acme',
    task,
    operation: 'backup',
    requestedBy: 'tests',
    reason: 'to prove it',
    location: FROM,
    version: 0,
    bucket: 'tanker-exports-111122223333-us',
    region: 'us-east-1',
    epoch: 1,
    createdAt: '2026-03-01T10:00:07.000Z',
    expiresAt: inDays(29.5),
    providers: { contacts: exported(1200, 34_000), deals: exported(34, 2_500_000) },
    rows: 1234,
    bytes: 2_534_000,
    ...changes,
  }) as BackupRecord;

export const ledger = (task: string, changes: Partial<LedgerRecord> = {}): LedgerRecord => ({
  kind: 'ledger',
  company: 'acme',
  task,
  requestedBy: 'tests',
  reason: 'contract ended',
  home: 'removed',
  version: 1,
  removedAt: '2026-03-01T10:00:07.000Z',
  completedAt: '2026-03-01T10:00:09.000Z',
  locations: [FROM, TO],
  providers: ['contacts', 'deals'],
  erasedRows: 2468,
  lastCopyUntil: inDays(29.5),
  beyond: [],
  ...changes,
});

export const fallback = (task: string, changes: object = {}): FallbackRecord =>
  ({
    kind: 'fallback',
    state: 'kept',
    company: 'acme',
    location: FROM,
    task,
    version: 1,
    movedAt: '2026-03-01T10:00:06.000Z',
    cleanupAt: inDays(6.5),
    slices: {},
    epoch: 1,
    ...changes,
  }) as FallbackRecord;

export const debt = (task: string, provider: string, changes: Partial<DebtRecord> = {}): DebtRecord => ({
  kind: 'debt',
  company: 'acme',
  location: TO,
  provider,
  task,
  epoch: 2,
  version: 0,
  since: '2026-03-01T10:00:08.000Z',
  error: 'ProviderUnreachable',
  cause: 'No answer.',
  ...changes,
});
