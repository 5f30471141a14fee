import type {
  BackupRecord,
  DebtRecord,
  DueRecord,
  FallbackRecord,
  LedgerRecord,
  Location,
} from '@tanker/contract/index.ts';

/** What stands on record of a company beyond one task, as the control side needs it. Every method may be called twice. */

export interface Debts {
  /** What is owed: without the settled ones. */
  list(company: string): Promise<readonly DebtRecord[]>;
  /** A debt that a newer epoch has written about is left as it is. */
  record(debt: DebtRecord): Promise<void>;
}

export type KeptFallback = Extract<FallbackRecord, { state: 'kept' }>;

/** The copies that moves left behind, one a location of a company. */
export interface Fallbacks {
  get(company: string, location: Location): Promise<FallbackRecord | undefined>;
  list(company: string): Promise<readonly FallbackRecord[]>;
  /** Notes what a move leaves; it replaces what an earlier move left there. A repeat changes nothing. */
  keep(fallback: KeptFallback): Promise<void>;
  /**
   * From here on no lower epoch gives up what stands there; answers the record as it is then, so that whether it was
   * given up before is decided by this write.
   */
  fence(company: string, location: Location, epoch: number): Promise<FallbackRecord | undefined>;
  /**
   * The commit point of a cleanup: kept → given up, and answers when. A repeat by the same task answers the first
   * answer. `PlacementChanged` when the copy is not the one of this move any more, was given up by another task, or a
   * newer epoch has decided about it.
   */
  giveUp(fallback: FallbackRecord, by: { task: string; epoch: number }): Promise<string>;
}

export type PendingBackup = Extract<BackupRecord, { state: 'pending' }>;
export type GoneBackup = Extract<BackupRecord, { state: 'expired' | 'discarded' }>;

/** The backups of a company, one row each. */
export interface Backups {
  get(company: string, task: string): Promise<BackupRecord | undefined>;
  list(company: string): Promise<readonly BackupRecord[]>;
  /**
   * Before its task's commit point. A repeat is fine; `TaskClosed` when a recovery has discarded it; `TaskIdTaken` when
   * an earlier task of that id has left one.
   */
  begin(backup: PendingBackup): Promise<void>;
  /** After its task's commit point. A repeat is fine, also after its end. */
  makeAvailable(company: string, task: string): Promise<void>;
  /** An available backup ends at this instant at the latest; any other is left as it is. */
  endBy(company: string, task: string, expiresAt: string): Promise<void>;
  /** Leaves a tombstone: `discarded` of a pending one, or where there is none; `expired` of an available one. */
  bury(backup: GoneBackup): Promise<void>;
}

/** The removals that are complete. */
export interface Ledger {
  get(company: string, task: string): Promise<LedgerRecord | undefined>;
  /** A repeat changes nothing. */
  write(removal: LedgerRecord): Promise<void>;
}

export interface DueDates {
  schedule(due: DueRecord): Promise<void>;
  /** Every one, also those of later hours. Reads the whole queue of its kind. */
  all<D extends DueRecord['due']>(due: D): Promise<readonly Extract<DueRecord, { due: D }>[]>;
  /** Every one of a company. Reads the whole queue of its kind too. */
  ofCompany<D extends DueRecord['due']>(
    due: D,
    company: string,
  ): Promise<readonly Extract<DueRecord, { due: D }>[]>;
  /** Those whose hour has come, the oldest first, and the keys of rows among them that are no due dates by the schema. */
  come<D extends DueRecord['due']>(
    due: D,
    now: Date,
  ): Promise<{ dues: readonly Extract<DueRecord, { due: D }>[]; unreadable: readonly string[] }>;
  /** A repeat is fine. */
  remove(due: DueRecord): Promise<void>;
}
