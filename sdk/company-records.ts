import { BackupRecord, DebtRecord, FallbackRecord, keys, LedgerRecord } from '@tanker/contract/index.ts';
import type { TaskRows } from './task-records.ts';

/** Reads of what stands on record of a company beyond one task. */

type Rows = Pick<TaskRows, 'query'>;

const newestFirst = <T>(records: readonly T[], at: (record: T) => string): T[] =>
  [...records].sort((a, b) => (at(a) < at(b) ? 1 : -1));

/** Every backup of a company on record, the newest first: also those that are pending, and tombstones. */
export const readBackups = async (rows: Rows, company: string): Promise<BackupRecord[]> =>
  newestFirst(
    (await rows.query(keys.backups(company))).map((row) => BackupRecord.parse(row)),
    ({ createdAt }) => createdAt,
  );

export async function readBackup(
  rows: Pick<TaskRows, 'get'>,
  company: string,
  task: string,
): Promise<BackupRecord | undefined> {
  const row = await rows.get(keys.backup(company, task));
  return row === undefined ? undefined : BackupRecord.parse(row);
}

/** The company's removals that are complete, the newest first. */
export const readLedgers = async (rows: Rows, company: string): Promise<LedgerRecord[]> =>
  newestFirst(
    (await rows.query(keys.ledgers(company))).map((row) => LedgerRecord.parse(row)),
    ({ removedAt }) => removedAt,
  );

export async function readLedger(
  rows: Pick<TaskRows, 'get'>,
  company: string,
  task: string,
): Promise<LedgerRecord | undefined> {
  const row = await rows.get(keys.ledger(company, task));
  return row === undefined ? undefined : LedgerRecord.parse(row);
}

/** What moves of the company have left at their sources: kept, or given up since. One row a location. */
export const readFallbacks = async (rows: Rows, company: string): Promise<FallbackRecord[]> =>
  (await rows.query(keys.fallbacks(company))).map((row) => FallbackRecord.parse(row));

/** What could not be erased, settled or not. */
export const readDebts = async (rows: Rows, company: string): Promise<DebtRecord[]> =>
  (await rows.query(keys.debts(company))).map((row) => DebtRecord.parse(row));

/** Whether a backup may be restored at this instant. The plan of a restore keeps a margin before the end besides. */
export const isRestorable = (backup: BackupRecord, now: Date): boolean =>
  backup.state === 'available' && Date.parse(backup.expiresAt) > now.getTime();
