import {
  type ExpireDue,
  exportsBucketName,
  formatLocation,
  type SubtaskRecord,
  sourceOf,
  TankerError,
  type Topology,
} from '@tanker/contract/index.ts';
import type { Actor, GoneBackup, PendingBackup } from '../ports.ts';
import { findDatacenter } from './placement.ts';
import { type HeldRecord, resultOf } from './records.ts';
import { digestsSha256 } from './slices.ts';

type Held = Pick<PendingBackup, 'providers' | 'rows' | 'bytes'>;

/** What the exports of this epoch hold, provider by provider. Throws ExportIncomplete. */
function heldBy(actor: Actor, record: HeldRecord, subtasks: readonly SubtaskRecord[]): Held {
  const location = sourceOf(record.plan);
  const providers: PendingBackup['providers'] = {};
  let rows = 0;
  let bytes = 0;
  for (const { name: provider } of record.plan.providers) {
    const at = { epoch: actor.epoch, phase: 'export', action: 'export' as const, provider, location };
    const found = resultOf(subtasks, at);
    if (!found) {
      throw new TankerError('ExportIncomplete', {
        what: `${provider} at ${formatLocation(location)} has no finished export of epoch ${actor.epoch}.`,
        now: 'No backup was recorded; home is as it was.',
        next: "Look at the provider's export subtask; recovery unlocks the company.",
      });
    }
    const { key, etag, sha256 } = found.manifest;
    const { format, parts } = found;
    providers[provider] = {
      key,
      etag,
      sha256,
      format,
      parts,
      rows: found.rows,
      bytes: found.bytesStored,
      digests: digestsSha256(found.collections),
    };
    rows += found.rows;
    bytes += found.bytesStored;
  }
  return { providers, rows, bytes };
}

function fieldsOf(topology: Topology, actor: Actor, record: HeldRecord, now: Date) {
  const { plan, operation, requestedBy, reason } = record;
  const location = sourceOf(plan);
  if ((operation !== 'backup' && operation !== 'remove') || !plan.expiresAt) {
    throw new Error(`a ${operation} makes no backup`);
  }
  return {
    kind: 'backup' as const,
    company: actor.company,
    task: actor.task,
    operation,
    requestedBy,
    reason,
    location,
    version: plan.version,
    bucket: exportsBucketName(topology, location.datacenter),
    region: findDatacenter(topology, location.datacenter).region,
    epoch: actor.epoch,
    createdAt: now.toISOString(),
    expiresAt: plan.expiresAt,
  };
}

/** The record of the task's backup before its commit point. Throws ExportIncomplete. */
export const pendingBackup = (
  topology: Topology,
  actor: Actor,
  record: HeldRecord,
  subtasks: readonly SubtaskRecord[],
  now: Date,
): PendingBackup => ({
  ...fieldsOf(topology, actor, record, now),
  ...heldBy(actor, record, subtasks),
  state: 'pending',
});

/**
 * The tombstone of an undone task's backup; a record that its execution writes too late finds it. It says that the objects
 * are gone only if the agent has.
 */
export const discardedBackup = (
  topology: Topology,
  actor: Actor,
  record: HeldRecord,
  discarded: { objects: number; uploads: number } | undefined,
  at: { now: Date; ttl: number },
): GoneBackup => ({
  ...fieldsOf(topology, actor, record, at.now),
  providers: {},
  rows: 0,
  bytes: 0,
  state: 'discarded',
  ...(discarded
    ? { goneAt: at.now.toISOString(), objects: discarded.objects, uploads: discarded.uploads }
    : { objects: 0, uploads: 0 }),
  ttl: at.ttl,
});

const SECONDS_A_DAY = 86_400;

/** When the record of a backup that is gone may go too, in epoch seconds: it outlives its objects by the records' days. */
export const tombstoneTtl = ({ retention }: Pick<Topology, 'retention'>, now: Date): number =>
  Math.floor(now.getTime() / 1000) + retention.recordDays * SECONDS_A_DAY;

/** When the objects of a backup are deleted. */
export const expireDue = (
  backup: Pick<PendingBackup, 'company' | 'task' | 'location'>,
  at: string,
): ExpireDue => ({
  kind: 'due',
  due: 'expire-backup',
  at,
  task: backup.task,
  company: backup.company,
  datacenter: backup.location.datacenter,
});
