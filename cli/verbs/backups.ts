import { type BackupRecord, formatLocation, type LedgerRecord } from '@tanker/contract/index.ts';
import { isRestorable, readBackups, readLedgers } from '@tanker/sdk/company-records.ts';
import { bytesText, distanceText, minuteText, textTable, wholeNumber } from '@tanker/sdk/text.ts';
import type { Command } from 'commander';
import { type CommonOptions, type Context, commonOptions, runVerb } from '../context.ts';
import { EXIT, exitHelp } from '../exit-codes.ts';
import { companyArgument } from './arguments.ts';

export function addBackups(program: Command, context: Context): void {
  const command = program
    .command('backups')
    .summary("list a company's backups and removals")
    .description(
      'Lists the backups of a company that are on record, the newest first, also those that are gone; and its removals, which stay on record for good.',
    )
    .argument('<company>', 'the company id', companyArgument);
  commonOptions(command)
    .addHelpText('after', exitHelp({ done: 'listed, also when there is none' }))
    .action((company: string, options: CommonOptions) =>
      runVerb(context, options, async ({ clients, print }) => {
        const now = new Date();
        const [backups, removals] = await Promise.all([
          readBackups(clients.rows, company),
          readLedgers(clients.rows, company),
        ]);
        const document = {
          company,
          backups: backups.map((backup) => backupSummary(backup, now)),
          removals: removals.map(removalSummary),
        };
        print(document, () => backupsText(company, backups, now) + removalsText(company, removals, now));
        return EXIT.done;
      }),
    );
}

/** A backup in a list, for programs. */
const backupSummary = (backup: BackupRecord, now: Date): object => ({
  task: backup.task,
  operation: backup.operation,
  state: backup.state,
  restorable: isRestorable(backup, now),
  location: formatLocation(backup.location),
  createdAt: backup.createdAt,
  expiresAt: backup.expiresAt,
  goneAt: ('goneAt' in backup && backup.goneAt) || null,
  providers: Object.keys(backup.providers).sort(),
  rows: backup.rows,
  bytes: backup.bytes,
  requestedBy: backup.requestedBy,
  reason: backup.reason,
});

const removalSummary = ({ kind: _, company: _company, locations, ...removal }: LedgerRecord): object => ({
  ...removal,
  locations: locations.map(formatLocation),
});

/** When a backup ends, or ended, in words. */
function endText(backup: BackupRecord, now: Date): string {
  switch (backup.state) {
    case 'pending':
      return 'not complete yet';
    case 'available':
      return isRestorable(backup, now)
        ? `expires ${distanceText(backup.expiresAt, now)}`
        : 'expired; the next sweep deletes it';
    case 'expired':
    case 'discarded':
      return backup.goneAt
        ? `deleted ${distanceText(backup.goneAt, now)}`
        : 'its task was undone; being deleted';
  }
}

function backupsText(company: string, backups: readonly BackupRecord[], now: Date): string {
  if (backups.length === 0) return `No backup of ${company} is on record.`;
  const rows = backups.map((backup) => [
    backup.task,
    backup.state,
    minuteText(backup.createdAt),
    endText(backup, now),
    wholeNumber(backup.rows),
    bytesText(backup.bytes),
    formatLocation(backup.location),
    backup.requestedBy,
  ]);
  const head = ['backup', 'state', 'created (UTC)', 'end', 'rows', 'bytes', 'from', 'by'];
  return `Backups of ${company}\n${textTable([head, ...rows], [4, 5])}`;
}

function removalsText(company: string, removals: readonly LedgerRecord[], now: Date): string {
  if (removals.length === 0) return '';
  const rows = removals.map((removal) => [
    removal.task,
    removal.home,
    minuteText(removal.removedAt),
    minuteText(removal.completedAt),
    wholeNumber(removal.erasedRows),
    distanceText(removal.lastCopyUntil, now),
    removal.requestedBy,
  ]);
  const head = ['removal', 'home', 'removed (UTC)', 'complete (UTC)', 'rows erased', 'last copy until', 'by'];
  const beyond = removals.flatMap((removal) =>
    removal.beyond.map(
      ({ provider, location }) =>
        `\n${removal.task} did not reach ${provider} at ${formatLocation(location)}, which the topology no longer has.`,
    ),
  );
  return `\n\nRemovals of ${company}\n${textTable([head, ...rows], [4])}${beyond.join('')}`;
}
