import { z } from 'zod';
import {
  CompanyId,
  Count,
  DatacenterName,
  Epoch,
  Holder,
  Instant,
  Location,
  ProviderName,
  Sha256,
  TaskId,
} from './names.ts';
import { Format } from './provider.ts';

/** What stands on record of a company beyond one task: its hold, debts, fallback copies, backups and removals. */

/** The task's hold on a company. The row is never deleted: the epoch must only grow. */
export const ClaimRecord = z.discriminatedUnion('state', [
  z
    .object({
      kind: z.literal('claim'),
      state: z.literal('held'),
      company: CompanyId,
      epoch: Epoch,
      holder: Holder,
      task: TaskId,
      since: Instant,
    })
    .strict(),
  z
    .object({
      kind: z.literal('claim'),
      state: z.literal('free'),
      company: CompanyId,
      epoch: Epoch,
      holder: Holder,
      since: Instant,
    })
    .strict(),
]);
export type ClaimRecord = z.infer<typeof ClaimRecord>;

/**
 * What could not be erased: it blocks tasks that would use the location for this company, and no other task. The sweeper
 * has it cleaned up.
 */
export const DebtRecord = z.object({
  kind: z.literal('debt'),
  company: CompanyId,
  location: Location,
  provider: ProviderName,
  task: TaskId,
  epoch: Epoch,
  version: z.int(),
  since: Instant,
  error: z.string(),
  cause: z.string(),
  /** Proven clean since: the row stays as evidence and blocks nothing. */
  settledAt: Instant.optional(),
});
export type DebtRecord = z.infer<typeof DebtRecord>;

const fallbackFields = {
  kind: z.literal('fallback'),
  company: CompanyId,
  /** Where it lies: one row a location, which the next move away from there replaces. */
  location: Location,
  /** The move that left it, and the placement version that the move made. */
  task: TaskId,
  version: z.int(),
  movedAt: Instant,
  /** When its grace days are over. */
  cleanupAt: Instant,
  /** By provider: the SHA-256 of its digests and watermark at the commit (`sliceSha256`). Anything else is refused. */
  slices: z.record(ProviderName, Sha256),
  /** The highest epoch that has decided about it: a cleanup of a lower one can't give it up any more. */
  epoch: Epoch,
};

/** The source of a move, kept as the fallback copy until a cleanup gives it up: that write is the cleanup's commit point. */
export const FallbackRecord = z.discriminatedUnion('state', [
  z.object({ ...fallbackFields, state: z.literal('kept') }),
  z.object({ ...fallbackFields, state: z.literal('given-up'), givenUpBy: TaskId, givenUpAt: Instant }),
]);
export type FallbackRecord = z.infer<typeof FallbackRecord>;

/** One provider's export in a backup: 200 × about 350 octets are 70 KB of the 400 KB that an item may have. */
export const BackedUpProvider = z
  .object({
    /** Of its manifest. */
    key: z.string(),
    etag: z.string(),
    sha256: Sha256,
    format: Format,
    parts: Count,
    rows: Count,
    bytes: Count,
    /** SHA-256 of the digests of its collections (`digestsSha256`): what a restore must have made of it. */
    digests: Sha256,
  })
  .strict();
export type BackedUpProvider = z.infer<typeof BackedUpProvider>;

const backupFields = {
  kind: z.literal('backup'),
  company: CompanyId,
  /** The task that made it; it names the backup. */
  task: TaskId,
  operation: z.enum(['backup', 'remove']),
  requestedBy: z.string(),
  reason: z.string(),
  /** Home when it was made, under which placement version, and where its objects lie. */
  location: Location,
  version: z.int(),
  bucket: z.string(),
  region: z.string(),
  epoch: Epoch,
  createdAt: Instant,
  /** Refused from here on, and deleted at the next sweep. */
  expiresAt: Instant,
  providers: z.record(ProviderName, BackedUpProvider),
  rows: Count,
  bytes: Count,
};

/** What an agent has deleted of a backup. */
const goneFields = { objects: Count, uploads: Count, ttl: z.int() };

/**
 * A backup: pending until its task's commit point, then available, at last a tombstone: `expired` by its time or a
 * removal, `discarded` because its task was undone. A discarded one is of no use from then on, and gone once an agent
 * has said so.
 */
export const BackupRecord = z.discriminatedUnion('state', [
  z.object({ ...backupFields, state: z.literal('pending') }),
  z.object({ ...backupFields, state: z.literal('available') }),
  z.object({ ...backupFields, ...goneFields, state: z.literal('expired'), goneAt: Instant }),
  z.object({ ...backupFields, ...goneFields, state: z.literal('discarded'), goneAt: Instant.optional() }),
]);
export type BackupRecord = z.infer<typeof BackupRecord>;

/** The erasure ledger: a removal that is complete. Never deleted; it holds no customer data. */
export const LedgerRecord = z.object({
  kind: z.literal('ledger'),
  company: CompanyId,
  task: TaskId,
  requestedBy: z.string(),
  reason: z.string(),
  /** `erased` forbids every restore. */
  home: z.enum(['removed', 'erased']),
  version: z.int(),
  removedAt: Instant,
  /** Zero rows and zero staging, told by every provider of these locations. */
  completedAt: Instant,
  locations: z.array(Location),
  providers: z.array(ProviderName),
  /** At least: an erase whose answer was lost is counted by its repeat, which finds less. */
  erasedRows: Count,
  /** When the last backup dies: from then on no copy is left, but for what lies beyond. */
  lastCopyUntil: Instant,
  /** What earlier tasks had left at providers or locations that the topology has no longer, and that nobody erased. */
  beyond: z.array(z.object({ provider: ProviderName, location: Location }).strict()).default([]),
});
export type LedgerRecord = z.infer<typeof LedgerRecord>;

const dueFields = { kind: z.literal('due'), at: Instant, task: TaskId, company: CompanyId };
/** How often the sweeper had a cleanup started for it. */
const tried = { tries: Count.default(0) };

/** The grace days of a fallback copy are over. */
export const CleanupDue = z.object({ ...dueFields, ...tried, due: z.literal('cleanup'), location: Location });
export type CleanupDue = z.infer<typeof CleanupDue>;

/** A location of the company holds debts; `task` made the first of them. */
export const SettleDue = z.object({
  ...dueFields,
  ...tried,
  due: z.literal('settle-debts'),
  location: Location,
});
export type SettleDue = z.infer<typeof SettleDue>;

/** What an agent has deleted of a task's exports. */
export const Discarded = z.object({ objects: Count, uploads: Count, at: Instant }).strict();
export type Discarded = z.infer<typeof Discarded>;

const exportsFields = { ...dueFields, datacenter: DatacenterName, discarded: Discarded.optional() };

/** A move's exports in its source's bucket. `discarded` is the agent's word that they are gone. */
export const DiscardDue = z.object({ ...exportsFields, due: z.literal('discard-exports') });
export type DiscardDue = z.infer<typeof DiscardDue>;

/** A backup's objects; once they are gone its record becomes a tombstone. `task` made the backup. */
export const ExpireDue = z.object({ ...exportsFields, due: z.literal('expire-backup') });
export type ExpireDue = z.infer<typeof ExpireDue>;

/** Something due later, found by the one sweeper. */
export const DueRecord = z.discriminatedUnion('due', [CleanupDue, SettleDue, DiscardDue, ExpireDue]);
export type DueRecord = z.infer<typeof DueRecord>;
export type DueKind = DueRecord['due'];
