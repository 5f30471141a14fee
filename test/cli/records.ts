import type { LogRecord, Plan, SubtaskRecord, TaskRecord } from '@tanker/contract/index.ts';

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
