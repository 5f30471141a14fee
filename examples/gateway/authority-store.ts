import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type {
  AuthorityRecord,
  Claimed,
  Committed,
  Grant,
  Home,
  Location,
  Locked,
  Unlocked,
} from '@tanker/contract/index.ts';
import { AUTHORITY_SCHEMA, type CompanyRow, recordOf, sameHome } from './authority-rows.ts';
import {
  type Claimant,
  companyErased,
  companyUnknown,
  epochStale,
  grantBroken,
  lockRefused,
  placementChanged,
  signedUpAlready,
} from './refusals.ts';

/** What a commit names: the grant it holds, and home and version as claimed. */
export interface Change {
  readonly grant: number;
  readonly from: Home;
  readonly to: Home;
  readonly version: number;
}

const isoNow = (): string => new Date().toISOString();

/**
 * The authority record of every company in one SQLite file. Each method is one transaction, durable when it returns
 * (`synchronous = FULL`), and the file belongs to one process (`locking_mode = EXCLUSIVE`): that makes it the one
 * linearizable store. Every method first ends a lease whose time has come, by a write; what is decided after it looks
 * only at the record, never at the clock.
 */
export class AuthorityStore {
  readonly #database: DatabaseSync;
  readonly #select: StatementSync;
  readonly #endDue: StatementSync;

