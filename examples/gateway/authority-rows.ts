import { type AuthorityRecord, type Grant, type Home, sameLocation } from '@tanker/contract/index.ts';

/** One row a company is the authority record; the others keep first answers for repeats. */
export const AUTHORITY_SCHEMA = `
  CREATE TABLE IF NOT EXISTS company (
    company TEXT PRIMARY KEY,
    home_state TEXT NOT NULL CHECK (home_state IN ('home', 'removed', 'erased')),
    home_datacenter TEXT,
    home_server TEXT,
    version INTEGER NOT NULL,
    version_task TEXT,
    version_at TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    holder TEXT,
    grant_number INTEGER,
    grant_epoch INTEGER,
    grant_holder TEXT,
    grant_state TEXT CHECK (grant_state IN ('held', 'released', 'expired')),
    grant_released_by TEXT,
    grant_lease_until TEXT,
    grant_locked_at TEXT,
    jurisdictions TEXT,
    CHECK (grant_released_by IS NULL OR grant_state = 'released'),
    CHECK ((home_state = 'home') = (home_datacenter IS NOT NULL AND home_server IS NOT NULL))
  ) STRICT;
  CREATE INDEX IF NOT EXISTS company_held ON company (grant_lease_until) WHERE grant_state = 'held';
  CREATE TABLE IF NOT EXISTS claim (
    company TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    before_epoch INTEGER NOT NULL,
    before_holder TEXT,
    PRIMARY KEY (company, epoch)
  ) STRICT;
  CREATE TABLE IF NOT EXISTS unlocking (
    company TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    answer TEXT NOT NULL,
    PRIMARY KEY (company, epoch)
  ) STRICT;
`;

/** The company table as SQLite returns it. */
export interface CompanyRow {
  readonly company: string;
  readonly home_state: Home['state'];
  readonly home_datacenter: string | null;
  readonly home_server: string | null;
  readonly version: number;
  readonly version_task: string | null;
  readonly version_at: string;
  readonly epoch: number;
  readonly holder: string | null;
  readonly grant_number: number | null;
  readonly grant_epoch: number | null;
  readonly grant_holder: string | null;
  readonly grant_state: Grant['state'] | null;
  readonly grant_released_by: string | null;
  readonly grant_lease_until: string | null;
  readonly grant_locked_at: string | null;
  readonly jurisdictions: string | null;
}

/** The home of a row; the CHECK of the table guarantees a location with the state `home`. */
export const homeOf = (row: CompanyRow): Home =>
  row.home_state === 'home'
    ? {
        state: 'home',
        location: { datacenter: row.home_datacenter as string, server: row.home_server as string },
      }
    : { state: row.home_state };

const grantOf = (row: CompanyRow): Grant | null =>
  row.grant_number === null
    ? null
    : {
        grant: row.grant_number,
        epoch: row.grant_epoch as number,
        holder: row.grant_holder as string,
        state: row.grant_state as Grant['state'],
        releasedBy: row.grant_released_by,
        leaseUntil: row.grant_lease_until as string,
      };

export const recordOf = (row: CompanyRow): AuthorityRecord => ({
  company: row.company,
  home: homeOf(row),
  version: row.version,
  versionTask: row.version_task,
  epoch: row.epoch,
  holder: row.holder,
  lock: grantOf(row),
  ...(row.jurisdictions === null ? {} : { jurisdictions: JSON.parse(row.jurisdictions) as string[] }),
});

export const sameHome = (a: Home, b: Home): boolean =>
  a.state === 'home' && b.state === 'home' ? sameLocation(a.location, b.location) : a.state === b.state;
