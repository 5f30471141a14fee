import {
  type AgentEvent,
  backupRetention,
  type DispatchEvent,
  type Exported,
  formatLocation,
  type HookName,
  type ManifestReference,
  type Plan,
  type PlannedProvider,
  type Retention,
  sameLocation,
  sourceOf,
  TankerError,
  type TaskRecord,
} from '@tanker/contract/index.ts';
import type { Backups, Subtasks } from '../ports.ts';
import { acceptsChanges, resultOf, taskClosed } from './records.ts';
import { backupOf, demandAlive } from './verify-restored.ts';

export interface AgentEventPorts {
  readonly subtasks: Subtasks;
  readonly backups: Pick<Backups, 'get'>;
  readonly now: () => Date;
}

/** A provider's incarnation as the plan has read it there. */
function incarnationOf(planned: PlannedProvider, plan: Plan, event: DispatchEvent): string {
  const target = plan.to && sameLocation(event.location, plan.to);
  const incarnation = target ? planned.targetIncarnation : planned.sourceIncarnation;
  if (incarnation) return incarnation;
  throw new Error(`the plan has not asked ${event.provider} at ${formatLocation(event.location)}`);
}

/** Those of the provider's hooks that run inside this transfer. */
const offered = (hooks: readonly HookName[], ...inside: readonly HookName[]): HookName[] =>
  inside.filter((hook) => hooks.includes(hook));

interface Import {
  readonly manifest: ManifestReference;
  readonly exported?: Exported;
}

/** The manifest that the import may read: the one of this epoch's export, or the backup's. */
async function importOf(ports: AgentEventPorts, event: DispatchEvent, plan: Plan): Promise<Import> {
  if (plan.backup) return restoreOf(ports, event, plan);
  const from = sourceOf(plan);
  const { task, epoch, provider } = event;
  const at = { task, epoch, phase: 'export', action: 'export', provider, location: from } as const;
  const subtask = await ports.subtasks.get(at);
  const exported = resultOf(subtask ? [subtask] : [], at);
  if (exported) return { manifest: exported.manifest };
  throw new TankerError('ExportIncomplete', {
    what: `${event.provider} at ${formatLocation(from)} has no finished export of epoch ${event.epoch}.`,
    now: 'Nothing was imported.',
    next: "Look at the provider's export subtask.",
  });
}

async function restoreOf(ports: AgentEventPorts, event: DispatchEvent, plan: Plan): Promise<Import> {
  const backup = await backupOf(ports.backups, event, plan);
  demandAlive(backup, ports.now());
  const { bucket, region, task, epoch, providers } = backup;
  const held = providers[event.provider];
  if (held) {
    const { key, etag, sha256 } = held;
    return { manifest: { bucket, region, key, etag, sha256 }, exported: { task, epoch } };
  }
  throw new TankerError('BackupUnusable', {
    what: `The backup of task "${task}" holds nothing of ${event.provider}.`,
    now: 'Nothing was imported.',
    next: 'Restore another backup of the company, if there is one; recovery erases the target.',
  });
}

const DAY_MS = 86_400_000;

/** For how long S3 keeps what is exported. Both instants are of the plan, so the window is that of the input. */
function retentionOf({ createdAt }: TaskRecord, { expiresAt }: Plan): Retention {
  if (!expiresAt) return 'transfer';
  return backupRetention(Math.max(0, Math.floor((Date.parse(expiresAt) - Date.parse(createdAt)) / DAY_MS)));
}

/** Why something is erased, for the provider's own record: at most 200 characters, and task ids have 48. */
function eraseReason({ task, operation, plan }: TaskRecord): string {
  if (operation === 'remove') return `task ${task} removes the company`;
  if (operation !== 'cleanup') return `task ${task} is undone`;
  return plan?.leftover === 'debts'
    ? `task ${task} erases what an earlier task had left`
    : `task ${task} gave the fallback copy up`;
}

/** The event for the agent, complete: the agent never asks the table what to do. */
export async function agentEvent(
  ports: AgentEventPorts,
  event: DispatchEvent,
  record: TaskRecord,
): Promise<AgentEvent> {
  const { grant, hook, action, deadlineMillis, ...common } = event;
  if (action === 'describe' || action === 'discard') return { action, ...common };
  if (action === 'drain') {
    const acceptPending = acceptsChanges(record) ? { acceptPending: true as const } : {};
    return {
      action,
      ...common,
      ...acceptPending,
      ...(deadlineMillis === undefined ? {} : { deadlineMillis }),
    };
  }
  const { plan } = record;
  const planned = plan?.providers.find((provider) => provider.name === event.provider);
  if (!plan || !planned) throw taskClosed(event.task);
  if (action === 'erase') {
    // An erase is decided under the version that the commit has made, or, going back, under the plan's.
    const version = record.committed?.version ?? plan.version;
    return { action, ...common, version, reason: eraseReason(record) };
  }
  const fenced = { ...common, incarnation: incarnationOf(planned, plan, event) };
  const { version } = plan;
  switch (action) {
    case 'export':
      return {
        action,
        ...fenced,
        version,
        // A backup changes nothing at home, so that nothing has to be taken back after it.
        hooks: record.operation === 'backup' ? [] : offered(planned.sourceHooks, 'before-export'),
        grant: grant ?? 0,
        retention: retentionOf(record, plan),
      };
    case 'import':
      return {
        action,
        ...fenced,
        version,
        hooks: offered(planned.targetHooks, 'before-import', 'after-import'),
        ...(await importOf(ports, event, plan)),
      };
    case 'hook':
      return { action, ...fenced, hook: hook ?? 'after-undo', version };
    default:
      return { action, ...fenced };
  }
}
