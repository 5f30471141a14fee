import {
  BackupRecord,
  FallbackRecord,
  formatLocation,
  keys,
  LedgerRecord,
  type Location,
  TankerError,
} from '@tanker/contract/index.ts';
import { backupIdTaken, taskClosed } from '../../core/control/records.ts';
import type {
  Backups,
  Fallbacks,
  GoneBackup,
  KeptFallback,
  Ledger,
  PendingBackup,
} from '../../core/ports.ts';
import type { RecordTable } from './dynamo-record.ts';

/** The copies that moves left behind, by single conditional writes: who gave one up is decided here. */
export class DynamoFallbacks implements Fallbacks {
  readonly #table: RecordTable;
  readonly #now: () => Date;

  constructor(table: RecordTable, now: () => Date) {
    this.#table = table;
    this.#now = now;
  }

  get(company: string, location: Location): Promise<FallbackRecord | undefined> {
    return this.#table.get(keys.fallback(company, location), FallbackRecord);
  }

  list(company: string): Promise<FallbackRecord[]> {
    return this.#table.list(keys.fallbacks(company), FallbackRecord);
  }

  async keep(fallback: KeptFallback): Promise<void> {
    await this.#table.put(keys.fallback(fallback.company, fallback.location), fallback, {
      expression: 'attribute_not_exists(pk) OR #version < :version',
      values: { version: fallback.version },
    });
  }

  async fence(company: string, location: Location, epoch: number): Promise<FallbackRecord | undefined> {
    await this.#table.update(
      keys.fallback(company, location),
      { set: { epoch } },
      { expression: '#state = :kept AND #epoch < :by', values: { kept: 'kept', by: epoch } },
    );
    return this.get(company, location);
  }

  async giveUp(fallback: FallbackRecord, by: { task: string; epoch: number }): Promise<string> {
    const { company, location, task, version } = fallback;
    const given = { state: 'given-up', givenUpBy: by.task, givenUpAt: this.#now().toISOString() };
    const done = await this.#table.update(
      keys.fallback(company, location),
      { set: { ...given, epoch: by.epoch } },
      {
        expression: '#state = :kept AND #task = :task AND #version = :version AND #epoch <= :by',
        values: { kept: 'kept', task, version, by: by.epoch },
      },
    );
    if (done) return given.givenUpAt;
    const found = await this.get(company, location);
    if (found?.state === 'given-up' && found.givenUpBy === by.task) return found.givenUpAt;
    throw new TankerError('PlacementChanged', {
      what: `The fallback copy of company "${company}" at ${formatLocation(location)} is not the one that task "${task}" left there in version ${version}, or a newer execution decides about it.`,
      now: describeFallback(found),
      next: 'Start a new cleanup, which looks at what is there now.',
    });
  }
}

const describeFallback = (found: FallbackRecord | undefined): string => {
  if (!found) return 'No fallback copy is on record there; nothing was given up.';
  return found.state === 'kept'
    ? `The record names task "${found.task}", version ${found.version} and epoch ${found.epoch}; the copy is kept.`
    : `Task "${found.givenUpBy}" gave it up at ${found.givenUpAt}; this task gave up nothing.`;
};

/** Backups of companies: pending, available, and at last a tombstone. */
export class DynamoBackups implements Backups {
  readonly #table: RecordTable;

  constructor(table: RecordTable) {
    this.#table = table;
  }

  get(company: string, task: string): Promise<BackupRecord | undefined> {
    return this.#table.get(keys.backup(company, task), BackupRecord);
  }

  list(company: string): Promise<BackupRecord[]> {
    return this.#table.list(keys.backups(company), BackupRecord);
  }

  async begin(backup: PendingBackup): Promise<void> {
    const key = keys.backup(backup.company, backup.task);
    const begun = await this.#table.put(key, backup, {
      expression: 'attribute_not_exists(pk) OR #state = :pending',
      values: { pending: 'pending' },
    });
    if (begun) return;
    const found = await this.get(backup.company, backup.task);
    if (found?.epoch === backup.epoch) return;
    // A recovery of this task has a higher epoch than its execution; another task of the same id had lower ones.
    if (found?.state === 'discarded' && found.epoch > backup.epoch) throw taskClosed(backup.task);
    throw backupIdTaken(backup.company, backup.task);
  }

  async makeAvailable(company: string, task: string): Promise<void> {
    await this.#table.update(
      keys.backup(company, task),
      { set: { state: 'available' } },
      { expression: '#state = :pending', values: { pending: 'pending' } },
    );
  }

  async endBy(company: string, task: string, expiresAt: string): Promise<void> {
    await this.#table.update(
      keys.backup(company, task),
      { set: { expiresAt } },
      {
        expression: '#state = :available AND #expiresAt > :latest',
        values: { available: 'available', latest: expiresAt },
      },
    );
  }

  async bury(backup: GoneBackup): Promise<void> {
    const condition =
      backup.state === 'expired'
        ? { expression: '#state = :before', values: { before: 'available' } }
        : {
            expression: 'attribute_not_exists(pk) OR #state IN (:before, :itself)',
            values: { before: 'pending', itself: 'discarded' },
          };
    await this.#table.put(keys.backup(backup.company, backup.task), backup, condition);
  }
}

/** The erasure ledger: written once for each removal, never changed. */
export class DynamoLedger implements Ledger {
  readonly #table: RecordTable;

  constructor(table: RecordTable) {
    this.#table = table;
  }

  get(company: string, task: string): Promise<LedgerRecord | undefined> {
    return this.#table.get(keys.ledger(company, task), LedgerRecord);
  }

  async write(removal: LedgerRecord): Promise<void> {
    await this.#table.put(keys.ledger(removal.company, removal.task), removal, {
      expression: 'attribute_not_exists(pk)',
    });
  }
}
