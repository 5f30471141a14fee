import {
  type AuthorityRecord,
  type BackedUpProvider,
  type BackupRecord,
  formatLocation,
  type PlannedProvider,
  type RestoreInput,
  TankerError,
  type Topology,
} from '@tanker/contract/index.ts';
import { checkDebts, checkEmpty, checkIdentity, checkReadable, estimateWindow, planWaves } from './checks.ts';
import { chooseTransfer } from './choose-transfer.ts';
import { lockBudgetSeconds } from './lock-budget.ts';
import { checkResidency, companyErased, resolvePlace } from './placement.ts';
import { lastRestoreAt } from './plan-home.ts';
import { type Answer, everyProvider, type Planner, type ProspectPorts } from './prospect.ts';
import { UNTOUCHED } from './refusal.ts';

/** Every provider is asked at the target, which must hold nothing of the company; the company must live nowhere. */
export const planRestore: Planner<'restore'> = async (ports, input, authority) => {
  const { topology } = ports;
  const { company } = input;
  checkNowhere(authority, input);
  const backup = await usableBackup(ports, input);
  const to = resolvePlace(topology, input.to);
  checkResidency(topology, authority, backup.location, to);
  checkKnown(topology, backup);
  await checkDebts(ports, company, to);
  const fallback = await ports.fallbacks.get(company, to);
  return {
    checks: everyProvider(topology, to),
    examine(answers) {
      const providers = answers.map((answer) => {
        checkIdentity(answer);
        const held = backup.providers[answer.provider];
        if (held) checkReadable(held.format, writerOf(backup, answer.provider), answer);
        checkEmpty(answer, company, fallback);
        return planned(topology, answer, held);
      });
      const imported = answers.filter(({ provider }) => backup.providers[provider] !== undefined);
      const waves = planWaves(topology, imported);
      const bytes = new Map(providers.map((provider) => [provider.name, provider.bytes]));
      const estimate = estimateWindow(topology, 'restore', { bytes, exports: false, waves });
      checkLasts(ports, backup, lockBudgetSeconds(topology, 'restore', { estimate }));
      return { to, erases: [], backup: backup.task, version: authority.version, providers, waves, estimate };
    },
  };
};

const writerOf = (backup: BackupRecord, provider: string): string =>
  `The backup of task "${backup.task}" holds ${provider} in`;

function checkNowhere({ company, home }: AuthorityRecord, { backup }: RestoreInput): void {
  if (home.state === 'removed') return;
  if (home.state === 'erased') throw companyErased(company);
  throw new TankerError('CompanyAtHome', {
    what: `Company "${company}" lives at ${formatLocation(home.location)}; the backup of task "${backup}" can't be restored over it.`,
    now: UNTOUCHED,
    next: 'If the backup is wanted in its place, remove the company first (which makes a backup of its own), then restore.',
  });
}

/** The backup, if a restore that starts now could still read it to its end. */
async function usableBackup(ports: ProspectPorts, { company, backup: task }: RestoreInput) {
  const backup = await ports.backups.get(company, task);
  if (!backup) {
    throw new TankerError('BackupUnknown', {
      what: `Company "${company}" has no backup of task "${task}".`,
      now: UNTOUCHED,
      next: `Name a task that made a backup of this company (\`tanker backups ${company}\` lists them).`,
    });
  }
  if (backup.state === 'pending' || backup.state === 'discarded') {
    throw new TankerError('BackupUnusable', {
      what: `The backup of task "${task}" is ${backup.state}${backup.state === 'pending' ? ': its task has not passed its commit point' : ': its task was undone'}.`,
      now: UNTOUCHED,
      next:
        backup.state === 'pending'
          ? `Wait until task "${task}" has ended, then look again.`
          : 'Name another backup of this company.',
    });
  }
  checkLasts(ports, backup, ports.topology.lockBudgetSeconds);
  return backup;
}

/** The backup is there until a restore that starts now has certainly read it. Throws BackupExpired. */
function checkLasts({ now }: Pick<ProspectPorts, 'now'>, backup: BackupRecord, budgetSeconds: number): void {
  const { task, expiresAt, state } = backup;
  if (state === 'available' && now().getTime() < lastRestoreAt(expiresAt, budgetSeconds)) return;
  throw new TankerError('BackupExpired', {
    what:
      state === 'expired'
        ? `The backup of task "${task}" was deleted at ${backup.goneAt}; it could be restored until ${expiresAt}.`
        : `The backup of task "${task}" may be restored until ${expiresAt}; a restore that starts now could last longer.`,
    now: UNTOUCHED,
    next: 'Name a backup of this company that lives longer, if there is one.',
  });
}

/** Rows of a provider that nobody would import must not get lost silently. */
function checkKnown(topology: Topology, backup: BackupRecord): void {
  const known = new Set(topology.providers.map(({ name }) => name));
  const missing = Object.entries(backup.providers).find(([name, { rows }]) => rows > 0 && !known.has(name));
  if (!missing) return;
  const [name, { format, rows }] = missing;
  throw new TankerError('ProviderMismatch', {
    what: `The backup of task "${backup.task}" holds ${rows} row(s) of the provider "${name}" (${format.name} version ${format.version}), which the topology no longer has.`,
    now: UNTOUCHED,
    next: `Add "${name}" to the topology again, with a version that reads that format, and deploy.`,
  });
}

/** A provider that is newer than the backup gets nothing, and is sealed and verified empty with the others. */
function planned(topology: Topology, answer: Answer, held: BackedUpProvider | undefined): PlannedProvider {
  const bytes = held?.bytes ?? 0;
  return {
    name: answer.provider,
    targetIncarnation: answer.describe.incarnation,
    ...(held ? { format: held.format } : {}),
    rows: held?.rows ?? 0,
    bytes,
    transfer: held ? chooseTransfer(topology, answer.provider, bytes) : 'lambda',
    sourceHooks: [],
    targetHooks: answer.describe.hooks,
  };
}
