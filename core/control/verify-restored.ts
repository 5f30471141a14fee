import {
  type BackedUpProvider,
  type BackupRecord,
  formatLocation,
  type Location,
  type Plan,
  type SubtaskRecord,
  TankerError,
  targetOf,
} from '@tanker/contract/index.ts';
import type { Actor, Backups } from '../ports.ts';
import { resultOf } from './records.ts';
import { digestsSha256 } from './slices.ts';

const STILL_NOWHERE = 'The company still lives nowhere; recovery erases the target.';

const failed = (what: string): TankerError =>
  new TankerError('VerificationFailed', {
    what,
    now: STILL_NOWHERE,
    next: "Look at the provider's import and seal subtasks; run the contract test against the provider before the next try.",
  });

/** Rows of one provider, as the backup's record has them; a provider that is newer than the backup has none. */
function checkProvider(
  subtasks: readonly SubtaskRecord[],
  at: { epoch: number; provider: string; location: Location },
  held: BackedUpProvider | undefined,
): number {
  const where = `${at.provider} at ${formatLocation(at.location)}`;
  const sealed = resultOf(subtasks, { ...at, phase: 'verify', action: 'seal' });
  if (!sealed) throw failed(`${where} has no finished seal under epoch ${at.epoch}.`);
  const rows = sealed.collections.reduce((total, { digest }) => total + digest.rows, 0);
  if (!held) {
    if (rows === 0) return 0;
    throw failed(`${where} holds ${rows} row(s), and the backup holds none of this provider.`);
  }
  const imported = resultOf(subtasks, { ...at, phase: 'import', action: 'import' });
  if (!imported) throw failed(`${where} has no finished import under epoch ${at.epoch}.`);
  if (imported.manifestSha256 !== held.sha256) throw failed(`${where} imported another manifest.`);
  if (imported.rows === held.rows && digestsSha256(sealed.collections) === held.digests) return held.rows;
  throw failed(
    `${where} differs from the backup: ${held.rows} rows there, ${imported.rows} imported, ${rows} sealed, or their digests.`,
  );
}

/** Rows and digests that the seals returned are those of the backup's record. Answers the rows. Throws VerificationFailed. */
export async function checkRestored(
  backups: Pick<Backups, 'get'>,
  actor: Actor,
  plan: Plan,
  subtasks: readonly SubtaskRecord[],
): Promise<number> {
  const backup = await backupOf(backups, actor, plan);
  return plan.providers.reduce(
    (total, { name: provider }) =>
      total +
      checkProvider(
        subtasks,
        { epoch: actor.epoch, provider, location: targetOf(plan) },
        backup.providers[provider],
      ),
    0,
  );
}

/** At its hour a backup is refused, also by a restore that began before it. Throws BackupExpired. */
export function demandAlive({ state, task, expiresAt }: BackupRecord, now: Date): void {
  if (state === 'available' && now.toISOString() < expiresAt) return;
  throw new TankerError('BackupExpired', {
    what: `The backup of task "${task}" could be restored until ${expiresAt}.`,
    now: STILL_NOWHERE,
    next: 'Restore another backup of the company, if there is one.',
  });
}

/** The record of the backup that the task restores. */
export async function backupOf(
  backups: Pick<Backups, 'get'>,
  actor: Pick<Actor, 'task' | 'company'>,
  plan: Plan,
): Promise<BackupRecord> {
  const backup = plan.backup && (await backups.get(actor.company, plan.backup));
  if (backup) return backup;
  throw new TankerError('BackupUnknown', {
    what: `The record of the backup "${plan.backup}" of company "${actor.company}" is gone.`,
    now: STILL_NOWHERE,
    next: 'Find out who deleted a record of the table; no function of Tanker does.',
  });
}