  constructor(path: string) {
    this.#database = new DatabaseSync(path, { timeout: 2000 });
    this.#database.exec(
      'PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL',
    );
    this.#database.exec(AUTHORITY_SCHEMA);
    this.#select = this.#database.prepare('SELECT * FROM company WHERE company = ?');
    this.#endDue = this.#database.prepare(
      `UPDATE company SET grant_state = 'expired' WHERE grant_state = 'held' AND grant_lease_until <= ?`,
    );
  }

  close(): void {
    this.#database.close();
  }

  /** Ends, by a write, every lease whose time has come. Instants are ISO texts in UTC, so their order is that of time. */
  endDueLeases(now = isoNow()): void {
    this.#endDue.run(now);
  }

  /** The record as it is now. Throws CompanyUnknown. */
  read(company: string): AuthorityRecord {
    const record = this.#record(company);
    if (record.lock?.state !== 'held' || record.lock.leaseUntil > isoNow()) return record;
    this.endDueLeases();
    return this.#record(company);
  }

  /** Absent → home. A repeat of the same sign-up answers the same; any other use of the id throws PlacementChanged. */
  signUp(company: string, location: Location, jurisdictions?: readonly string[]): AuthorityRecord {
    const allowed = jurisdictions === undefined ? null : JSON.stringify(jurisdictions);
    return this.#transaction(() => {
      this.#database
        .prepare(
          `INSERT INTO company (company, home_state, home_datacenter, home_server, version, version_at, epoch, jurisdictions)
           VALUES (?, 'home', ?, ?, 0, ?, 0, ?) ON CONFLICT DO NOTHING`,
        )
        .run(company, location.datacenter, location.server, isoNow(), allowed);
      const row = this.#row(company);
      const record = recordOf(row);
      const asSignedUp = row.version === 0 && row.jurisdictions === allowed;
      if (!asSignedUp || !sameHome(record.home, { state: 'home', location })) throw signedUpAlready(record);
      return record;
    });
  }

  claim(company: string, claimant: Claimant): Claimed {
    return this.#transaction(() => {
      const record = this.#record(company);
      const { epoch, holder } = claimant;
      if (epoch < record.epoch || (epoch === record.epoch && holder !== record.holder)) {
        throw epochStale(record, claimant);
      }
      if (epoch > record.epoch) {
        this.#database
          .prepare('UPDATE company SET epoch = ?, holder = ? WHERE company = ?')
          .run(epoch, holder, company);
        this.#database
          .prepare('INSERT INTO claim (company, epoch, before_epoch, before_holder) VALUES (?, ?, ?, ?)')
          .run(company, epoch, record.epoch, record.holder);
      }
      const before = this.#database
        .prepare('SELECT before_epoch, before_holder FROM claim WHERE company = ? AND epoch = ?')
        .get(company, epoch) as { before_epoch: number; before_holder: string | null };
      return {
        record: this.#record(company),
        before: { epoch: before.before_epoch, holder: before.before_holder },
      };
    });
  }

  /** Grants the lock, or returns the grant of this epoch while it is held. The caller waits for quiet afterwards. */
  lock(company: string, claimant: Claimant, leaseSeconds: number): Locked {
    return this.#transaction(() => {
      const record = this.#holding(company, claimant);
      const { lock } = record;
      const had = lock?.epoch === claimant.epoch;
      if (had && lock.state === 'held') return this.#locked(company);
      if (had || this.#unlockAnswer(company, claimant.epoch)) throw lockRefused(record, claimant);
      const now = Date.now();
      this.#database
        .prepare(
          `UPDATE company SET grant_number = coalesce(grant_number, 0) + 1, grant_epoch = ?, grant_holder = ?,
             grant_state = 'held', grant_released_by = NULL, grant_lease_until = ?, grant_locked_at = ? WHERE company = ?`,
        )
        .run(
          claimant.epoch,
          claimant.holder,
          new Date(now + leaseSeconds * 1000).toISOString(),
          new Date(now).toISOString(),
          company,
        );
      return this.#locked(company);
    });
  }

  unlock(company: string, claimant: Claimant): Unlocked {
    return this.#transaction(() => {
      const record = this.#holding(company, claimant);
      const first = this.#unlockAnswer(company, claimant.epoch);
      if (first) return first;
      const unbroken = record.lock?.state === 'held';
      if (unbroken) {
        this.#database
          .prepare(`UPDATE company SET grant_state = 'released', grant_released_by = ? WHERE company = ?`)
          .run(claimant.holder, company);
      }
      const answer: Unlocked = { unbroken, grant: this.#record(company).lock, unlockedAt: isoNow() };
      this.#database
        .prepare('INSERT INTO unlocking (company, epoch, answer) VALUES (?, ?, ?)')
        .run(company, claimant.epoch, JSON.stringify(answer));
      return answer;
    });
  }

  /**
   * Home → another home, removed or erased; removed → home or erased. Erased is final. The caller has seen to it that the
   * change leads somewhere.
   */
  commit(company: string, claimant: Claimant, change: Change): Committed {
    return this.#transaction(() => {
      const record = this.#holding(company, claimant);
      const repeated = record.versionTask === claimant.task && record.version === change.version + 1;
      if (!repeated || !sameHome(record.home, change.to)) {
        if (record.home.state === 'erased') throw companyErased(record);
        if (record.lock?.state !== 'held' || record.lock.grant !== change.grant) {
          throw grantBroken(record, change.grant);
        }
        if (record.version !== change.version || !sameHome(record.home, change.from)) {
          throw placementChanged(record, change.from, change.version);
        }
        this.#place(company, change.to, claimant.task);
      }
      const row = this.#row(company);
      return { home: recordOf(row).home, version: row.version, committedAt: row.version_at };
    });
  }

  #place(company: string, to: Home, task: string): void {
    const location = to.state === 'home' ? to.location : undefined;
    this.#database
      .prepare(
        `UPDATE company SET home_state = ?, home_datacenter = ?, home_server = ?, version = version + 1,
           version_task = ?, version_at = ? WHERE company = ?`,
      )
      .run(to.state, location?.datacenter ?? null, location?.server ?? null, task, isoNow(), company);
  }

  #record(company: string): AuthorityRecord {
    return recordOf(this.#row(company));
  }

  #row(company: string): CompanyRow {
    const row = this.#select.get(company) as unknown as CompanyRow | undefined;
    if (row === undefined) throw companyUnknown(company);
    return row;
  }

  /** The record, if the claimant holds its highest epoch. Throws EpochStale otherwise. */
  #holding(company: string, claimant: Claimant): AuthorityRecord {
    const record = this.#record(company);
    if (claimant.epoch !== record.epoch || claimant.holder !== record.holder) {
      throw epochStale(record, claimant);
    }
    return record;
  }

  #locked(company: string): Locked {
    const row = this.#row(company);
    return { grant: recordOf(row).lock as Grant, lockedAt: row.grant_locked_at as string };
  }

  #unlockAnswer(company: string, epoch: number): Unlocked | undefined {
    const found = this.#database
      .prepare('SELECT answer FROM unlocking WHERE company = ? AND epoch = ?')
      .get(company, epoch) as { answer: string } | undefined;
    return found && (JSON.parse(found.answer) as Unlocked);
  }

  /** Due leases end in a write of their own, so that a refusal's rollback can't bring them back. */
  #transaction<T>(work: () => T): T {
    this.endDueLeases();
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.#database.exec('COMMIT');
      return result;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }
}
